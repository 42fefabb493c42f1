import {
  allocLine,
  cpuDisable,
  cpuStarting,
  ENOSPC,
  errnoName,
  freeIrq,
  freeLine,
  irqAffinityOnlineCpu,
  irqSetAffinity,
  OK,
  requestIrq,
  type StraightMachine,
} from './straight-model.js';

// PCI functions and their drivers, on the straight-line model: what of drivers/pci/msi, drivers/nvme/host/pci.c,
// drivers/virtio/virtio_pci_common.c and drivers/net/virtio_net.c decides which vectors are asked for, and when.

/** CPUs of each vector, from irq_create_affinity_masks; null: no affinity for any. */
export type Masks = (vectors: number, preVectors: number) => { mask: number; managed: boolean }[] | null;

export interface StraightHost {
  readonly m: StraightMachine;
  readonly remapped: boolean;
  readonly masks: Masks;
  /** IRQ numbers that others than the matrix' lines have. */
  readonly taken: ReadonlySet<number>;
  readonly devices: StraightDevice[];
}

export interface StraightDevice {
  readonly name: string;
  readonly kind: 'msix' | 'nvme' | 'virtio-blk' | 'virtio-net';
  readonly node: number;
  /** All vectors, in the order of the table. */
  irqs: number[];
  /** Vectors that were requested, in the order in which they are freed. */
  requested: number[];
  /** virtio-net: pairs in use, and whether each queue has a vector of its own. */
  pairs: number;
  perQueue: boolean;
}

const FIRST_DYNAMIC_IRQ = 24;

function freeNumber({ m, taken }: StraightHost): number {
  let irq = FIRST_DYNAMIC_IRQ;
  while (m.lines.has(irq) || taken.has(irq)) irq++;
  return irq;
}

/** __pci_enable_msix_range with its retries (drivers/pci/msi/msi.c), irq_calc_affinity_vectors. */
function allocVectors(
  host: StraightHost,
  device: StraightDevice,
  min: number,
  max: number,
  preVectors: number | undefined,
): number {
  const possible = host.m.nodeOf.length;
  for (let count = max; ; ) {
    if (preVectors !== undefined) {
      count = preVectors > min ? 0 : preVectors + Math.min(possible, count - preVectors);
      if (count < min) return ENOSPC;
    }
    const affinity = preVectors === undefined ? null : host.masks(count, preVectors);
    device.irqs = [];
    let ret = OK;
    for (let i = 0; i < count && ret === OK; i++) {
      const irq = freeNumber(host);
      const { node } = device;
      const { remapped } = host;
      ret = allocLine(host.m, { irq, node, level: false, remapped, msi: true, affinity: affinity?.[i] });
      if (ret === OK) device.irqs.push(irq);
    }
    if (ret === OK) return count;
    const allocated = device.irqs.length;
    freeVectors(host, device);
    if (allocated === 0 || allocated < min) return ENOSPC;
    count = allocated;
  }
}

function freeVectors({ m }: StraightHost, device: StraightDevice): void {
  for (const irq of device.irqs) freeLine(m, irq);
  device.irqs = [];
}

function request({ m }: StraightHost, device: StraightDevice, irq: number): number {
  const ret = requestIrq(m, irq);
  if (ret === OK) device.requested.push(irq);
  return ret;
}

/** A driver's remove, and the end of a probe that failed. */
function release(host: StraightHost, device: StraightDevice): void {
  for (const irq of device.requested) freeIrq(host.m, irq);
  device.requested = [];
  freeVectors(host, device);
}

function probeMsix(host: StraightHost, device: StraightDevice, queues: number, managed: boolean): number {
  const found = allocVectors(host, device, queues, queues, managed ? 0 : undefined);
  if (found < 0) return found;
  for (const irq of device.irqs) {
    const ret = request(host, device, irq);
    if (ret === OK) continue;
    release(host, device);
    return ret;
  }
  return OK;
}

function probeNvme(host: StraightHost, device: StraightDevice, queues: number): number {
  let ret = allocVectors(host, device, 1, 1, undefined);
  if (ret < 0) return ret;
  ret = request(host, device, device.irqs[0]);
  release(host, device);
  if (ret !== OK) return ret;
  const wanted = Math.min(host.m.nodeOf.length, queues);
  const vectors = allocVectors(host, device, 1, wanted + 1, 1);
  if (vectors < 0) return vectors;
  ret = request(host, device, device.irqs[0]);
  for (let queue = 1; ret === OK && queue <= Math.max(vectors - 1, 1); queue++)
    ret = request(host, device, device.irqs[vectors === 1 ? 0 : queue]);
  // nvme_suspend_io_queues goes from the last to the first; the admin queue is the last of all.
  device.requested.reverse();
  if (ret !== OK) release(host, device);
  return ret;
}

