import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  axes,
  type Comparison,
  comparison,
  compareAll,
  loadAxes,
  stopComparing,
} from '../../store/compare.js';
import { isLoading, scenario } from '../../store/guest.js';
import { Charts } from './charts.js';
import './compare.css';

const chosen = signal('relid-map');

/** The scenario under each choice of an axis of the design, side by side. */
export function CompareView() {
  useEffect(() => void loadAxes(), []);
  const axis = axes.value?.find((each) => each.axis === chosen.value);
  const isRunning = comparison.value?.running !== undefined;
  return (
    <section class="pane compare-view" aria-label="Compare">
      <div class="line">
        <label>
          <span class="label">Vary</span>
          <select
            value={chosen.value}
            disabled={axes.value === undefined}
            onChange={({ currentTarget }) => {
              chosen.value = currentTarget.value;
            }}
          >
            {(axes.value ?? []).map((each) => (
              <option key={each.axis} value={each.axis}>
                {each.axis}
              </option>
            ))}
          </select>
        </label>
        {isRunning ? (
          <button type="button" onClick={stopComparing}>
            Stop
          </button>
        ) : (
          <button
            type="button"
            class="main"
            disabled={axis === undefined || axis.problem !== undefined || isLoading.value}
            onClick={() => axis !== undefined && void compareAll(axis)}
          >
            Compare
          </button>
        )}
        <span role="status" class="quiet">
          {isRunning
            ? `runs under ${comparison.value?.running}: ${comparison.value?.rows.length} of ${comparison.value?.choices} done`
            : (axis?.problem ??
              (axis === undefined
                ? 'The scenario is looked at …'
                : `${scenario.value?.name}, once for each: ${axis.choices.map(({ name }) => name).join(', ')}`))}
        </span>
      </div>
      {comparison.value !== undefined && <Result of={comparison.value} />}
    </section>
  );
}

function Result({ of: { scenario: name, axis, rows, problem } }: { readonly of: Comparison }) {
  const [first] = rows;
  const own = rows.find(({ compared: { isOwn } }) => isOwn) ?? first;
  const notes = rows.flatMap(({ compared: { choice, problem: why, failedSteps } }) =>
    [...(why === undefined ? [] : [why]), ...failedSteps].map((text) => `${choice}: ${text}`),
  );
  return (
    <>
      {problem !== undefined && (
        <p role="alert" class="refused">
          {problem}
        </p>
      )}
      {first !== undefined && (
        <h2 class="label">
          {name} by {axis}
        </h2>
      )}
      {first !== undefined && (
        <div class="compare-table" role="region" aria-label={`${name} by ${axis}`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {first.cells.map(({ title }) => (
                  <th key={title}>{title}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ compared, cells }) => (
                <tr key={compared.choice} class={compared.isOwn ? 'own-choice' : ''}>
                  {cells.map(({ title, text }, i) =>
                    i === 0 ? (
                      <th scope="row" key={title}>
                        {text}
                      </th>
                    ) : (
                      <td key={title} class={text === own?.cells[i]?.text ? '' : 'differs'}>
                        {text}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {first !== undefined && (
        <p class="quiet">* is the scenario’s own choice; what differs from it is bold.</p>
      )}
      <Charts rows={rows} />
      {notes.length > 0 && (
        <ul>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}
