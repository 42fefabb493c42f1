import type { CpuId, Irq, Ns } from '../../lib/brand.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { freeIrq } from '../../irq/management/free.js';
import { requestIrq } from '../../irq/management/request.js';
import type { ClassDevice } from '../../machine/class-device.js';
import type { Procedure } from '../../machine/step.js';
import type { DeviceLines } from '../line/lines.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import type { PciMsi } from '../../platform/pci/pci-msi.js';
import type { Completed, Queue } from './queue.js';

/** What drivers of PCI functions work with. */
export interface PciMachine {
  readonly core: IrqCore;
  readonly msi: PciMsi;
  readonly lines: DeviceLines;
}

/** A PCI function with its driver. */
export interface PciDriver {
  /** What the kernel calls the device: `nvme0`, `virtio0`. */
  readonly name: string;
  readonly pci: PciFunction;
  /** The queues that can be given something to do, in their order. */
  readonly queues: readonly Queue[];
  /** What it makes of the device, as /sys/class shows it. */
  readonly classDevices?: readonly ClassDevice[];
  /** Takes the device into service; 0 or a negative errno, with nothing left behind. */
  probe(): Procedure<number>;
  /** Gives the device up, and all its interrupts. */
  remove(): Procedure<void>;
  /** The queue that a CPU's requests go to; undefined: the device takes none. */
  queueOf?(cpu: CpuId): Queue | undefined;
  /** The queue of a connection's frames; undefined: the device is no network adapter. */
  queueOfFlow?(direction: 'rx' | 'tx', flow: number): Queue;
  /** Changes the number of queues in use (ethtool -L); 0 or a negative errno. */
  setQueues?(count: number): Procedure<number>;
}

/** The line of a vector. @throws Error if its number has no descriptor. */
export function descOf(core: IrqCore, irq: Irq): IrqDesc {
  const desc = core.desc(irq);
  if (desc === undefined) throw new Error(`there is no IRQ ${irq}`);
  return desc;
}

/** Requests a vector of a function for one of its queues; 0 or a negative errno. */
export function* requestQueue(
  { core, msi }: PciMachine,
  pci: PciFunction,
  queue: Queue,
  vector: number,
): Procedure<number> {
  const irq = msi.irqVector(pci, vector);
  const ret = yield* requestIrq(core, irq, queue.handler, 0, queue.name, queue);
  if (ret === 0) queue.irq = irq;
  return ret;
}

/** Frees the interrupt of a queue, if it has one. */
export function* freeQueue({ core }: PciMachine, queue: Queue): Procedure<void> {
  if (queue.irq === undefined) return;
  yield* freeIrq(core, queue.irq, queue);
  queue.irq = undefined;
}

/** Gives a queue something to do, which is done `latencyNs` from now: then the queue's interrupt is raised. */
export function submitTo(machine: PciMachine, queue: Queue, latencyNs: Ns, completed: Completed): void {
  const { core, lines } = machine;
  queue.submit(completed);
  const fire = (): void => {
    if (!queue.finish(completed) || queue.irq === undefined) return;
    lines.raise(descOf(core, queue.irq));
  };
  core.machine.clock.after(latencyNs, { fire });
}
