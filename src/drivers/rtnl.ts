import { Lock } from '../machine/lock.js';
import type { Machine } from '../machine/machine.js';

const locks = new WeakMap<Machine, Lock>();

/**
 * RTNL, the network stack's one lock of a guest (net/core/rtnetlink.c rtnl_mutex): whoever sets a network device up,
 * changes it or takes it down has it meanwhile, and so does everything that such a holder waits for.
 */
export function rtnlOf(machine: Machine): Lock {
  let rtnl = locks.get(machine);
  if (rtnl === undefined) {
    rtnl = new Lock('rtnl_mutex');
    locks.set(machine, rtnl);
  }
  return rtnl;
}
