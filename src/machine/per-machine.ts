import type { Machine } from './machine.js';

/** What each machine has one of, made when it is first asked for. */
export function perMachine<T extends object>(make: (machine: Machine) => T): (machine: Machine) => T {
  const made = new WeakMap<Machine, T>();
  return (machine) => {
    let one = made.get(machine);
    if (one === undefined) {
      one = make(machine);
      made.set(machine, one);
    }
    return one;
  };
}
