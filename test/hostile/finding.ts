import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallestOf } from './smallest.js';
import type { Trial } from './trial.js';
import type { WatchedTrials } from './watched.js';

/** A finding as it is saved. */
export interface Finding extends Trial {
  readonly finding: string;
  /** Setup and actions in words, where the part has them. */
  readonly words: readonly string[];
}

/** Longest real time that is spent on leaving out actions, in ms. */
const SHRINK_MS = 60_000;

/** A finding with as few actions as still show one, as far as there is time. */
export async function shrink(trial: Trial, finding: string, trials: WatchedTrials): Promise<Finding> {
  let shown = finding;
  const end = performance.now() + SHRINK_MS;
  const actions = await smallestOf(trial.actions, async (fewer) => {
    if (performance.now() > end) return false;
    const again = await trials.run({ ...trial, actions: fewer });
    if (again.finding === undefined) return false;
    shown = again.finding;
    return true;
  });
  const small = { ...trial, actions };
  return { ...small, finding: shown, words: await trials.words(small) };
}

/**
 * Makes the directory that findings are saved in, unless it is there: before the first attack, not after it.
 *
 * @throws Error if that cannot be.
 */
export function findingsDirectory(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

/** @returns the file's name. */
export function saveFinding(directory: string, finding: Finding): string {
  const file = join(directory, `hostile-${finding.part}-${finding.setup}.json`);
  const { actions, ...head } = finding;
  const lines = actions.map((action) => `    ${JSON.stringify(action)}`).join(',\n');
  const opening = JSON.stringify(head, null, 2).slice(0, -2);
  writeFileSync(file, `${opening},\n  "actions": [\n${lines}\n  ]\n}\n`);
  return file;
}

/** The trial of a saved finding. */
export function loadTrial(file: string): Trial {
  const { part, setup, actions } = JSON.parse(readFileSync(file, 'utf8')) as Finding;
  return { part, setup, actions };
}
