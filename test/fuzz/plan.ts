import { type Action, unwatched, type Watch } from '../hostile/trial.js';
import { act } from './acts.js';
import { Victim } from './victim.js';

/** How often the invariants are looked at, in actions. */
const CHECK_EVERY = 10;

/**
 * Lets a host do `actions` to a guest made from `setup`.
 *
 * @param watch is told of each kind of situation that the guest was in.
 * @returns what went wrong; undefined if nothing did.
 */
export function attack(
  setup: number,
  actions: readonly Action[],
  watch: Watch = unwatched,
): string | undefined {
  try {
    const victim = new Victim(setup);
    let broken: string[] = [];
    for (let i = 0; i < actions.length && broken.length === 0; i++) {
      watch.step();
      act(victim, actions[i]);
      if (i % CHECK_EVERY === 0 || i === actions.length - 1) broken = victim.broken();
    }
    for (const witness of victim.witnesses()) watch.reached(witness);
    if (broken.length === 0) broken = victim.end();
    if (broken.length === 0 && !victim.takesHonestDevice()) broken = ['an honest device finds no driver'];
    return broken.length === 0 ? undefined : broken.join('; ');
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
