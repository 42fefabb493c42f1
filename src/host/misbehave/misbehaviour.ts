import type { CpuId, Relid } from '../../lib/brand.js';
import { Prng } from '../../lib/prng.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import type { HostChannel } from '../device.js';
import type { OutgoingPacket } from '../outgoing.js';
import type { HostSchedule } from '../schedule.js';
import type { SynicSender } from '../synic-sender.js';
import { deedNamed } from './deeds.js';
import { GuestSignal } from './guest-signal.js';
import { SentMessage } from './message.js';
import { Outlet } from './outlet.js';
import { SentPacket } from './packet.js';
import { pokeRing, type RingName, type RingPlace } from './rings.js';
import { ActiveRule, checkRule, type MisbehaveRule } from './rule.js';
import type { Sent } from './sent.js';
import { refuseEventFlag, SentSignal } from './signal.js';

/**
 * What stands between the host and its guest: passes on what the host sends, but for what a rule is about. Without rules
 * it costs one comparison for each thing sent.
 */
export class Misbehaviour {
  private readonly rules: ActiveRule[] = [];
  private readonly outlet: Outlet;

  constructor(
    private readonly synic: SynicSender,
    schedule: HostSchedule,
    seed: number,
  ) {
    this.outlet = new Outlet(schedule, new Prng(seed));
  }

  /**
   * From now on the host does this too; of several rules for one thing the first counts.
   *
   * @throws RangeError for a rule that makes no sense.
   */
  add(rule: MisbehaveRule): void {
    checkRule(rule);
    this.rules.push(new ActiveRule(rule, this.outlet.prng));
  }

  /** The host behaves from now on; what it has held back is sent. */
  stop(): void {
    this.rules.length = 0;
    this.outlet.releaseAll();
  }

  /** Sends a control message. */
  post(message: Uint8Array): void {
    if (this.rules.length === 0) this.synic.post(message);
    else this.send(new SentMessage(message, this.synic));
  }

  /** Signals a channel. */
  signal(channel: HostChannel): void {
    if (this.rules.length === 0) this.synic.signal(channel);
    else this.send(new SentSignal(channel, this.synic));
  }

  /** The guest signals a channel, which `hear` is what the host does about. */
  guestSignal(channel: HostChannel, hear: (channel: HostChannel) => void): void {
    if (this.rules.length === 0) hear(channel);
    else this.send(new GuestSignal(channel, hear));
  }

  /** Writes packets into the ring to the guest, and signals once if need be. */
  put(channel: HostChannel, packets: readonly OutgoingPacket[]): void {
    let mustSignal = false;
    for (const packet of packets) {
      if (this.rules.length > 0) this.packet(channel, packet.payload, packet.transactionId, packet.type);
      else if (channel.put(packet)) mustSignal = true;
    }
    if (mustSignal) this.signal(channel);
  }

  /** Writes a packet into the ring to the guest, and signals if need be. */
  packet(
    channel: HostChannel,
    payload: Uint8Array,
    transactionId: number,
    type: number = VM_PKT.DATA_INBAND,
  ): void {
    if (this.rules.length === 0) {
      if (channel.write(payload, transactionId, type)) this.signal(channel);
      return;
    }
    this.send(new SentPacket(channel, { payload, transactionId, type }, (of) => this.signal(of)));
  }

  /**
   * Sets the event flag of `relid` on `cpu` and interrupts that, whatever either means to the guest.
   *
   * @throws RangeError if there is no such flag.
   */
  raise(relid: Relid, cpu: CpuId): void {
    refuseEventFlag(relid);
    this.synic.raise(relid, cpu);
  }

  /** Sets an event flag without an interrupt. @throws RangeError if there is no such flag. */
  flag(relid: Relid, cpu: CpuId): void {
    refuseEventFlag(relid);
    this.synic.flag(relid, cpu);
  }

  /** Interrupts `cpu` for nothing. */
  kick(cpu: CpuId): void {
    this.synic.kick(cpu);
  }

  /** Overwrites 32 bits of an open channel's ring: see pokeRing. */
  poke(channel: HostChannel, ring: RingName, place: RingPlace | number, value: number): void {
    pokeRing(channel, ring, place, value);
  }

  private send(sent: Sent): void {
    const rule = this.ruleFor(sent);
    if (rule === undefined) this.outlet.now(sent, () => sent.send());
    else deedNamed(rule.deed).perform(this.outlet, sent, rule);
  }

  /** The first rule whose turn it is. All of them count. */
  private ruleFor(sent: Sent): MisbehaveRule | undefined {
    let found: MisbehaveRule | undefined;
    for (const active of this.rules) if (active.applies(sent)) found ??= active.rule;
    return found;
  }
}
