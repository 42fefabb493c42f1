// Lines outside VMBus: their devices, their drivers and what became of each interrupt; PCI functions with vectors.
import {
  Guest,
  type GuestLines,
  type GuestPci,
  type LineCounts,
  type LineHardware,
  type LineRequest,
  type PciDeviceOptions,
  type PciMsi,
  type Platform,
  type RaiseOptions,
  type RequestFlag,
} from 'irqlab';

const flags: RequestFlag[] = ['IRQF_SHARED'];
const request: LineRequest = { name: 'joystick', flags };
const which: RaiseOptions = { name: 'joystick' };
const nvme: PciDeviceOptions = { driver: 'nvme', queues: 2 };

/** What a platform of one's own may offer to devices. */
export interface OffersOfAPlatform extends Pick<Platform, 'pciMsi' | 'lineHardware'> {
  readonly pciMsi: PciMsi;
  readonly lineHardware: () => LineHardware;
}

/** What became of a line's interrupt, and what a PCI device's interrupts are called. */
export function useLines(): string[] {
  const guest = Guest.create({
    cpus: 2,
    generation: 1,
    interrupts: [{ irq: 20, chip: 'IO-APIC', flow: 'fasteoi', name: 'uart', flags }],
  });
  const lines: GuestLines = guest.lines;
  lines.irq(20).request(request);
  lines.irq(20).raise(which);
  const { raised, delivered }: LineCounts = guest.irq(20).line;
  const name = lines.plugPci(nvme);
  const pci: GuestPci = guest.pci;
  const plugged = pci.names.join();
  lines.unplugPci(name);
  return [`${raised} raised, ${delivered} delivered`, `${plugged}, then ${pci.names.length}`];
}
