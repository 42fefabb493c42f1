import { Prng } from '../../src/lib/prng.js';
import type { Action, Part, Trial } from './trial.js';

/** Random actions; the same seed gives the same ones. */
export function randomActions(seed: number, count: number): Action[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, (): Action => [prng.next(), prng.next(), prng.next(), prng.next()]);
}

/** The nth trial of a part, whatever other parts do meanwhile. */
export function drawTrial({ name, actions }: Part, seed: number, nth: number): Trial {
  const prng = new Prng(seed ^ Math.imul(nth + 1, 0x9e3779b1) ^ hash(name));
  return { part: name, setup: prng.next(), actions: randomActions(prng.next(), actions) };
}

/** A word out of a text (FNV-1a). */
function hash(text: string): number {
  let word = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) word = Math.imul(word ^ text.charCodeAt(i), 0x01000193);
  return word >>> 0;
}
