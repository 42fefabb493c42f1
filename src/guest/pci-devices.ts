import type { PciDriver, PciMachine } from '../devices/pci/driver.js';
import { LinesDevice } from '../devices/pci/lines.js';
import { ManaDevice } from '../devices/pci/mana.js';
import { Mlx5Device } from '../devices/pci/mlx5.js';
import { MsixDevice } from '../devices/pci/msix.js';
import { NvmeDevice } from '../devices/pci/nvme.js';
import { VirtioBlkDevice } from '../devices/pci/virtio-blk.js';
import { VirtioNetDevice } from '../devices/pci/virtio-net.js';
import type { PciFunction, PciVector } from '../platform/pci/pci-function.js';
import type { PciDeviceOptions } from '../scenario/options/pci.js';

/** Queues that a device has unless its options say. */
export function queuesOf({ names, queues = names?.length ?? 1 }: PciDeviceOptions): number {
  return queues;
}

/** Entries of a device's MSI-X table: as many as its driver would have, unless its options say. */
export function msixOf(options: PciDeviceOptions): number {
  const queues = queuesOf(options);
  if (options.vectors !== undefined) return options.vectors;
  if (options.driver === 'msix') return options.names?.length ?? queues;
  return options.driver === 'virtio-net' ? 2 * queues + 1 : queues + 1;
}

/** Its interrupts, where they are lines of the scenario's; undefined: its driver gets them. */
export function linesOf({
  driver,
  irqs = [],
  kind = 'msix',
}: PciDeviceOptions): readonly PciVector[] | undefined {
  return driver === 'lines' ? irqs.map((irq) => ({ irq, kind })) : undefined;
}

/** The driver for a function. @param name what the kernel calls the device. */
export function pciDriverFor(
  machine: PciMachine,
  pci: PciFunction,
  name: string,
  options: PciDeviceOptions,
): PciDriver {
  const queues = queuesOf(options);
  const number = Number(/\d+$/.exec(name)?.[0] ?? 0);
  switch (options.driver) {
    case 'nvme':
      return new NvmeDevice(machine, pci, number, queues);
    case 'virtio-blk':
      return new VirtioBlkDevice(machine, pci, number, queues);
    case 'virtio-net':
      return new VirtioNetDevice(machine, pci, number, queues);
    case 'mana':
      return new ManaDevice(machine, pci, name);
    case 'mlx5':
      return new Mlx5Device(machine, pci, name, queues);
    case 'lines':
      return new LinesDevice(machine, pci, name);
    case 'msix': {
      const spread = options.managed ? { preVectors: 0, postVectors: 0 } : undefined;
      const all = options.names ?? Array.from({ length: queues }, (_, i) => `${name}-${i}`);
      return new MsixDevice(machine, pci, name, all, spread);
    }
  }
}
