import type { ClassDevice } from '../../machine/class-device.js';
import type { PciFunction } from './pci-function.js';

/** A function that is on a bus (struct pci_dev), as sysfs has it. */
export class PciPresence {
  /** What its driver is called; undefined: it has none. */
  driver: string | undefined;
  /** What its driver has made of it. */
  classDevices: readonly ClassDevice[] = [];

  constructor(readonly func: PciFunction) {}
}

/** The functions that the kernel has found, on all buses, in the order in which they came. */
export class PciFunctions {
  private readonly byName = new Map<string, PciPresence>();

  /** A function is found (pci_device_add). */
  add(func: PciFunction): PciPresence {
    const presence = new PciPresence(func);
    this.byName.set(func.name, presence);
    return presence;
  }

  remove({ name }: PciFunction): void {
    this.byName.delete(name);
  }

  /** The function at an address. */
  at(name: string): PciPresence | undefined {
    return this.byName.get(name);
  }

  [Symbol.iterator](): Iterator<PciPresence> {
    return this.byName.values();
  }
}
