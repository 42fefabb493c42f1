import type { Ns } from '../lib/brand.js';
import type { Machine } from '../machine/machine.js';
import type { Turns } from '../machine/turns.js';

/** Longest virtual time that guest and host are given to come to rest. */
const QUIESCE_LIMIT_NS: Ns = 60_000_000_000;

/** Lets time go by until guest and host have done what they began. */
export function* quiesce(machine: Machine, host: { readonly isBusy: boolean }): Turns<void> {
  const { clock } = machine;
  const limit = clock.now + QUIESCE_LIMIT_NS;
  machine.settle();
  while ((machine.liveTasks > 0 || host.isBusy) && clock.now < limit) {
    if (!clock.runNext()) break;
    machine.settle();
    yield;
  }
}
