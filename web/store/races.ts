// Searches of races: which are under way, and what came of those that are over. Each runs in a worker of its own, as many
// at a time as the machine has cores to spare, so that the guest and the page go on meanwhile.
import { signal } from '@preact/signals';
import type { Explored, ListedRace, RaceRow, SearchProgress } from '../worker/races-protocol.js';
import { Helper } from './worker.js';

/** The table of races; undefined: not loaded yet. */
export const races = signal<readonly ListedRace[] | undefined>(undefined);

/** A search. */
export type Run =
  | { readonly kind: 'waits' }
  | { readonly kind: 'runs' | 'stopped'; readonly progress: SearchProgress }
  | { readonly kind: 'done'; readonly explored: Explored };

/** By keyOf. */
export const runs = signal<ReadonlyMap<string, Run>>(new Map());

const MOST_HELPERS = Math.min(4, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));

interface Busy {
  readonly helper: Helper;
  progress: SearchProgress;
}

const waiting: RaceRow[] = [];
const busy = new Map<string, Busy>();
/** Helpers with nothing to do; they have loaded the races. */
const idle: Helper[] = [];
const onProgress = new Map<Helper, (progress: SearchProgress) => void>();

export function keyOf({ race, variant, memory }: RaceRow): string {
  return `${race}/${variant} ${memory}`;
}

/** Loads the table, once. */
export async function loadTable(): Promise<void> {
  if (races.value !== undefined) return;
  const helper = newHelper();
  races.value = await helper.ask<'races'>({ kind: 'races' });
  idle.push(helper);
}

/** Searches these, in order. */
export function run(rows: readonly RaceRow[]): void {
  const given = rows.filter((row) => !isUnderWay(row));
  waiting.push(...given);
  note(given.map((row) => [keyOf(row), { kind: 'waits' }]));
  startWaiting();
}

/** Ends the search of these where it is. */
export function stop(rows: readonly RaceRow[]): void {
  for (const row of rows) {
    const key = keyOf(row);
    const at = waiting.findIndex((each) => keyOf(each) === key);
    if (at >= 0) waiting.splice(at, 1);
    const found = busy.get(key);
    found?.helper.end();
    busy.delete(key);
    if (at >= 0 || found !== undefined)
      note([[key, { kind: 'stopped', progress: found?.progress ?? { executions: 0, seconds: 0 } }]]);
  }
  startWaiting();
}

/** What else a race has to say. */
export async function findingsOf(race: string): Promise<readonly string[]> {
  const helper = idle.pop() ?? newHelper();
  const found = await helper.ask<'findings'>({ kind: 'findings', race });
  idle.push(helper);
  return found;
}

export function isUnderWay(row: RaceRow): boolean {
  const kind = runs.value.get(keyOf(row))?.kind;
  return kind === 'waits' || kind === 'runs';
}

function startWaiting(): void {
  while (busy.size < MOST_HELPERS) {
    const row = waiting.shift();
    if (row === undefined) return;
    void search(row);
  }
}

async function search({ race, variant, memory }: RaceRow): Promise<void> {
  const key = keyOf({ race, variant, memory });
  const helper = idle.pop() ?? newHelper();
  const own: Busy = { helper, progress: { executions: 0, seconds: 0 } };
  busy.set(key, own);
  onProgress.set(helper, (progress) => {
    own.progress = progress;
    if (busy.get(key) === own) note([[key, { kind: 'runs', progress }]]);
  });
  note([[key, { kind: 'runs', progress: own.progress }]]);
  const explored = await helper.ask<'explore'>({ kind: 'explore', race, variant, memory });
  busy.delete(key);
  idle.push(helper);
  note([[key, { kind: 'done', explored }]]);
  startWaiting();
}

function newHelper(): Helper {
  const helper: Helper = new Helper((event) => {
    if (event.event === 'progress') onProgress.get(helper)?.(event);
  });
  return helper;
}

function note(news: readonly (readonly [string, Run])[]): void {
  runs.value = new Map([...runs.value, ...news]);
}
