import type { Guest } from '../guest/guest.js';
import type { UserProcess } from '../machine/machine.js';
import type { SleepingWrite } from '../view/tree-node.js';
import type { LiveGuest } from './live-guest.js';

/**
 * A process of the guest goes on with its write. Where it has to sleep, only it waits: for as long as it takes in the
 * guest's time, or for ever.
 *
 * @param by the process; default: a shell.
 * @returns how many bytes it has consumed.
 * @throws ErrnoError what the write fails with.
 */
export function sleepingWrite(
  { machine }: Pick<Guest, 'machine'>,
  live: Pick<LiveGuest, 'until'>,
  { name, work }: SleepingWrite,
  by?: UserProcess,
): number | Promise<number> {
  const task = machine.asUser(() => machine.start(name, work), by);
  const result = (): number => {
    if (task.failed) throw task.error;
    return Number(task.result);
  };
  if (task.state === 'done') return result();
  // In a kernel that has stopped nobody gets on.
  return live.until(() => task.state === 'done' && !machine.halted).then(result);
}
