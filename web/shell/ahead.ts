import { ask } from '../store/worker.js';
import { views } from '../views/index.js';

/** Loads one after the other what has not been opened yet, whenever the page has nothing else to do: later it asks for nothing. */
export function loadAhead(): void {
  const works = [...views.map(({ load }) => load), () => ask<'ahead'>({ kind: 'ahead' })];
  const next = (): void => {
    const work = works.shift();
    if (work !== undefined) void work().then(() => requestIdleCallback(next));
  };
  requestIdleCallback(next);
}
