import type { Irq } from '../lib/brand.js';
import type { CpuMask } from '../machine/cpumask.js';
import type { IrqRow } from '../view/interrupts/table.js';
import type { ProcIrqDump } from './proc-irq-dump.js';

/** Queues whose interrupts Linux spreads over all CPUs and manages: NVMe's but for the admin queue, virtio disks'. */
const QUEUE = /^(nvme\d+)q[1-9]\d*$|^(virtio\d+)-req\.\d+$/;

/**
 * Which interrupts of queues the kernel manages. No file says so: they are taken for managed if those of their device share
 * out all CPUs among them, as the kernel spreads them and hardly anybody else does.
 *
 * @param possible number of possible CPUs.
 * @returns an entry for each interrupt with the name of such a queue whose affinity is known.
 */
export function managedIrqs(
  rows: readonly IrqRow[],
  procIrq: ProcIrqDump | undefined,
  possible: number,
): ReadonlyMap<Irq, boolean> {
  const devices = new Map<string, { readonly irq: Irq; readonly mask: CpuMask }[]>();
  for (const { irq, actions } of rows) {
    const [, nvme, virtio] = QUEUE.exec(actions.join(', ')) ?? [];
    const device = nvme ?? virtio;
    const mask = procIrq?.affinity.get(irq);
    if (device !== undefined && mask !== undefined)
      devices.set(device, [...(devices.get(device) ?? []), { irq, mask }]);
  }
  return new Map(
    [...devices.values()].flatMap((queues) => {
      const isSpread = sharesOut(
        queues.map(({ mask }) => mask),
        possible,
      );
      return queues.map(({ irq }): [Irq, boolean] => [irq, isSpread]);
    }),
  );
}

/** True if each CPU is in exactly one of the masks. */
function sharesOut(masks: readonly CpuMask[], possible: number): boolean {
  const all = masks.flatMap((mask) => [...mask]);
  return all.length === possible && new Set(all).size === possible;
}
