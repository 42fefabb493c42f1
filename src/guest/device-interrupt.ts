import { parseCpuList } from '../machine/cpumask-text.js';
import type { DeviceInterrupt } from '../platform/platform.js';
import type { InterruptOptions } from '../scenario/options/interrupts.js';

/** Queues whose interrupts their drivers spread in every kernel: NVMe's but for the admin queue, virtio disks'. */
const managedQueues = /^(nvme\d+q[1-9]\d*|virtio\d+-req\.\d+)$/;

function isAlwaysManaged(name: string | undefined): boolean {
  return name !== undefined && managedQueues.test(name);
}

/** A device's interrupt with everything that its options leave out. */
export function deviceInterrupt(options: InterruptOptions, nrCpuIds: number): DeviceInterrupt {
  const { irq, hwirq = irq, flow, trigger = flow === 'edge' ? 'edge' : 'level', affinity } = options;
  const mask = affinity === undefined ? undefined : parseCpuList(affinity, nrCpuIds);
  const { chip, chipPrinted, flowName, name } = options;
  return {
    irq,
    chip,
    chipPrinted,
    hwirq: hwirq as number | null,
    flow,
    flowName,
    trigger,
    name,
    affinity: mask,
    managed: options.managed ?? (mask !== undefined && isAlwaysManaged(name)),
  };
}
