import type { Guest } from '../../guest/guest.js';
import { ErrnoError } from '../../lib/errno.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import type { OfflinePlan } from './offline-plan.js';

/** How long the guest goes on with its workload between two writes. */
const BETWEEN_MS = 1;

/**
 * Does a plan's writes on a guest, which goes on with its workload meanwhile.
 *
 * @returns why they do not come to what they are for; undefined if they do.
 */
export function provePlan(guest: Guest, { cpus, moves }: OfflinePlan): string | undefined {
  try {
    for (const { relid, to } of moves) {
      guest.fs.writeFile(`${guest.channel(relid).path}/cpu`, `${to}\n`);
      guest.run({ ms: BETWEEN_MS });
    }
    for (const cpu of cpus) guest.fs.writeFile(`/sys/devices/system/cpu/cpu${cpu}/online`, '0\n');
    guest.run({ ms: BETWEEN_MS });
  } catch (error) {
    if (error instanceof ErrnoError) return error.message;
    throw error;
  }
  const { online } = guest.machine;
  if (cpus.some((cpu) => online.has(cpu))) return `CPUs ${formatCpuList(online)} are still online`;
  for (const { relid, to } of moves) {
    const { cpu } = guest.channel(relid);
    if (cpu !== to) return `channel ${relid} is on CPU ${cpu}, not on ${to}`;
  }
  return undefined;
}