/** vp_find_vqs: a vector for each queue, else one for all. */
function probeVirtio(host: StraightHost, device: StraightDevice, queues: number, spread: boolean): number {
  let ret = allocVectors(host, device, queues + 1, queues + 1, spread ? 1 : undefined);
  if (ret > 0) {
    ret = OK;
    for (const irq of device.irqs) if (ret === OK) ret = request(host, device, irq);
    // The configuration's interrupt is freed after those of the queues.
    device.requested.push(...device.requested.splice(0, 1));
    device.perQueue = true;
    if (ret === OK) return OK;
    release(host, device);
  }
  device.perQueue = false;
  ret = allocVectors(host, device, 2, 2, undefined);
  if (ret < 0) return ret;
  ret = OK;
  for (const irq of device.irqs) if (ret === OK) ret = request(host, device, irq);
  if (ret !== OK) release(host, device);
  return ret;
}

/** A function comes: '' or what the probe fails with. */
export function plugDevice(
  host: StraightHost,
  options: {
    name: string;
    kind: StraightDevice['kind'];
    queues: number;
    node: number;
    managed: boolean;
  },
): string {
  const { name, kind, queues, node, managed } = options;
  const empty = { irqs: [], requested: [], pairs: 0, perQueue: false };
  const device: StraightDevice = { name, kind, node, ...empty };
  let ret: number;
  switch (kind) {
    case 'msix':
      ret = probeMsix(host, device, queues, managed);
      break;
    case 'nvme':
      ret = probeNvme(host, device, queues);
      break;
    case 'virtio-blk':
      // virtblk has no more queues than there are CPUs (init_vq).
      ret = probeVirtio(host, device, Math.min(queues, host.m.nodeOf.length), true);
      break;
    case 'virtio-net':
      ret = probeVirtio(host, device, 2 * queues, false);
      device.pairs = Math.min(queues, onlineCpus(host.m).length);
      break;
  }
  if (ret !== OK) return errnoName(ret);
  host.devices.push(device);
  if (kind === 'virtio-net') spread(host, device);
  return '';
}

export function unplugDevice(host: StraightHost, name: string): void {
  const index = host.devices.findIndex((device) => device.name === name);
  const [device] = host.devices.splice(index, 1);
  release(host, device);
}

const onlineCpus = ({ online, nodeOf }: StraightMachine): number[] =>
  [...nodeOf.keys()].filter((cpu) => (online & (1 << cpu)) !== 0);

/** virtnet_set_affinity. */
function spread({ m }: StraightHost, device: StraightDevice): void {
  const cpus = onlineCpus(m);
  const stride = Math.max(Math.floor(cpus.length / device.pairs), 1);
  const stragglers = cpus.length >= device.pairs ? cpus.length % device.pairs : 0;
  let next = 0;
  for (let pair = 0; pair < device.pairs; pair++) {
    let mask = 0;
    for (let i = 0; i < stride + (pair < stragglers ? 1 : 0); i++) mask |= 1 << cpus[next++ % cpus.length];
    // vp_set_vq_affinity, also of a vector that all queues share; that of the configuration comes first.
    for (const queue of [2 * pair, 2 * pair + 1])
      irqSetAffinity(m, device.irqs[device.perQueue ? queue + 1 : 1], mask);
  }
}

function spreadAll(host: StraightHost): void {
  // Instances of a hotplug state: the one that came last is the first (hlist_add_head).
  for (const device of [...host.devices].reverse()) if (device.kind === 'virtio-net') spread(host, device);
}

/**
 * cpu_down. VMBus may refuse it, before the line's part of it and after virtio-net's.
 *
 * @returns '' or the errno.
 */
export function cpuDown(host: StraightHost, cpu: number, refusedByVmbus: boolean): string {
  const { m } = host;
  // The last CPU stays before any driver is asked (_cpu_down).
  if (onlineCpus(m).length === 1) return 'EBUSY';
  if (refusedByVmbus) {
    spreadAll(host);
    return 'EBUSY';
  }
  const ret = cpuDisable(m, cpu);
  if (ret !== '') irqAffinityOnlineCpu(m, cpu);
  spreadAll(host);
  return ret;
}

export function cpuUp(host: StraightHost, cpu: number): void {
  cpuStarting(host.m, cpu);
  irqAffinityOnlineCpu(host.m, cpu);
  spreadAll(host);
}
