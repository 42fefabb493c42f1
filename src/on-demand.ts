// Parts of the library that not everybody needs, loaded when they are asked for.
import type { Race } from './races/race.js';

/** The table of races, as `irqlab explore` lists it. */
export async function loadRaces(): Promise<readonly Race[]> {
  return (await import('./races/index.js')).races;
}
