import type { Checks } from '../checks/checks.js';
import type { ChannelOptions } from '../options/channels.js';
import { cpu, cpuCounts, cpuList, irq, relid } from './notations.js';
import { mapping } from './shapes.js';

export const channel = mapping('a channel, e.g. {relid: 13, cpu: 2}', {
  relid,
  cpu: cpu.optional().describe('CPU that it interrupts; default: where the guest puts it'),
  affinity: cpuList.optional().describe('CPUs that its interrupt may go to; default: its CPU alone'),
  irq: irq.optional().describe('Linux number of its interrupt; default: what the kernel gives it'),
  counts: cpuCounts.optional().describe('Counts of its interrupt; default: what booting gave'),
});

/**
 * Checks the channels; what is wrong in itself is undefined.
 *
 * @param areDevicesReadable false if a device may have any relid.
 */
export function checkChannels(
  channels: readonly (ChannelOptions | undefined)[],
  { report, cpus, relids }: Checks,
  areDevicesReadable: boolean,
): void {
  channels.forEach((item, i) => {
    if (item === undefined) return;
    const at = ['channels', i];
    cpus.checkCounts(item.counts, [...at, 'counts']);
    cpus.check(item.cpu, [...at, 'cpu']);
    cpus.checkList(item.affinity, [...at, 'affinity']);
    if (areDevicesReadable && !relids.has(item.relid))
      report([...at, 'relid'], `no device has relid ${item.relid} from the start`);
  });
}
