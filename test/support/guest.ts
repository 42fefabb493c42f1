import { earlyIrqInit, type IrqCore } from '../../src/irq/core.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import type { CpuId, Ns, Relid } from '../../src/lib/brand.js';
import { builtinBackends } from '../../src/host/backends/index.js';
import type { HostBackend, HostDeviceOptions } from '../../src/host/device.js';
import { HyperV, type HyperVOptions } from '../../src/host/hyperv.js';
import { builtinDrivers } from '../../src/drivers/index.js';
import { defaultDeviceParameters, type DeviceParameters } from '../../src/drivers/device-parameters.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import type { VmbusChannel } from '../../src/vmbus/channel/channel.js';
import { ChannelOperations } from '../../src/vmbus/channel/open.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../../src/vmbus/driver.js';
import { GuestMemory } from '../../src/vmbus/guest-memory.js';
import { type Guid, parseGuid } from '../../src/vmbus/protocol/guid.js';
import { defaultDesign, type VmbusDesign } from '../../src/vmbus/variants/design.js';
import { lineAccountings } from '../../src/vmbus/variants/index.js';
import { brokenInvariants } from '../../src/vmbus/validate.js';
import { Vmbus } from '../../src/vmbus/vmbus.js';
import { VmbusConnection } from '../../src/vmbus/connection.js';
import { archSource } from '../../src/platform/platform.js';
import { GSI_TOP, X86Platform } from '../../src/platform/x86/platform.js';

const MS = 1_000_000;

export interface TestGuestOptions extends Partial<MachineOptions> {
  readonly devices?: readonly HostDeviceOptions[];
  readonly host?: HyperVOptions;
  readonly design?: Partial<VmbusDesign>;
  /** A confidential VM; default false. */
  readonly isolation?: boolean;
  readonly settings?: Partial<DeviceParameters>;
  readonly kernel?: KernelVersion;
  readonly backends?: readonly HostBackend[];
  readonly drivers?: (operations: ChannelOperations) => readonly VmbusDriver[];
}

/** A device of a class by its short name, with an instance id made of its relid. */
export function device(
  className: string,
  relid: Relid,
  options: Partial<HostDeviceOptions> = {},
): HostDeviceOptions {
  return { classId: deviceClassId(className), instanceId: instanceOf(relid), relid, ...options };
}

export function instanceOf(relid: Relid): Guid {
  const digits = relid.toString(16).padStart(4, '0');
  return parseGuid(`0000${digits}-${digits}-4000-8000-000000000000`);
}

/** A small guest on x86: machine, interrupt layer, host, VMBus and drivers, put together by hand. */
export class TestGuest {
  readonly machine: Machine;
  readonly irq: IrqCore;
  readonly memory = new GuestMemory();
  readonly host: HyperV;
  readonly vmbus: Vmbus;
  private readonly platform: X86Platform;

  constructor(options: TestGuestOptions = {}) {
    this.machine = new Machine({ present: 8, ...options });
    this.irq = earlyIrqInit(this.machine, {
      dynirqLowerBound: GSI_TOP,
      ...(options.kernel && { kernel: options.kernel }),
    });
    const design = { ...defaultDesign, ...options.design };
    this.platform = new X86Platform(this.machine, this.irq, lineAccountings[design.topLevel]);
    const { vmbusLine } = this.platform;
    this.host = new HyperV(
      this.machine.clock,
      { memory: this.memory, interrupt: (cpu) => vmbusLine.raise(cpu) },
      { backends: options.backends ?? builtinBackends(), ...options.host },
    );
    const settings = { ...defaultDeviceParameters, ...options.settings };
    const connection = new VmbusConnection(this.machine, this.host, this.memory, this.irq, {
      isolation: options.isolation,
      design,
    });
    const operations = new ChannelOperations(connection, this.irq);
    const drivers =
      options.drivers?.(operations) ?? builtinDrivers.map((Driver) => new Driver(operations, settings));
    this.vmbus = new Vmbus(connection, operations, vmbusLine, drivers);
    for (const offer of options.devices ?? []) this.host.offer(offer);
  }

  /** Connects and lets all drivers finish. */
  boot(): this {
    this.run(this.vmbus.init());
    this.settle();
    return this;
  }

  /** Runs a process context to its end. What must always hold of VMBus is looked at before and after. */
  run<T>(proc: Procedure<T>): T {
    this.validate();
    try {
      return this.machine.run('test', proc);
    } finally {
      this.validate();
    }
  }

  /** @throws Error if an invariant of VMBus is broken. */
  validate(): void {
    const broken = brokenInvariants(this.vmbus);
    if (broken.length > 0) throw new Error(`broken: ${broken.join('; ')}`);
  }

  /** Lets everything happen that is going to happen by itself, at most `ns`. */
  settle(ns: Ns = 400_000 * MS): void {
    const { clock } = this.machine;
    const end = clock.now + ns;
    this.machine.settle();
    this.validate();
    for (;;) {
      const next = clock.nextTime;
      if (next === undefined) break;
      if (next > end) throw new Error(`still busy at ${clock.now} ns: next event at ${next}`);
      clock.runNext();
      this.machine.settle();
    }
    this.validate();
  }

  get connection() {
    return this.vmbus.connection;
  }

  channel(relid: Relid): VmbusChannel {
    const channel = this.connection.relids.relid2channel(relid);
    if (channel === undefined) throw new Error(`the guest has no channel ${relid}`);
    return channel;
  }

  device(relid: Relid): VmbusDevice {
    const { device } = this.channel(relid);
    if (device === undefined) throw new Error(`channel ${relid} has no device`);
    return device;
  }

  /** Control messages that came: the HYP row. */
  get controlInterrupts(): number {
    return archSource(this.platform, 'HYP').counts.reduce((sum, count) => sum + count, 0);
  }

  /** Every VMBus IRQ with an action: number, relid, name. */
  rows(): (readonly [irq: number, relid: number, name: string])[] {
    const rows: (readonly [number, number, string])[] = [];
    for (const desc of this.irq.descs()) {
      const { action, data } = desc;
      if (action !== undefined && data.chip.name === 'VMBus')
        rows.push([desc.irq, data.hwirq, action.name ?? '']);
    }
    return rows;
  }

  /** Interrupts of a channel counted by the interrupt layer, on all CPUs. */
  count(relid: Relid): number {
    const desc = this.irq.desc(this.channel(relid).irq);
    return desc?.kstat.reduce((sum, count) => sum + count, 0) ?? 0;
  }

  offline(cpu: CpuId): void {
    this.run(this.machine.hotplug.cpuDown(cpu));
  }

  online(cpu: CpuId): void {
    this.run(this.machine.hotplug.cpuUp(cpu));
  }

  /** Texts of the kernel log. */
  log(): string[] {
    return this.machine.log.lines.map(({ text }) => text);
  }
}
