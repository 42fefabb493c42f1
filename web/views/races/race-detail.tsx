import { useSignal } from '@preact/signals';
import { findingsOf, isUnderWay, keyOf, run, runs, stop } from '../../store/races.js';
import type { ListedRace, ListedRow } from '../../worker/races-protocol.js';
import { countText } from '../../lib/count.js';
import { show, shownRows } from './chosen.js';
import { diagramOf } from './diagrams.js';

/** What a race is about, and its variants. */
export function RaceDetail({ race }: { readonly race: ListedRace }) {
  const { id, source, property, rows, hasFindings } = race;
  const diagram = diagramOf(id);
  const isRunning = rows.some(isUnderWay);
  return (
    <section class="pane race-detail" aria-labelledby="race-title">
      <h2 id="race-title">{id}</h2>
      <p class="property">{property}</p>
      <p class="quiet">{source}</p>
      {diagram !== undefined && (
        <pre class="diagram" tabIndex={0} role="region" aria-label="What must not happen">
          {diagram}
        </pre>
      )}
      <div class="line">
        <button type="button" onClick={() => (isRunning ? stop(rows) : run(rows))}>
          {isRunning ? 'Stop' : 'Search all variants'}
        </button>
      </div>
      <Variants rows={rows} />
      {hasFindings && <Findings race={id} />}
    </section>
  );
}

function Variants({ rows }: { readonly rows: readonly ListedRow[] }) {
  return (
    <div class="variants" role="region" aria-label="Variants" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>Variant</th>
            <th>Memory</th>
            <th>Expected</th>
            <th>Verdict</th>
            <th>Executions</th>
            <th>
              <span class="hidden">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Variant key={keyOf(row)} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Variant({ row }: { readonly row: ListedRow }) {
  const { variant, memory, expected, summary } = row;
  const isRunning = isUnderWay(row);
  const panes = shownRows.value.flatMap((each, pane) => (keyOf(each) === keyOf(row) ? [pane] : []));
  return (
    <tr aria-current={panes.length > 0}>
      <th scope="row">
        <span class="mono">{variant}</span>
        <span class="summary quiet">{summary}</span>
      </th>
      <td>{memory}</td>
      <td data-label="expected ">{expected}</td>
      <Verdict row={row} />
      <td class="buttons">
        <button
          type="button"
          aria-label={`${isRunning ? 'Stop' : 'Search'} ${variant} ${memory}`}
          onClick={() => {
            if (isRunning) return stop([row]);
            run([row]);
            show(row, 0);
          }}
        >
          {isRunning ? 'Stop' : 'Search'}
        </button>
        <button
          type="button"
          aria-label={`Show ${variant} ${memory}`}
          aria-pressed={panes.includes(0)}
          onClick={() => showSearched(row, 0)}
        >
          Show
        </button>
        <button
          type="button"
          aria-label={`Show ${variant} ${memory} beside the other`}
          aria-pressed={panes.includes(1)}
          onClick={() => showSearched(row, 1)}
        >
          Beside
        </button>
      </td>
    </tr>
  );
}

/** Shows what came of the search of a variant, after searching it if nobody has. */
function showSearched(row: ListedRow, pane: 0 | 1): void {
  if (!runs.value.has(keyOf(row))) run([row]);
  show(row, pane);
}

function Verdict({ row }: { readonly row: ListedRow }) {
  const found = runs.value.get(keyOf(row));
  switch (found?.kind) {
    case undefined:
      return (
        <>
          <td />
          <td />
        </>
      );
    case 'waits':
      return (
        <>
          <td class="quiet">waits</td>
          <td />
        </>
      );
    case 'runs':
    case 'stopped':
      return (
        <>
          <td class="quiet">{found.kind === 'runs' ? 'searches …' : 'stopped'}</td>
          <td>{countText(found.progress.executions)}</td>
        </>
      );
    case 'done': {
      const { verdict, differences, executions, seconds } = found.explored;
      const isAsExpected = differences.length === 0;
      return (
        <>
          <td class={isAsExpected ? verdict : 'refused'}>
            {verdict}
            {!isAsExpected && `: ${differences.join('; ')}`}
          </td>
          <td>
            {countText(executions)} <span class="quiet">in {seconds.toFixed(2)} s</span>
          </td>
        </>
      );
    }
  }
}

function Findings({ race }: { readonly race: string }) {
  const said = useSignal<readonly string[] | undefined>(undefined);
  const isAsked = useSignal(false);
  return (
    <div class="line">
      <button
        type="button"
        disabled={isAsked.value}
        onClick={async () => {
          isAsked.value = true;
          said.value = await findingsOf(race);
        }}
      >
        Measure
      </button>
      <span role="status">
        {said.value?.join('; ') ??
          (isAsked.value ? 'measures …' : <span class="quiet">a figure beside the verdicts</span>)}
      </span>
    </div>
  );
}
