import type { PciMsi } from '../platform/pci/pci-msi.js';
import type { Platform } from '../platform/platform.js';

/** What a platform gives PCI functions their interrupts by. @throws RangeError if it gives them none. */
export function pciMsiOf(platform: Platform & { readonly pciMsi?: PciMsi }): PciMsi {
  const { pciMsi } = platform;
  if (pciMsi !== undefined) return pciMsi;
  throw new RangeError(`PCI devices need MSI-X, which this platform (${platform.arch}) has not`);
}
