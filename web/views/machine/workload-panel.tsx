import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { submits, useField } from '../../lib/use-field.js';
import type { PictureRow } from 'irqlab/browser';
import { act } from '../../store/guest.js';
import { isMoving, look } from '../../store/looking.js';
import type { WorkloadNow } from '../../worker/protocol.js';
import { chosenRow } from './model.js';

/** Counts are for people to read: so often they change, in ms. */
const READ_MS = 300;
/** So many are listed: first those of what is selected. */
const MOST = 12;

/** Who signals how often: what runs, and more of it for what is selected. */
export function WorkloadPanel() {
  const running = useSignal<readonly WorkloadNow[]>([]);
  useEffect(() => {
    let readMs = Number.NEGATIVE_INFINITY;
    return look({
      wish: () => (isMoving() && performance.now() - readMs < READ_MS ? undefined : { workload: true }),
      see: ({ workload = [] }) => {
        readMs = performance.now();
        running.value = workload;
      },
    });
  }, []);
  const subjects = subjectsOf(running.value, chosenRow());
  return (
    <details class="pane" open>
      <summary class="label">Workload</summary>
      <StartForm />
      <ul class="workloads">
        {subjects.slice(0, MOST).map(({ name, stop, sent }) => (
          <li key={name} class="line">
            <span>
              {name}: {sent}
            </span>
            <button type="button" aria-label={`Stop ${name}`} onClick={() => void act({ stop })}>
              Stop
            </button>
          </li>
        ))}
        {subjects.length > MOST && (
          <li class="quiet">and {subjects.length - MOST} more: select a row to see its own</li>
        )}
      </ul>
    </details>
  );
}

interface Subject {
  readonly name: string;
  /** As the command `stop` takes it. */
  readonly stop: number | string | { readonly irq: number };
  readonly sent: number;
}

/** Workloads by what they are about, which is stopped together; those of a row first. */
function subjectsOf(running: readonly WorkloadNow[], row: PictureRow | undefined): Subject[] {
  const subjects = new Map<string, Subject>();
  for (const { relid, irq, device, sent } of running) {
    const stop = relid ?? device ?? { irq: irq ?? 0 };
    const name =
      typeof stop === 'object' ? `IRQ ${stop.irq}` : typeof stop === 'number' ? `relid ${stop}` : stop;
    subjects.set(name, { name, stop, sent: sent + (subjects.get(name)?.sent ?? 0) });
  }
  const isOfRow = ({ stop }: Subject): boolean =>
    typeof stop === 'object' ? stop.irq === row?.irq : stop === row?.channel?.relid;
  const all = [...subjects.values()];
  return [...all.filter(isOfRow), ...all.filter((each) => !isOfRow(each))];
}

function StartForm() {
  const every = useField('1ms');
  const row = chosenRow();
  const subject = row?.channel === undefined ? row && { irq: row.irq } : { relid: row.channel.relid };
  const isNone = row === undefined || (row.channel === undefined && row.irq === undefined);
  const start = (): void => {
    if (!isNone) void act({ workload: { ...subject, every: every.text.value } });
  };
  return (
    <form class="line" onSubmit={submits(start)}>
      <button type="submit" disabled={isNone}>
        Start
      </button>
      <span>
        {row?.channel !== undefined
          ? `signals to relid ${row.channel.relid}`
          : `interrupts of IRQ ${row?.irq ?? '–'}`}
      </span>
      <label>
        every <input size={6} {...every.props} />
      </label>
    </form>
  );
}
