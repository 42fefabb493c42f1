// Parts of the library that not everybody needs, loaded when they are asked for.
import { Guest } from './guest/guest.js';
import type { Race } from './races/race.js';

/** The table of races, as `irqlab explore` lists it. */
export async function loadRaces(): Promise<readonly Race[]> {
  return (await import('./races/index.js')).races;
}

/** A text that a program printed on a real machine, and what to call it in messages. */
export interface CapturedText {
  readonly file: string;
  readonly text: string;
}

/** A scenario of captures as text, and what its user should know of it. */
export interface ImportedScenario {
  readonly text: string;
  readonly notes: readonly string[];
}

/**
 * A scenario whose guest shows what a machine's /proc/interrupts, lsvmbus or affinities show, as `irqlab import` makes
 * it: at most one text of each kind.
 *
 * @throws UsageError with file, line and column for a text that no such program prints, or that no guest can show.
 */
export async function importCaptures(captures: readonly CapturedText[]): Promise<ImportedScenario> {
  const { understoodCapture } = await import('./capture/understood.js');
  const { machineOfFiles } = await import('./capture/captured-machine.js');
  const { scenarioOf } = await import('./capture/captured-scenario.js');
  const encoder = new TextEncoder();
  const read = captures.map(({ file, text }) => understoodCapture(file, encoder.encode(text)));
  const { text, notes } = await scenarioOf(machineOfFiles(read, false), async (options) =>
    Guest.create(options).procInterrupts(),
  );
  return { text, notes };
}
