import type { Irq } from '../lib/brand.js';
import type { DeviceLines } from '../devices/line/lines.js';
import { freeLine, pullOutLine } from '../devices/line/pull-out.js';
import type { IrqCore } from '../irq/core.js';
import { irqSettingsIsPerCpuDevid } from '../irq/data/settings.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import type { HostDevice } from '../host/device.js';
import type { Procedure } from '../machine/step.js';
import type { Turns } from '../machine/turns.js';
import type { Platform } from '../platform/platform.js';
import type { InterruptOptions } from '../scenario/options/interrupts.js';
import type { LineRequestOptions } from '../scenario/options/line-request.js';
import type { PciDeviceOptions } from '../scenario/options/pci.js';
import type { DisableWait, ScenarioLines } from '../scenario/port.js';
import type { FileTree } from '../view/tree.js';
import {
  anInt,
  disableWait,
  interruptArgument,
  irq as irqNumber,
  nonEmpty,
  pciArgument,
} from './arguments.js';
import { checkArgument } from './check-argument.js';
import { deviceInterrupt } from './device-interrupt.js';
import type { RequestFlag } from '../devices/line/request-flags.js';
import { GuestIrq } from './irq.js';
import type { GuestPci } from './pci.js';

/** What the lines need of their guest. */
export interface LineParts {
  readonly irqCore: IrqCore;
  readonly platform: Platform;
  readonly fs: FileTree;
  readonly devices: DeviceLines;
  readonly pci: GuestPci;
  /** Whose line an IRQ is if no device here is wired to it: `channel 7`; undefined: nobody's. */
  readonly ownerOf: (irq: Irq) => string | undefined;
  /** Lets time go by until guest and host have done what they began. */
  readonly settle: () => Turns<void>;
}

/** The guest's interrupt lines outside VMBus: devices come, with drivers that request their lines, and go. */
export class GuestLines implements ScenarioLines {
  /** Descriptors that the architecture has set up, which stay when devices go (arch/x86/kernel/apic/io_apic.c mp_unmap_irq). */
  private readonly ofArchitecture: ReadonlySet<IrqDesc>;

  constructor(private readonly guest: LineParts) {
    this.ofArchitecture = new Set(guest.irqCore.descs());
    guest.pci.linesOfDomain = (number) => this.pullOutOfDomain(number);
  }

  /** The Linux IRQ with this number. @throws RangeError if there is none. */
  irq(number: Irq): GuestIrq {
    checkArgument('irq', irqNumber, number);
    const irq = this.known(number);
    void irq.desc;
    return irq;
  }

  /** The same for a number that is known to be one. */
  known(number: Irq): GuestIrq {
    return new GuestIrq(this.guest, number);
  }

  request(irq: Irq, request: LineRequestOptions): void {
    this.irq(irq).request(request);
  }

  free(irq: Irq, name?: string): string | null {
    return this.irq(irq).free(name);
  }

  release(irq: Irq, name?: string): void {
    this.irq(irq).release(name);
  }

  enable(irq: Irq): void {
    this.irq(irq).enable();
  }

  disable(irq: Irq, wait: DisableWait): void {
    const line = this.irq(irq);
    checkArgument('wait', disableWait, wait);
    if (wait === 'all') line.disable();
    else if (wait === 'hardirq') line.disableHardirq();
    else line.disableNosync();
  }

  synchronize(irq: Irq): void {
    this.irq(irq).synchronize();
  }

  setWake(irq: Irq, on: boolean): void {
    this.irq(irq).setWake(on);
  }

  /**
   * A line comes with its devices, and a driver for each of its names requests it.
   *
   * @throws RangeError if the number is taken, or the requests are refused.
   */
  plug(interrupt: InterruptOptions): void {
    checkArgument('interrupt', interruptArgument, interrupt);
    this.run(`plug IRQ ${interrupt.irq}`, this.plugIn(interrupt));
  }

  /**
   * A line's devices are taken away: their drivers free it, and its number is given back.
   *
   * @throws RangeError if there is no such line, or it is one of VMBus or KVM, or each CPU's own.
   */
  unplug(irq: Irq): void {
    const desc = this.irq(irq).deviceLine('it goes with that');
    if (irqSettingsIsPerCpuDevid(desc))
      throw new RangeError(
        `IRQ ${irq} is each CPU's own (${desc.action?.name ?? 'free'}): it stays with them`,
      );
    this.run(`unplug IRQ ${irq}`, this.pullOut(desc));
  }

  /**
   * A PCI function comes, and its driver takes it into service. One on a bus of pci-hyperv's that is in service waits for
   * its driver until /sys/bus/pci/rescan is written to.
   *
   * @returns what the kernel calls the device, e.g. `nvme0`; its address while it has no driver.
   * @throws ErrnoError what its probe fails with, such as ENOSPC; RangeError if its address or name is taken.
   */
  plugPci(device: PciDeviceOptions): string {
    checkArgument('device', pciArgument, device);
    const { pci, irqCore } = this.guest;
    const bus = pci.passedThrough.busFor(device);
    if (bus === undefined) return this.run(`plug ${device.driver}`, pci.plug(device));
    return irqCore.machine.calls.finish(this.passThrough(bus, device));
  }

