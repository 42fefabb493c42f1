import { type Span, timeText } from './draw.js';
import type { Lanes, Mark } from './lanes.js';

/** So many events are listed. */
const MOST = 200;

interface MarkListProps {
  readonly shown: Lanes;
  readonly span: Span;
  readonly chosen: Mark | undefined;
  readonly choose: (mark: Mark) => void;
}

/** The chosen event, and those of the span as a table. */
export function MarkList({ shown, span, chosen, choose }: MarkListProps) {
  const inside = shown.marks.filter(
    ({ atUs, lastsUs }) => atUs + lastsUs >= span.fromUs && atUs <= span.toUs,
  );
  const at = chosen === undefined ? -1 : shown.marks.indexOf(chosen);
  const go = (to: number): void => {
    const mark = shown.marks[to];
    if (mark !== undefined) choose(mark);
  };
  return (
    <>
      <div class="line">
        <button type="button" disabled={at <= 0} onClick={() => go(at - 1)}>
          Previous event
        </button>
        <button type="button" disabled={at >= shown.marks.length - 1} onClick={() => go(at + 1)}>
          Next event
        </button>
        <span role="status" class="mono chosen">
          {chosen === undefined ? '' : described(chosen, shown)}
        </span>
      </div>
      <div class="mark-list" role="region" aria-label="Traced events" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>Time</th>
              <th>Lane</th>
              <th>Event</th>
              <th>It tells</th>
            </tr>
          </thead>
          <tbody>
            {inside.slice(0, MOST).map((mark, i) => (
              <tr
                key={`${i} ${mark.atUs} ${mark.name}`}
                aria-current={mark === chosen}
                onClick={() => choose(mark)}
              >
                <td>{timeText(mark.atUs)}</td>
                <td>{shown.lanes[mark.lane]?.title}</td>
                <td>{mark.name}</td>
                <td>{mark.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {inside.length > MOST && (
          <p class="quiet">{inside.length - MOST} more: look closer, or save the trace.</p>
        )}
      </div>
    </>
  );
}

function described({ name, atUs, lastsUs, lane, text }: Mark, { lanes }: Lanes): string {
  const lasts = lastsUs > 0 ? `, for ${lastsUs} us` : '';
  return `${timeText(atUs)}, ${lanes[lane]?.title ?? ''}: ${name}${lasts}: ${text}`;
}
