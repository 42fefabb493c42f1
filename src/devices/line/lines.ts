import type { CpuId } from '../../lib/brand.js';
import type { IrqCore } from '../../irq/core.js';
import { noIrqChip } from '../../irq/data/dummychip.js';
import type { IrqChip, IrqDataDesc } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { freeIrq } from '../../irq/management/free.js';
import { requestIrq, requestThreadedIrq } from '../../irq/management/request.js';
import type { Procedure } from '../../machine/step.js';
import type { Platform } from '../../platform/platform.js';
import { ChipHardware } from './chip-hardware.js';
import { LineDelivery } from './delivery.js';
import { LineDevice } from './line-device.js';
import { type HandlerOptions, LineDriver } from './line-driver.js';
import { flagsOf, type RequestFlag } from './request-flags.js';
import { Wire } from './wire.js';
import { wiredChip } from './wired-chip.js';

/** A driver's request of an interrupt. */
export interface LineRequest extends HandlerOptions {
  /** Name of the action. */
  readonly name: string;
  /** IRQF_*; default: none. */
  readonly flags?: readonly RequestFlag[];
}

/** Which device wants service. */
export interface RaiseOptions {
  /** The device, by the name of its action; default: the first on the line that has a driver. */
  readonly name?: string;
  /** The CPU whose line is meant, of a per-CPU line; of no other one. */
  readonly cpu?: CpuId;
}

/**
 * The devices on the interrupt lines of a machine, and their drivers. A line is wired when first used by one: to what its
 * platform has for it, or else to hardware that goes by what the line's chip is told.
 */
export class DeviceLines {
  private readonly delivery: LineDelivery;
  private readonly wires = new WeakMap<IrqDataDesc, Wire>();
  private readonly hardware = new WeakMap<IrqDataDesc, ChipHardware>();
  private readonly wiredChips = new Map<IrqChip, IrqChip>();
  private readonly ownChips = new WeakSet<IrqChip>();
  private isInstalled = false;

  /** @param platform what its controllers offer to devices. */
  constructor(
    private readonly core: IrqCore,
    private readonly platform: Pick<Platform, 'lineHardware'>,
  ) {
    this.delivery = new LineDelivery(core.machine);
  }

  /** The hardware of a line. A line without a controller has none that could do anything. */
  wire(desc: IrqDesc): Wire {
    const wire = this.wires.get(desc) ?? this.makeWire(desc);
    const { data } = desc;
    if (this.hardware.has(desc) && data.chip !== noIrqChip && !this.ownChips.has(data.chip))
      data.setChip(this.wiredChip(data.chip));
    return wire;
  }

  /** True once a device or a driver has used the line. */
  isWired(desc: IrqDesc): boolean {
    return this.wires.has(desc);
  }

  /**
   * A device has its line interrupt a CPU, which handles that before this returns unless it cannot now.
   *
   * @throws RangeError for a line without a controller, a device that is not there, or a CPU where none may or must be
   *   named.
   */
  raise(desc: IrqDesc, { name, cpu }: RaiseOptions = {}): void {
    if (desc.data.chip === noIrqChip) throw new RangeError(`IRQ ${desc.irq} has no interrupt controller`);
    if (desc.percpuEnabled !== null)
      throw new RangeError(`IRQ ${desc.irq} is enabled CPU by CPU: its controller alone raises it`);
    const wire = this.wire(desc);
    if (wire.isPerCpu !== (cpu !== undefined)) {
      const what = wire.isPerCpu ? 'is a per-CPU one: say of which CPU' : 'goes where its affinity says';
      throw new RangeError(`IRQ ${desc.irq} ${what}`);
    }
    if (cpu !== undefined) void this.core.machine.cpu(cpu);
    wire.raise(deviceNamed(wire, name), cpu);
  }

  /** Requests the line for a device's driver; 0 or a negative errno. @throws RangeError for a flag that there is not. */
  *request(desc: IrqDesc, { name, flags = [], ...handler }: LineRequest): Procedure<number> {
    const { core } = this;
    const { irq } = desc;
    const word = flagsOf(flags);
    const wire = this.wire(desc);
    const device = freeDevice(wire, name) ?? new LineDevice(name);
    const driver = new LineDriver(core.machine, wire, device, handler, word);
    const ret =
      driver.threadFn === null && driver.handler !== null
        ? yield* requestIrq(core, irq, driver.handler, word, name, driver)
        : yield* requestThreadedIrq(core, irq, driver.handler, driver.threadFn, word, name, driver);
    if (ret !== 0) return ret;
    device.name = name;
    device.driver = driver;
    if (!wire.devices.includes(device)) wire.devices.push(device);
    return 0;
  }

  /**
   * A driver quiets its device and frees the line.
   *
   * @param name of the action; undefined: the first one.
   * @returns the name; null if there is no such action, which the kernel warns of.
   */
  *free(desc: IrqDesc, name: string | undefined): Procedure<string | null> {
    const found = [...desc.actions()].find((action) => name === undefined || action.name === name);
    const wire = this.wires.get(desc);
    const device = wire?.devices.find(({ driver }) => driver !== undefined && driver === found?.devId);
    if (device !== undefined) wire?.lower(device, 'given up');
    const freed = yield* freeIrq(this.core, desc.irq, found === undefined ? { name } : found.devId);
    if (device !== undefined) device.driver = undefined;
    return freed;
  }

  /** The line's devices are gone. */
  unplug(desc: IrqDesc): void {
    this.wires.get(desc)?.cut();
    this.wires.delete(desc);
    this.hardware.delete(desc);
  }

  private makeWire(desc: IrqDesc): Wire {
    const wire = new Wire(desc, this.platform.lineHardware?.(desc) ?? this.makeHardware(desc));
    this.wires.set(desc, wire);
    return wire;
  }

  private makeHardware(desc: IrqDesc): ChipHardware {
    if (!this.isInstalled) this.delivery.install();
    this.isInstalled = true;
    const hardware = new ChipHardware(desc, this.core.machine, this.delivery);
    this.hardware.set(desc, hardware);
    return hardware;
  }

  private wiredChip(chip: IrqChip): IrqChip {
    let wired = this.wiredChips.get(chip);
    if (wired === undefined) {
      wired = wiredChip(chip, (data) => this.hardware.get(data.desc));
      this.wiredChips.set(chip, wired);
      this.ownChips.add(wired);
    }
    return wired;
  }
}

function deviceNamed(wire: Wire, name: string | undefined): LineDevice {
  const { devices, desc } = wire;
  const driven = devices.find(({ driver }) => driver !== undefined) ?? devices[0];
  const device = name === undefined ? driven : devices.find((candidate) => candidate.name === name);
  if (device !== undefined) return device;
  if (name !== undefined) {
    const there = devices.map((candidate) => candidate.name).join(', ') || 'none';
    throw new RangeError(`IRQ ${desc.irq} has no device ${name}; its devices: ${there}`);
  }
  const unnamed = new LineDevice('');
  devices.push(unnamed);
  return unnamed;
}

/** A device that the driver finds without one: that of its name, or else any. */
function freeDevice({ devices }: Wire, name: string): LineDevice | undefined {
  const free = devices.filter(({ driver }) => driver === undefined);
  return free.find((device) => device.name === name) ?? free[0];
}
