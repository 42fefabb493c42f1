import type { KernelVersion } from '../../src/irq/kernel.js';
import type { CpuId, Ns, Relid } from '../../src/lib/brand.js';
import { builtinBackends } from '../../src/host/backends/index.js';
import type { HostBackend, HostDeviceOptions } from '../../src/host/device.js';
import { HyperV, type HyperVOptions } from '../../src/host/hyperv.js';
import { builtinDrivers } from '../../src/drivers/index.js';
import { defaultDeviceParameters, type DeviceParameters } from '../../src/drivers/device-parameters.js';
import type { MachineOptions } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import { LeanGuest } from '../../src/lab/lean-guest.js';
import type { VmbusChannel } from '../../src/vmbus/channel/channel.js';
import type { ChannelOperations } from '../../src/vmbus/channel/open.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import type { OfferCpusLock } from '../../src/vmbus/connection/connection.js';
import { deviceOf, type VmbusDevice, type VmbusDriver } from '../../src/vmbus/driver.js';
import { type Guid, parseGuid } from '../../src/vmbus/protocol/guid.js';
import type { VmbusDesign } from '../../src/vmbus/variants/design.js';
import type { GuestPort } from '../../src/vmbus/host-port.js';
import { brokenInvariants } from '../../src/vmbus/validate.js';
import { archSource } from '../../src/platform/platform.js';
import { GSI_TOP, X86Platform } from '../../src/platform/x86/platform.js';

const MS = 1_000_000;

export interface TestGuestOptions extends Partial<MachineOptions> {
  readonly devices?: readonly HostDeviceOptions[];
  /** The host of an earlier kernel, whose place this one takes; default: a host of its own. */
  readonly running?: HyperV;
  readonly host?: HyperVOptions;
  readonly design?: Partial<VmbusDesign>;
  /** A confidential VM; default false. */
  readonly isolation?: boolean;
  /** Default: until the channel is listed. */
  readonly offerCpusLock?: OfferCpusLock;
  /** The paravisor offers confidential VMBus; default false. */
  readonly confidential?: boolean;
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

/** A lean guest on x86, with host and drivers. */
export class TestGuest extends LeanGuest {
  readonly host: HyperV;
  private readonly platform: X86Platform;

  constructor({
    devices,
    running,
    host,
    design,
    isolation,
    confidential,
    offerCpusLock,
    settings,
    kernel,
    backends,
    drivers,
    ...cpus
  }: TestGuestOptions = {}) {
    let platform: X86Platform | undefined;
    let hyperv: HyperV | undefined;
    super({
      machine: { present: 8, ...cpus },
      irq: { dynirqLowerBound: GSI_TOP, ...(kernel && { kernel }) },
      design,
      isolation,
      confidential,
      offerCpusLock,
      makeLine: (machine, irq, accounting) => {
        platform = new X86Platform(machine, irq, accounting);
        return platform.vmbusLine;
      },
      makeHost: ({ machine, memory, line }) => {
        const port: GuestPort = {
          memory,
          interrupt: (cpu) => line.raise(cpu),
          suspend: (ns) => machine.pause(ns),
        };
        running?.attach(port);
        hyperv =
          running ?? new HyperV(machine.clock, port, { backends: backends ?? builtinBackends(), ...host });
        return hyperv;
      },
      makeDrivers: (operations) =>
        drivers?.(operations) ??
        builtinDrivers.map((Driver) => new Driver(operations, { ...defaultDeviceParameters, ...settings })),
    });
    if (platform === undefined || hyperv === undefined) throw new Error('a guest without platform or host');
    this.platform = platform;
    this.host = hyperv;
    for (const offer of devices ?? []) this.host.offer(offer);
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

  channel(relid: Relid): VmbusChannel {
    const channel = this.connection.relids.relid2channel(relid);
    if (channel === undefined) throw new Error(`the guest has no channel ${relid}`);
    return channel;
  }

  device(relid: Relid): VmbusDevice {
    const device = deviceOf(this.channel(relid));
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
    return desc?.cold.kstat.reduce((sum, count) => sum + count, 0) ?? 0;
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
