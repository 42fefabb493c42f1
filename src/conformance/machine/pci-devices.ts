import type { PciDeviceOptions } from '../../scenario/options/pci.js';

/** What the recordings say of a line of a PCI function. */
export interface PciLine {
  /** `PCI-MSIX-0000:00:03.0`, or `PCI-MSI` for all functions in older kernels. */
  readonly chip: string;
  readonly hwirq: number;
  readonly actions: readonly string[];
}

/** The devices whose interrupts a recording has, in the order of their numbers. */
export function pciDevicesOf(lines: readonly PciLine[]): PciDeviceOptions[] {
  const names = new Map<string, string[]>();
  for (const { chip, hwirq, actions } of lines) {
    const bdf = addressOf(chip, hwirq);
    names.set(bdf, [...(names.get(bdf) ?? []), ...actions]);
  }
  return [...names].map(([bdf, actions]) => deviceOf(bdf, actions));
}

/** In the chip's name where each function has one, else in the hwirq (pci_msi_domain_calc_hwirq). */
function addressOf(chip: string, hwirq: number): string {
  const named = /^PCI-MSIX?-(.*)$/.exec(chip)?.[1];
  if (named !== undefined) return named;
  const devid = Math.floor(hwirq / 2 ** 11) & 0xffff;
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return `0000:${hex(devid >>> 8)}:${hex((devid >>> 3) & 0x1f)}.${devid & 7}`;
}

/** @throws RangeError for a device that no recording has. */
function deviceOf(bdf: string, actions: readonly string[]): PciDeviceOptions {
  const count = (pattern: RegExp) => actions.filter((name) => pattern.test(name)).length;
  const [disks, adapters, blocks] = [count(/^nvme\d+q[1-9]/), count(/-input\./), count(/-req\./)];
  if (disks > 0) return { driver: 'nvme', bdf, queues: disks };
  if (adapters > 0) return { driver: 'virtio-net', bdf, queues: adapters };
  if (blocks > 0) return { driver: 'virtio-blk', bdf, queues: blocks };
  throw new RangeError(`no such PCI device is known: ${actions.join(', ')}`);
}