  /**
   * A PCI function is taken away, by its device's name or its address: the host asks for one that it passes through.
   *
   * @throws RangeError if there is none; ErrnoError ENODEV if the guest has its bus not in service.
   */
  unplugPci(device: string): void {
    checkArgument('device', nonEmpty, device);
    const { pci, settle, irqCore } = this.guest;
    if (pci.eject(device)) irqCore.machine.calls.finish(settle());
    else this.run(`unplug ${device}`, pci.unplug(device));
  }

  /**
   * Changes the number of queues that a PCI network adapter uses (ethtool -L).
   *
   * @throws ErrnoError EOPNOTSUPP if its driver can't, EINVAL for an impossible number; RangeError without such a device.
   */
  setQueues(device: string, count: number): void {
    checkArgument('device', nonEmpty, device);
    checkArgument('count', anInt, count);
    this.run(`set_channels of ${device}`, this.guest.pci.setQueues(device, count));
  }

  /** `plug`, for who runs in the guest. */
  *plugIn(options: InterruptOptions): Procedure<void> {
    const { platform, irqCore, devices } = this.guest;
    const there = irqCore.desc(options.irq);
    if (there !== undefined && !this.ofArchitecture.has(there)) {
      this.known(options.irq).deviceLine('choose another number');
      throw new RangeError(`IRQ ${options.irq} is taken; choose another number`);
    }
    const interrupt = deviceInterrupt(options, irqCore.machine.nrCpuIds);
    if (interrupt.flow === 'percpu' || platform.isPerCpuLine?.(interrupt)) {
      // Its handlers are the platform's: the line is each CPU's own.
      yield* platform.addInterrupt(interrupt);
      return;
    }
    const { name, ...line } = interrupt;
    yield* platform.addInterrupt(line);
    const { desc } = this.irq(options.irq);
    if (options.node !== undefined) desc.data.node = options.node;
    const names = name?.split(', ') ?? [];
    const { answers, thread, costNs, threadCostNs } = options;
    const { flags = usualFlags(options.irq, names) } = options;
    for (const action of names) {
      const request = { name: action, answers, thread, costNs, threadCostNs, flags };
      const ret = yield* devices.request(desc, request);
      if (ret !== 0) throw new RangeError(`IRQ ${desc.irq} (${action}) cannot be requested: ${ret}`);
    }
  }

  private *passThrough(bus: HostDevice, device: PciDeviceOptions): Turns<string> {
    const { pci, settle } = this.guest;
    const devfn = pci.passedThrough.add(bus, device);
    yield* settle();
    return pci.nameBehind(bus.options.instanceId, devfn);
  }

  /** The lines of a PCI domain whose bus goes. */
  private *pullOutOfDomain(number: number): Procedure<void> {
    for (const desc of [...this.guest.irqCore.descs()])
      if (isOfPciDomain(desc, number)) yield* this.pullOut(desc);
  }

  private *pullOut(desc: IrqDesc): Procedure<void> {
    const { irqCore, devices } = this.guest;
    if (this.ofArchitecture.has(desc)) yield* freeLine(devices, desc);
    else yield* pullOutLine(irqCore, devices, desc);
  }

  private run<T>(what: string, proc: Procedure<T>): T {
    return this.guest.irqCore.machine.call(what, proc);
  }
}

/** Numbers of the messages of a domain's functions, where one irqdomain has those of many (pci_msi_domain_calc_hwirq). */
const HWIRQS_OF_DOMAIN = 2 ** 27;

/** Whether a line is that of a passed-through function of a PCI domain, as its action, its chip or its number says. */
function isOfPciDomain({ action, data }: IrqDesc, number: number): boolean {
  const { hwirq } = data;
  const chip = data.chip.name ?? '';
  const isHypervBus = chip === 'Hyper-V PCIe MSI';
  if (!isHypervBus && !chip.startsWith('HV-PCI-MSI')) return false;
  const domain = `${number.toString(16).padStart(4, '0')}:`;
  if (isHypervBus && Math.floor(hwirq / HWIRQS_OF_DOMAIN) === number) return true;
  const isNamed = action?.name?.includes(`@pci:${domain}`) === true;
  return isNamed || chip.includes(`-${domain}`);
}

/** What drivers request a line with: IRQ 0 is a PC's timer (arch/x86/kernel/time.c setup_default_timer_irq). */
function usualFlags(irq: Irq, names: readonly string[]): readonly RequestFlag[] {
  if (irq === 0 && names[0] === 'timer') return ['IRQF_NOBALANCING', 'IRQF_IRQPOLL', 'IRQF_TIMER'];
  return names.length > 1 ? ['IRQF_SHARED'] : [];
}
