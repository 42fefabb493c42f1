import { Prng } from '../../src/lib/prng.js';
import { type Action, act } from './acts.js';
import { Victim } from './victim.js';

/** How often the invariants are looked at, in actions. */
const CHECK_EVERY = 10;

/** Random actions; the same seed gives the same ones. */
export function randomActions(seed: number, count: number): Action[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, (): Action => [prng.next(), prng.next(), prng.next(), prng.next()]);
}

/**
 * Lets a host do `actions` to a guest made from `setup`.
 *
 * @param witnesses how many guests have come to each of their situations; counted up.
 * @returns what went wrong; undefined if nothing did.
 */
export function attack(
  setup: number,
  actions: readonly Action[],
  witnesses: Map<string, number> = new Map(),
): string | undefined {
  try {
    const victim = new Victim(setup);
    let broken: string[] = [];
    for (let i = 0; i < actions.length && broken.length === 0; i++) {
      act(victim, actions[i]);
      if (i % CHECK_EVERY === 0 || i === actions.length - 1) broken = victim.broken();
    }
    const seen = new Set(victim.witnesses());
    for (const witness of seen) witnesses.set(witness, (witnesses.get(witness) ?? 0) + 1);
    if (broken.length === 0) broken = victim.end();
    if (broken.length === 0 && !victim.takesHonestDevice()) broken = ['an honest device finds no driver'];
    return broken.length === 0 ? undefined : broken.join('; ');
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** The fewest of `actions` that still go wrong, found by leaving out ever smaller parts. */
export function smallest(setup: number, actions: readonly Action[]): readonly Action[] {
  let left = actions;
  for (let part = Math.ceil(left.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < left.length; ) {
      const without = [...left.slice(0, from), ...left.slice(from + part)];
      if (attack(setup, without) === undefined) from += part;
      else left = without;
    }
  }
  return left;
}
