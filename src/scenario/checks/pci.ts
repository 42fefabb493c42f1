import type { Relid } from '../../lib/brand.js';
import { type PciDeviceOptions, type PciDriverName, pciDeviceName } from '../options/pci.js';
import type { Path, Report } from '../place.js';

/** Follows which PCI devices there are, by the names that Linux gives them. */
export class PciInUse {
  private readonly live = new Map<string, PciDeviceOptions>();
  /** Relid of the VMBus device that a device's bus is. */
  private readonly buses = new Map<string, Relid>();
  private readonly ever = new Map<string, PciDriverName>();
  private readonly mentions: (() => void)[] = [];
  private isForeseeable = true;

  constructor(private readonly report: Report) {}

  /** A device comes. `at`: path of its mapping; `relid`: of the bus that it comes with. */
  plug(device: PciDeviceOptions, at: Path, relid?: Relid): void {
    const name = pciDeviceName(device, new Set(this.live.keys()));
    const { bdf } = device;
    if (this.live.has(name)) this.report([...at, 'name'], `there is a PCI device ${name} already`);
    if (bdf !== undefined && [...this.live.values()].some((other) => other.bdf === bdf))
      this.report([...at, 'bdf'], `there is a PCI device at ${bdf} already`);
    this.live.set(name, device);
    if (relid !== undefined) this.buses.set(name, relid);
    this.ever.set(name, device.driver);
  }

  /** The devices of a bus go with it. */
  rescind(relid: Relid): void {
    for (const [name, bus] of this.buses) {
      if (bus !== relid) continue;
      this.buses.delete(name);
      this.live.delete(name);
    }
  }

  /** A device goes, by its name or address. */
  unplug(which: string, at: Path): void {
    const name = this.live.has(which) ? which : [...this.live].find(([, { bdf }]) => bdf === which)?.[0];
    if (name !== undefined) this.live.delete(name);
    else if (this.isForeseeable) this.report(at, `there is no PCI device ${which} to unplug`);
  }

  /** From now on there may be devices that nobody knows of. */
  unknown(): void {
    this.isForeseeable = false;
  }

  /** A device must have this name at some time. @param drivers what its driver must be one of. */
  mention(name: string, at: Path, drivers: readonly PciDriverName[]): void {
    this.mentions.push(() => this.checkMentioned(name, at, drivers));
  }

  /** Reports what was mentioned and no device is. */
  finish(): void {
    if (this.isForeseeable) for (const check of this.mentions) check();
  }

  private checkMentioned(name: string, at: Path, drivers: readonly PciDriverName[]): void {
    const driver = this.ever.get(name);
    if (driver === undefined) {
      const known = [...this.ever.keys()].join(', ') || 'none';
      this.report(at, `there is no PCI device ${name}; known: ${known}`);
    } else if (!drivers.includes(driver)) {
      this.report(at, `expected a device with driver ${drivers.join(' or ')}, not ${name} (${driver})`);
    }
  }
}
