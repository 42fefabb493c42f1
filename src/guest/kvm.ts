import { assert } from '../lib/assert.js';
import type { Ns } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import { IRQF_SHARED } from '../irq/data/irqaction.js';
import { requestIrq } from '../irq/management/request.js';
import { GuestIoapic, Kvm, type ResamplerLifetimeFactory, UserDevice } from '../kvm/index.js';
import type { Procedure } from '../machine/step.js';
import type { Platform } from '../platform/platform.js';
import { X86Platform } from '../platform/x86/platform.js';
import type { KvmDeviceOptions, KvmGuestOptions } from '../scenario/options/kvm.js';

/** What came of the devices up to now. */
export interface KvmCounts {
  /** Things that the devices had for their drivers; those that were done; those that were not. */
  readonly wants: number;
  readonly served: number;
  readonly unserved: number;
  /** Interrupts of the devices' lines. */
  readonly interrupts: number;
  /** Times that an irqfd asserted its line. */
  readonly asserts: number;
  /** Times that an irqfd was deassigned and assigned again. */
  readonly reassigned: number;
  /** Irqfds whose assertion was taken away without a word to user space, which lose their interrupt. */
  readonly unnotified: number;
  /** Lines that a source holds high which no irqfd has. */
  readonly orphaned: number;
  /** Source ids that are taken, of 64. */
  readonly sourceIds: number;
}

/** A device, and when it does what. */
class Schedule {
  private wants = 0;
  private reassigns = 0;

  constructor(
    readonly device: UserDevice,
    private readonly options: KvmDeviceOptions,
  ) {}

  get things(): number {
    return this.options.wants ?? 1;
  }

  /** When it asks for service next, from the end of booting; undefined: no more. */
  get nextWantNs(): Ns | undefined {
    return this.inTime(this.wants * this.options.everyNs);
  }

  /** When its irqfd is deassigned and assigned again next. */
  get nextReassignNs(): Ns | undefined {
    const { reassignNs } = this.options;
    return reassignNs === undefined ? undefined : this.inTime((this.reassigns + 1) * reassignNs);
  }

  isWantDue(now: Ns): boolean {
    if (this.nextWantNs !== now) return false;
    this.wants += 1;
    return true;
  }

  isReassignDue(now: Ns): boolean {
    if (this.nextReassignNs !== now) return false;
    this.reassigns += 1;
    return true;
  }

  private inTime(ns: Ns): Ns | undefined {
    return ns < this.options.duringNs ? (this.options.fromNs ?? 0) + ns : undefined;
  }
}

/**
 * KVM under a guest, and the devices of user space that interrupt it. The host's threads run on the guest's own machine:
 * whichever can go on takes its turn, so that of the ways in which they can interleave one is seen. The explorer's race
 * `level-irqfd` tries the others.
 */
export class GuestKvm {
  /** KVM itself, for what is not asked for here. */
  readonly kvm: Kvm;
  readonly devices: readonly UserDevice[];
  private readonly ioapic: GuestIoapic;
  private readonly schedules: readonly Schedule[];
  private startNs: Ns = 0;
  private reassigned = 0;

  /** @throws RangeError if the platform has no IO-APIC, or intervals are not above 0. */
  constructor(
    private readonly core: IrqCore,
    platform: Platform,
    options: KvmGuestOptions,
    irqfdSource: ResamplerLifetimeFactory,
  ) {
    if (!(platform instanceof X86Platform)) throw new RangeError('level-triggered irqfds need an x86 guest');
    const { machine } = core;
    this.kvm = new Kvm(machine, machine, {
      resamplers: irqfdSource,
      resamplesAtUnmask: core.behaviour.kvmResamplesAtUnmask,
    });
    this.ioapic = new GuestIoapic(core, this.kvm.ioapic, this.kvm.vcpus, platform.ioapic);
    this.schedules = options.devices.map((device) => {
      const { name, gsi, everyNs, reassignNs = 1 } = device;
      if (!(everyNs > 0 && reassignNs > 0))
        throw new RangeError(`device ${name}: expected intervals above 0 ns`);
      return new Schedule(new UserDevice(this.kvm, name, gsi), device);
    });
    this.devices = this.schedules.map(({ device }) => device);
  }

  /**
   * The guest's drivers take over their lines, user space ties its devices to them.
   *
   * @throws RangeError if an interrupt is another one's.
   */
  *boot(): Procedure<void> {
    const { core, kvm } = this;
    for (const gsi of this.gsis()) this.ioapic.map(gsi, 'level');
    for (const device of this.devices) {
      const { name, gsi, handler } = device;
      const isShared = this.devices.some((other) => other !== device && other.gsi === gsi);
      const ret = yield* requestIrq(core, gsi, handler, isShared ? IRQF_SHARED : 0, name, device);
      if (ret !== 0) throw new RangeError(`IRQ ${gsi} (${name}) cannot be requested: ${ret}`);
      yield* device.watch();
      const assigned = yield* device.assign();
      assert(assigned === 0, 'an irqfd was refused', { name, gsi, assigned, irqchip: kvm.irqchip });
    }
  }

  /** From now on the devices do what their options say. */
  start(): void {
    this.startNs = this.core.machine.clock.now;
    this.scheduleNext();
  }

  /** What came of the devices up to now. */
  counts(): KvmCounts {
    const { kvm, devices, core, reassigned } = this;
    const served = devices.reduce((sum, device) => sum + device.served, 0);
    const unserved = devices.reduce((sum, device) => sum + device.wanted, 0);
    return {
      wants: served + unserved,
      served,
      unserved,
      interrupts: this.gsis().reduce((sum, gsi) => sum + (core.desc(gsi)?.totCount ?? 0), 0),
      asserts: kvm.ledger.asserts,
      reassigned,
      unnotified: kvm.ledger.unnotified().length,
      orphaned: kvm.ledger.orphaned(kvm.irqfds).length,
      sourceIds: kvm.sourceIds.taken,
    };
  }

  private gsis(): number[] {
    return [...new Set(this.devices.map(({ gsi }) => gsi))];
  }

  /** What falls on the same moment is begun together, for only then can one thing come between another's steps. */
  private scheduleNext(): void {
    const times = this.schedules.flatMap(({ nextWantNs, nextReassignNs }) => [nextWantNs, nextReassignNs]);
    const next = times.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
    if (next === undefined) return;
    const { clock } = this.core.machine;
    clock.after(this.startNs + next - clock.now, {
      fire: () => {
        this.begin(next);
        this.scheduleNext();
      },
    });
  }

  private begin(now: Ns): void {
    const { machine } = this.core;
    for (const schedule of this.schedules) {
      const { device, things } = schedule;
      if (schedule.isReassignDue(now)) machine.spawn(`reassign ${device.name}`, this.reassign(device));
      if (schedule.isWantDue(now)) machine.spawn(`device ${device.name}`, device.want(things));
    }
  }

  private *reassign(device: UserDevice): Procedure<void> {
    const ret = yield* device.reassign();
    assert(ret === 0, 'an irqfd could not be assigned again', { name: device.name, ret });
    this.reassigned += 1;
  }
}
