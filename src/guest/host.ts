import type { CpuId, Relid } from '../lib/brand.js';
import { vsockService } from '../drivers/hv-sock/driver.js';
import type { HostChannel, HostDevice } from '../host/device.js';
import type { HyperV } from '../host/hyperv.js';
import type { RingName, RingPlace } from '../host/misbehave/rings.js';
import { relidsOf } from '../host/relids.js';
import type { MisbehaveRule } from '../host/misbehave/rule.js';
import type { HostTotals } from '../host/totals.js';
import type { Machine } from '../machine/machine.js';
import type { Turns } from '../machine/turns.js';
import { offeredDevices } from '../scenario/offered-devices.js';
import type { DeviceOptions } from '../scenario/options/devices.js';
import type { ScenarioHost } from '../scenario/port.js';
import type { CrashReport } from '../vmbus/host-port.js';
import {
  anyRelid,
  bool,
  cpu as cpuNumber,
  deviceArgument,
  messageBytes,
  relid as relidNumber,
  ringName,
  ringPlace,
  ruleArgument,
  times as howOften,
  u32,
} from './arguments.js';
import { checkArgument } from './check-argument.js';
import type { DeviceSettings } from './device-settings.js';
import type { PassedThrough } from './passed-through.js';

/** The guest's Hyper-V host, for whoever steers it. */
export class GuestHost implements ScenarioHost {
  /** Relids that devices were plugged in with, those of their sub-channels included. */
  private readonly known = new Set<Relid>();
  /** Virtual processors. */
  private readonly vps: number;

  constructor(
    /** The machine of the kernel that runs now. */
    private readonly machine: () => Machine,
    /** The host itself, for what is not asked for here. */
    readonly hyperv: HyperV,
    private readonly settings: DeviceSettings,
    private readonly passedThrough: PassedThrough,
    private readonly quiesce: () => Turns<void>,
  ) {
    this.vps = machine().nrCpuIds;
  }

  get totals(): HostTotals {
    return this.hyperv.totals;
  }

  /**
   * Adds a device; the guest hears of it when it asks for offers, or soon. Sub-channels that it names no relids for get
   * those behind the highest one in use.
   *
   * @throws TypeError or RangeError for what is no device; RangeError if its relid is in use.
   */
  plug(given: DeviceOptions): void {
    checkArgument('device', deviceArgument, given);
    const [[device]] = offeredDevices([given], relidsOf(this.hyperv.devices));
    const offered = this.hyperv.offer(this.settings.add(device));
    this.known.add(device.relid);
    for (const relid of offered.options.subChannelRelids ?? []) this.known.add(relid);
    if (device.driver === 'netvsc' && device.vf !== undefined) this.passedThrough.pair(offered, device.vf);
    if (device.driver !== 'vpci') return;
    for (const one of device.functions ?? []) this.passedThrough.add(offered, one);
  }

  /**
   * Offers one more device; returns when the guest has taken it into service, or dropped it.
   *
   * @throws TypeError or RangeError for what is no device; RangeError if its relid is in use.
   */
  offer(device: DeviceOptions): void {
    this.plug(device);
    this.finish();
  }

  /**
   * Takes a channel back, a primary one with its sub-channels; returns when the guest has given it up.
   *
   * @throws RangeError if the host has no such channel.
   */
  rescind(relid: Relid): void {
    checkArgument('relid', anyRelid, relid);
    this.passedThrough.takeBack(this.primaryOf(relid));
    this.hyperv.rescind(relid);
    this.finish();
  }

  /** The device whose primary channel this is. */
  private primaryOf(relid: Relid): HostDevice | undefined {
    const channel = this.hyperv.channel(relid);
    return channel?.isPrimary === true ? channel.device : undefined;
  }

  /** A service of the host listens on a vsock port. */
  listen(port: number): void {
    checkArgument('port', u32, port);
    this.hyperv.services.add(vsockService(port));
  }

  /**
   * The timer stimer0 of a CPU expires `times` times, by messages: a host without direct mode of synthetic timers. Returns
   * when the guest has taken them.
   */
  timerExpired(cpu: CpuId, times = 1): void {
    this.checkVp(cpu);
    checkArgument('times', howOften, times);
    this.machine().calls.finish(this.timerExpiring(cpu, times));
  }

