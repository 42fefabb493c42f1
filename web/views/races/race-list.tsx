import { isUnderWay, keyOf, run, runs, stop } from '../../store/races.js';
import type { ListedRace, ListedRow } from '../../worker/races-protocol.js';
import { race, raceId } from './chosen.js';

/** All races, with how their searches stand. */
export function RaceList({ races }: { readonly races: readonly ListedRace[] }) {
  const all = races.flatMap(({ rows }) => rows);
  const isRunning = all.some(isUnderWay);
  const done = all.filter((row) => runs.value.get(keyOf(row))?.kind === 'done').length;
  return (
    <nav class="race-list pane" aria-label="Races">
      <div class="line">
        <button
          type="button"
          onClick={() => (isRunning ? stop(all) : run(all))}
          title="Every variant of every race, as irqlab explore --all: minutes"
        >
          {isRunning ? 'Stop all' : 'Search all'}
        </button>
        <span class="quiet">
          {done} of {all.length} done
        </span>
      </div>
      <ul>
        {races.map(({ id, rows }) => (
          <li key={id}>
            <button
              type="button"
              class="entry"
              aria-current={id === race.value?.id}
              onClick={() => {
                raceId.value = id;
              }}
            >
              {id} <span class="marks">{rows.map(markOf).join('')}</span>
              <span class="hidden">{standing(rows)}</span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function markOf(row: ListedRow): string {
  const found = runs.value.get(keyOf(row));
  if (found?.kind === 'runs') return '…';
  if (found?.kind !== 'done') return '·';
  return found.explored.differences.length > 0 ? '!' : found.explored.verdict === 'found' ? '✗' : '✓';
}

function standing(rows: readonly ListedRow[]): string {
  const marks = rows.map(markOf);
  const count = (mark: string): number => marks.filter((each) => each === mark).length;
  return `: ${count('✗')} found, ${count('✓')} none, ${count('·') + count('…')} open`;
}
