import { useSignal } from '@preact/signals';
import type { Walk } from 'irqlab/browser';
import { useEffect, useRef } from 'preact/hooks';

/** How far each key goes from a step; the browser's own keys of a slider do the same. */
const moves: Readonly<Record<string, (at: number, end: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowRight: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  ArrowLeft: (at) => at - 1,
  Home: () => 0,
  End: (_, end) => end,
};

/** An interleaving to step through, forwards and backwards: lanes, and the guest's state after the step. */
export function Steps({ walk, title }: { readonly walk: Walk; readonly title: string }) {
  const end = walk.rows.length;
  const at = useSignal(lastDecisive(walk));
  const go = (to: number): void => {
    at.value = Math.min(end, Math.max(0, to));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = moves[event.key];
    if (move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(move(at.value, end));
  };
  return (
    <div class="steps">
      <div class="line" role="group" aria-label="Step">
        <button type="button" disabled={at.value === 0} onClick={() => go(at.value - 1)}>
          Back
        </button>
        <button type="button" disabled={at.value === end} onClick={() => go(at.value + 1)}>
          Forward
        </button>
        <input
          type="range"
          min={0}
          max={end}
          value={at.value}
          aria-label="Step of the interleaving"
          aria-valuetext={spoken(walk, at.value)}
          onInput={({ currentTarget }) => go(Number(currentTarget.value))}
          onKeyDown={onKeyDown}
        />
        <output>
          {at.value} of {end}
        </output>
        <button type="button" onClick={() => go(lastDecisive(walk))}>
          To what decides
        </button>
      </div>
      <p class="label">{title}</p>
      <Lanes walk={walk} at={at.value} go={go} onKeyDown={onKeyDown} />
      <State walk={walk} at={at.value} />
    </div>
  );
}

interface LanesProps {
  readonly walk: Walk;
  readonly at: number;
  readonly go: (to: number) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Lanes({ walk: { lanes, rows }, at, go, onKeyDown }: LanesProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const row = box.current?.querySelector<HTMLElement>('tr[aria-current]');
    // Within the box only: the page itself stays where the reader has it.
    if (row && box.current) box.current.scrollTop = row.offsetTop - box.current.clientHeight / 2;
  }, [at]);
  return (
    <div
      class="lanes"
      ref={box}
      role="region"
      aria-label="Lanes; arrows step"
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <table>
        <thead>
          <tr>
            <th>#</th>
            {lanes.map((lane) => (
              <th key={lane}>{lane}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ lane, cell, decisive }, i) => (
            <tr
              key={`${i} ${cell}`}
              class={i >= at ? 'ahead' : ''}
              {...(i === at - 1 && { 'aria-current': 'step' as const })}
              onClick={() => go(i + 1)}
            >
              <td class="number">{i + 1}</td>
              {lanes.map((name, column) => (
                <td key={name} class={column === lane ? `filled${decisive ? ' decides' : ''}` : ''}>
                  {column === lane && cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The guest after the step, and what the step changed. */
function State({ walk, at }: { readonly walk: Walk; readonly at: number }) {
  const before = at === 0 ? undefined : stateAfter(walk, at - 1);
  return (
    <div class="state" role="status">
      <p class="label">{at === 0 ? 'The guest before the first step' : `The guest after step ${at}`}</p>
      <ul>
        {stateAfter(walk, at).map((line, i) => {
          const was = before?.[i];
          const isChanged = before !== undefined && was !== line;
          return (
            <li key={`${i} ${line}`} class={isChanged ? 'changed' : ''}>
              {line}
              {isChanged && was !== undefined && <del>{was}</del>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function stateAfter({ start, rows }: Walk, at: number): readonly string[] {
  return at === 0 ? start : rows[at - 1].state;
}

/** The step that the conclusion names. */
function lastDecisive({ rows }: Walk): number {
  return rows.findLastIndex(({ decisive }) => decisive) + 1;
}

function spoken({ lanes, rows }: Walk, at: number): string {
  if (at === 0) return 'before the first step';
  const { lane, cell } = rows[at - 1];
  return `step ${at} of ${rows.length}, ${lanes[lane]}: ${cell}`;
}