  private *timerExpiring(cpu: CpuId, times: number): Turns<void> {
    for (let i = 0; i < times; i++) {
      this.hyperv.timerExpired(cpu);
      yield* this.quiesce();
    }
  }

  /**
   * Signals a channel.
   *
   * @returns how many of the `times` signals were sent: none unless it is open.
   * @throws RangeError if the host has no such channel, nor has had, nor keeps the relid for one.
   */
  signal(relid: Relid, times = 1): number {
    if (typeof relid !== 'number' || this.hyperv.channel(relid) === undefined) {
      checkArgument('relid', relidNumber, relid);
      if (this.known.has(relid)) return 0;
      throw new RangeError(`the host has no channel ${relid}`);
    }
    if (times !== 1) checkArgument('times', howOften, times);
    const sent = this.hyperv.signal(relid, times);
    this.machine().settle();
    return sent;
  }

  /**
   * From now on the host misbehaves as the rule says; several rules add up.
   *
   * @throws TypeError or RangeError for a rule that makes no sense.
   */
  misbehave(rule: MisbehaveRule): void {
    checkArgument('rule', ruleArgument, rule);
    this.hyperv.faults.add(rule);
  }

  /** The host behaves again. */
  behave(): void {
    this.hyperv.faults.stop();
    this.finish();
  }

  /** Sends a control message, whether it makes sense or not; returns when the guest has dealt with it. */
  send(message: Uint8Array): void {
    checkArgument('message', messageBytes, message);
    this.hyperv.postRaw(message);
    this.finish();
  }

  /** Sets the event flag of a relid on a CPU and interrupts that CPU. @throws RangeError if there is no such flag. */
  raise(relid: Relid, cpu: CpuId): void {
    this.checkFlag(relid, cpu);
    this.hyperv.faults.raise(relid, cpu);
    this.machine().settle();
  }

  /**
   * The host takes nothing out of a channel's ring from the guest any more, or does so again.
   *
   * @throws RangeError if the host has no such channel.
   */
  drain(relid: Relid, on: boolean): void {
    checkArgument('relid', relidNumber, relid);
    checkArgument('on', bool, on);
    this.hyperv.drain(relid, on);
    this.finish();
  }

  /** Sets an event flag without an interrupt: the next interrupt of that CPU finds it. @throws RangeError if there is none. */
  flag(relid: Relid, cpu: CpuId): void {
    this.checkFlag(relid, cpu);
    this.hyperv.faults.flag(relid, cpu);
  }

  /** Interrupts a CPU for nothing. */
  kick(cpu: CpuId): void {
    this.checkVp(cpu);
    this.hyperv.faults.kick(cpu);
    this.machine().settle();
  }

  /**
   * Overwrites 32 bits of the header of an open channel's ring, or of its data.
   *
   * @throws RangeError if the channel is not open, or the ring has no such place.
   */
  poke(relid: Relid, ring: RingName, place: RingPlace | number, value: number): void {
    checkArgument('relid', relidNumber, relid);
    checkArgument('ring', ringName, ring);
    checkArgument('place', ringPlace, place);
    checkArgument('value', u32, value);
    const channel = this.hyperv.channel(relid);
    if (channel === undefined) throw new RangeError(`the host has no channel ${relid}`);
    this.hyperv.faults.poke(channel, ring, place, value);
  }

  /** The call is over when guest and host have done what they began. */
  private finish(): void {
    this.machine().calls.finish(this.quiesce());
  }

  /** A crash kernel may have fewer CPUs than its host has virtual processors. */
  private checkVp(cpu: CpuId): void {
    checkArgument('cpu', cpuNumber, cpu);
    if (cpu >= this.vps) throw new RangeError(`there is no CPU ${cpu}: the host has made 0-${this.vps - 1}`);
  }

  private checkFlag(relid: Relid, cpu: CpuId): void {
    checkArgument('relid', anyRelid, relid);
    this.checkVp(cpu);
  }

  /** What kernels of the guest have told the host when they panicked, the latest last. */
  get crashes(): readonly CrashReport[] {
    return this.hyperv.crashes;
  }

  /** The channel as the host knows it, with its counts of events. */
  channel(relid: Relid): HostChannel | undefined {
    return this.hyperv.channel(relid);
  }
}
