import type { Compared, ComparedChoice } from 'irqlab/browser';

interface Measure {
  readonly title: string;
  readonly of: (compared: Compared) => number | undefined;
  readonly text: (value: number) => string;
}

const count = (title: string, of: Measure['of']): Measure => ({ title, of, text: String });
const time = (title: string, of: Measure['of']): Measure => ({
  title,
  of,
  text: (ns) => `${ns / 1000} us`,
});

/** What is drawn where the choices differ in it. */
const measures: readonly Measure[] = [
  count('events dropped: they found no channel', ({ dropped }) => dropped),
  count('events lost: for a CPU whose synic was off', ({ lost }) => lost),
  count('interrupts of the line that all share', ({ interrupts }) => interrupts),
  count('counted twice in /proc/stat', ({ doubleCounts }) => doubleCounts),
  count('missing in /proc/stat', ({ missingCounts }) => missingCounts),
  count('needless signals to the host', ({ needlessSignals }) => needlessSignals),
  time('signal to handler, p50', ({ latency }) => latency?.p50),
  time('signal to handler, p99', ({ latency }) => latency?.p99),
  time('signal to handler, longest', ({ latency }) => latency?.max),
  time('steps of the timeline took', ({ stepsNs }) => stepsNs),
  count('references to channels taken', ({ references }) => references),
  count('grace periods waited for', ({ gracePeriods }) => gracePeriods),
  count('things of KVM’s devices left unserved', ({ kvm }) => kvm?.unserved),
  count('irqfds not notified', ({ kvm }) => kvm?.unnotified),
];

const WIDTH = 280;
const ROW = 22;

/** Bars, for each measure in which the choices differ; the table has all numbers. */
export function Charts({ rows }: { readonly rows: readonly ComparedChoice[] }) {
  const ran = rows.filter(({ compared: { problem } }) => problem === undefined);
  const differing = measures.filter(({ of }) => new Set(ran.map(({ compared }) => of(compared))).size > 1);
  if (ran.length < 2) return null;
  if (differing.length === 0) return <p class="quiet">The choices do not differ in this scenario.</p>;
  return (
    <div class="charts">
      {differing.map((measure) => (
        <Bars key={measure.title} measure={measure} rows={ran} />
      ))}
    </div>
  );
}

function Bars({ measure, rows }: { readonly measure: Measure; readonly rows: readonly ComparedChoice[] }) {
  const { title, of, text } = measure;
  const most = Math.max(...rows.map(({ compared }) => of(compared) ?? 0));
  const said = rows.map(({ compared }) => `${compared.choice} ${shown(of(compared), text)}`).join(', ');
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${rows.length * ROW}`} role="img" aria-label={`${title}: ${said}`}>
        {rows.map(({ compared }, i) => {
          const value = of(compared);
          const wide = most === 0 ? 0 : ((value ?? 0) / most) * WIDTH;
          return (
            <g key={compared.choice}>
              <rect x={0} y={i * ROW + 14} width={Math.max(1, wide)} height={5} class="bar" />
              <text x={0} y={i * ROW + 11}>
                {compared.choice}
              </text>
              <text x={WIDTH} y={i * ROW + 11} text-anchor="end">
                {shown(value, text)}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

function shown(value: number | undefined, text: Measure['text']): string {
  return value === undefined ? '-' : text(value);
}
