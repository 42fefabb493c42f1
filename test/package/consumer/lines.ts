// Lines outside VMBus: their devices, their drivers and what became of each interrupt; PCI functions with vectors.
import {
  type ClassDevice,
  Guest,
  type GuestLines,
  type GuestPci,
  type GuestUio,
  type IndirectionChoice,
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

/** A network adapter whose frames come by two of its channels, and a program's device beside it. */
export function useNic(guest: Guest): readonly number[] {
  const choice: IndirectionChoice = { equal: 2 };
  const nic = guest.nic(13);
  nic.setIndirection(choice);
  const uio: GuestUio = guest.uio(5);
  uio.open();
  uio.irqControl(true);
  return [...nic.indirection, uio.events];
}

/** What a driver of one's own makes of its device, as /sys/class shows it. */
export const interfaceOfADriver: ClassDevice = { className: 'net', name: 'eth7' };
