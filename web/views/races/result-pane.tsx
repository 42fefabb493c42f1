import { useEffect, useRef } from 'preact/hooks';
import { countText } from '../../lib/count.js';
import { saveFile } from '../../lib/save-file.js';
import { keyOf, run, runs } from '../../store/races.js';
import type { Explored, Found, ListedRow } from '../../worker/races-protocol.js';
import { awaited, showOne } from './chosen.js';
import { Steps } from './steps.js';

/** What came of the search of a variant. */
export function ResultPane({ row, pane }: { readonly row: ListedRow; readonly pane: 0 | 1 }) {
  const found = runs.value.get(keyOf(row));
  const { race, variant, memory, summary } = row;
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (awaited.value !== keyOf(row) || found?.kind === 'waits' || found?.kind === 'runs') return;
    awaited.value = undefined;
    section.current?.scrollIntoView({ block: 'start' });
  }, [found?.kind, awaited.value]);
  return (
    <section ref={section} class="pane result" aria-label={`${race}/${variant} ${memory}`}>
      <div class="line">
        <h3>
          {race}/{variant}
          {found?.kind === 'done' && (
            <>
              : <span class={found.explored.verdict}>{found.explored.verdict}</span>
            </>
          )}
        </h3>
        {pane === 1 && (
          <button type="button" onClick={showOne}>
            Close
          </button>
        )}
      </div>
      <p class="quiet">{summary}</p>
      {(found === undefined || found.kind === 'stopped') && (
        <p>
          <button type="button" class="main" onClick={() => run([row])}>
            Search
          </button>{' '}
          <span class="quiet">
            {found === undefined
              ? 'runs the model’s own code in every order that the kernel’s rules allow'
              : `stopped after ${countText(found.progress.executions)} executions: no verdict`}
          </span>
        </p>
      )}
      {found?.kind === 'waits' && <p role="status">waits for a free core …</p>}
      {found?.kind === 'runs' && (
        <p role="status">
          {countText(found.progress.executions)} executions in {found.progress.seconds.toFixed(0)} s …
        </p>
      )}
      {found?.kind === 'done' && <Result explored={found.explored} row={row} />}
    </section>
  );
}

function Result({ explored, row }: { readonly explored: Explored; readonly row: ListedRow }) {
  const { found, effort } = explored;
  return (
    <>
      {found === undefined ? <Nothing explored={explored} /> : <Violation found={found} row={row} />}
      <p class="effort quiet">{effort}</p>
    </>
  );
}

/** The property held: what that rests on. */
function Nothing({ explored }: { readonly explored: Explored }) {
  const { coverage, witnesses, outcomes } = explored;
  return (
    <>
      <p>{coverage === 'complete' ? 'It holds in all executions.' : `As far as was looked: ${coverage}.`}</p>
      {witnesses.length > 0 && (
        <ul class="witnesses" aria-label="Was seen to happen">
          {witnesses.map(({ name, reached }) => (
            <li key={name} class={reached ? 'none' : 'refused'}>
              {reached ? 'yes' : 'NO'}: {name}
            </li>
          ))}
        </ul>
      )}
      {outcomes.length > 0 && (
        <ul class="outcomes" aria-label="Outcomes">
          {outcomes.map(({ outcome, count }) => (
            <li key={String(outcome)}>
              {countText(count)} times: <code>{outcome}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Violation({ found, row }: { readonly found: Found; readonly row: ListedRow }) {
  const { property, message, minimal, conclusion, walk, traceFile } = found;
  return (
    <>
      <p class="refused">{message.startsWith(property) ? message : `${property}: ${message}`}</p>
      <Steps
        walk={walk}
        title={minimal ? 'A minimal interleaving' : 'An interleaving (not known to be minimal)'}
      />
      <p class="conclusion">{conclusion}</p>
      <p class="line">
        <button
          type="button"
          title="irqlab replay FILE --step walks through it in a terminal"
          onClick={() => saveFile(`${row.race}-${row.variant}.json`, traceFile)}
        >
          Save for irqlab replay
        </button>
      </p>
    </>
  );
}
