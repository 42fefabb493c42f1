import { readFileSync } from 'node:fs';
import type { UserProcess } from '../machine/machine.js';

/** The processes that use mounted files. */
export class Processes {
  /** Where procfs of the PID namespace is that their numbers are of. */
  procfs = '/proc';

  /**
   * The thread with this number, with the name that it has and the number that it knows itself by.
   *
   * @returns undefined if it is not to be found.
   */
  find(pid: number): UserProcess | undefined {
    if (pid === 0) return undefined;
    try {
      const comm = readFileSync(`${this.procfs}/${pid}/comm`, 'latin1').replace(/\n$/, '');
      const ownPid = /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`${this.procfs}/${pid}/status`, 'latin1'))?.[1];
      return { comm, pid: Number(ownPid ?? pid) };
    } catch {
      return undefined;
    }
  }
}
