import type { CpuId, Ns, Relid } from '../lib/brand.js';
import { Prng } from '../lib/prng.js';
import { CHANNELMSG, decodeMessage } from '../vmbus/protocol/channel-messages.js';
import { HV_EVENT_FLAGS_COUNT } from '../vmbus/synic.js';
import { type RingBuffer, RING_WORD } from '../vmbus/ring/index.js';
import type { HostSchedule } from './schedule.js';
import type { HostChannel } from './host-channel.js';
import {
  type HostMessageName,
  messageField,
  messageFieldNames,
  packetField,
  packetFieldNames,
  SIZE_FIELD,
  signalFieldNames,
  WRITE_INDEX_FIELD,
  type WireField,
} from './misbehave-fields.js';
import type { OutgoingPacket } from './outgoing.js';
import type { SynicSender } from './synic-sender.js';

/** Kinds of things that a host sends. */
export const sentKinds = ['message', 'signal', 'packet'] as const;
export type SentKind = (typeof sentKinds)[number];

/** What a misbehaving host does with a thing instead of sending it. */
export const deeds = ['drop', 'delay', 'duplicate', 'reorder', 'corrupt'] as const;
export type Deed = (typeof deeds)[number];

/** One way in which a host misbehaves: to what, how often, and what it does. */
export interface MisbehaveRule {
  readonly what: SentKind;
  /** Only messages of this type. */
  readonly message?: HostMessageName;
  /** Only what is about this channel. */
  readonly relid?: Relid;
  /** Only from the nth on, counted from 1 since the rule was made. */
  readonly nth?: number;
  /** So many; default 1 if `nth` is given, else all. */
  readonly times?: number;
  /** Each of them with this probability; default 1. */
  readonly chance?: number;
  readonly deed: Deed;
  /** delay: by how much; reorder: how long to wait at most for something to be overtaken by. Default 1 ms. */
  readonly byNs?: Ns;
  /**
   * corrupt: the field that is changed, and to what. Messages have the fields of misbehave-fields.ts, a signal `relid`
   * and `cpu`, a packet those of its descriptor and `trailer`, `payload`, `writeIndex`. Default: random.
   */
  readonly field?: string;
  readonly value?: number;
}

/** A channel's rings, and the words of their headers. */
export const ringNames = ['toGuest', 'fromGuest'] as const;
export type RingName = (typeof ringNames)[number];
const ringPlaces = {
  writeIndex: RING_WORD.WRITE_INDEX,
  readIndex: RING_WORD.READ_INDEX,
  interruptMask: RING_WORD.INTERRUPT_MASK,
  pendingSendSize: RING_WORD.PENDING_SEND_SZ,
  featureBits: RING_WORD.FEATURE_BITS,
} as const;
export type RingPlace = keyof typeof ringPlaces;
export const ringPlaceNames = Object.keys(ringPlaces) as readonly RingPlace[];

const DEFAULT_NS: Ns = 1_000_000;

/** A rule at work. */
class ActiveRule {
  private seen = 0;
  private readonly from: number;
  private readonly to: number;

  constructor(
    readonly rule: MisbehaveRule,
    private readonly prng: Prng,
  ) {
    this.from = rule.nth ?? 1;
    const times = rule.times ?? (rule.nth === undefined ? Number.POSITIVE_INFINITY : 1);
    this.to = this.from + times - 1;
  }

  /** True if the rule is about this thing, and it is its turn. */
  takes(what: SentKind, type: number, relid: Relid | undefined): boolean {
    const { rule } = this;
    if (rule.what !== what) return false;
    if (rule.message !== undefined && CHANNELMSG[rule.message] !== type) return false;
    if (rule.relid !== undefined && rule.relid !== relid) return false;
    this.seen += 1;
    if (this.seen < this.from || this.seen > this.to) return false;
    return rule.chance === undefined || this.prng.next() / 2 ** 32 < rule.chance;
  }
}

/** Something held back until the next thing of its kind has overtaken it. */
interface Held {
  /** What it is, for those that may not overtake it. */
  readonly type: number;
  readonly relid: Relid | undefined;
  send: (() => void) | undefined;
}

/**
 * What stands between the host and its guest: passes on what the host sends, and spoils what a rule says. Without rules
 * it costs one comparison for each thing sent.
 */
export class Misbehaviour {
  private readonly rules: ActiveRule[] = [];
  private readonly prng: Prng;
  private readonly held: { [K in SentKind]?: Held } = {};

  constructor(
    private readonly synic: SynicSender,
    private readonly schedule: HostSchedule,
    seed: number,
  ) {
    this.prng = new Prng(seed);
  }

  /**
   * From now on the host does this too; of several rules for one thing the first counts.
   *
   * @throws RangeError for a rule that makes no sense.
   */
  add(rule: MisbehaveRule): void {
    checkRule(rule);
    this.rules.push(new ActiveRule(rule, this.prng));
  }

  /** The host behaves from now on; what it has held back is sent. */
  stop(): void {
    this.rules.length = 0;
    for (const held of Object.values(this.held)) release(held);
  }

  /** Sends a control message. */
  post(message: Uint8Array): void {
    if (this.rules.length === 0) {
      this.synic.post(message);
      return;
    }
    const decoded = decodeMessage(message);
    const relid = 'childRelid' in decoded ? decoded.childRelid : undefined;
    this.send(
      'message',
      decoded.type,
      relid,
      () => this.synic.post(message),
      (rule) => this.synic.post(this.spoilMessage(message, rule)),
    );
  }

  /** Signals a channel. */
  signal(channel: HostChannel): void {
    if (this.rules.length === 0) {
      this.synic.signal(channel);
      return;
    }
    const { relid } = channel;
    this.send(
      'signal',
      0,
      relid,
      () => this.synic.signal(channel),
      ({ field, value }) => {
        const cpu = field === 'cpu' ? (value ?? 0) : channel.targetVp;
        const of = field === 'cpu' ? relid : (value ?? this.prng.below(HV_EVENT_FLAGS_COUNT));
        this.synic.raise(of, cpu);
      },
    );
  }

  /** Writes packets into the ring to the guest, and signals once if need be. */
  put(channel: HostChannel, packets: readonly OutgoingPacket[]): void {
    let mustSignal = false;
    for (const { payload, transactionId, type } of packets) {
      if (this.rules.length > 0) this.packet(channel, payload, transactionId, type);
      else if (channel.write(payload, transactionId, type)) mustSignal = true;
    }
    if (mustSignal) this.signal(channel);
  }

  /** Writes a packet into the ring to the guest, and signals if need be. */
  packet(channel: HostChannel, payload: Uint8Array, transactionId: number, type?: number): void {
    const { state } = channel;
    const write = (): void => {
      // What was held back when the guest closed the channel is not for whoever opens it next.
      if (channel.state === state && channel.write(payload, transactionId, type)) this.signal(channel);
    };
    if (this.rules.length === 0) {
      write();
      return;
    }
    this.send('packet', 0, channel.relid, write, (rule) => {
      if (state.kind !== 'open' || channel.state !== state) return;
      const { ring } = state.toGuest;
      // Somebody may have overwritten the index with anything.
      const start = (ring.load(RING_WORD.WRITE_INDEX) % ring.dataBytes) & ~7;
      const mustSignal = channel.write(payload, transactionId, type);
      this.spoilPacket(ring, start, rule);
      if (mustSignal) this.signal(channel);
    });
  }

  /**
   * Sets the event flag of `relid` on `cpu` and interrupts that, whatever either means to the guest.
   *
   * @throws RangeError if there is no such flag.
   */
  raise(relid: Relid, cpu: CpuId): void {
    if (!(Number.isInteger(relid) && relid >= 0 && relid < HV_EVENT_FLAGS_COUNT)) throw noFlag(relid);
    this.synic.raise(relid, cpu);
  }

  /**
   * Overwrites 32 bits of an open channel's ring.
   *
   * @param place a word of the ring's header, or a byte of its data, which must be a multiple of 4.
   * @throws RangeError if the channel is not open, or the ring has no such place.
   */
  poke(channel: HostChannel, ring: RingName, place: RingPlace | number, value: number): void {
    const { state } = channel;
    if (state.kind !== 'open') throw new RangeError(`channel ${channel.relid} is not open`);
    const { ring: memory } = ring === 'toGuest' ? state.toGuest : state.fromGuest;
    if (typeof place !== 'number') {
      memory.store(ringPlaces[place], value);
      return;
    }
    if (!(Number.isInteger(place / 4) && place >= 0 && place < memory.dataBytes)) {
      throw new RangeError(`the ring has no word at byte ${place}: its data are ${memory.dataBytes} bytes`);
    }
    memory.dataView.setUint32(place, value >>> 0, true);
  }

  private send(
    what: SentKind,
    type: number,
    relid: Relid | undefined,
    honest: () => void,
    corrupt: (rule: MisbehaveRule) => void,
  ): void {
    let found: MisbehaveRule | undefined;
    for (const active of this.rules) if (active.takes(what, type, relid)) found ??= active.rule;
    if (found?.deed === 'drop') return;
    if (found?.deed === 'delay') {
      this.schedule.after(found.byNs ?? DEFAULT_NS, honest);
      return;
    }
    if (found?.deed === 'reorder') {
      this.hold(what, { type, relid, send: honest }, found.byNs ?? DEFAULT_NS);
      return;
    }
    const held = this.held[what];
    if (held !== undefined && !mayOvertake(held, type, relid)) release(held);
    if (found?.deed === 'corrupt') corrupt(found);
    else honest();
    if (found?.deed === 'duplicate') honest();
    release(held);
  }

  private hold(what: SentKind, held: Held, ns: Ns): void {
    release(this.held[what]);
    this.held[what] = held;
    this.schedule.after(ns, () => release(held));
  }

  private spoilMessage(message: Uint8Array, { message: name, field, value }: MisbehaveRule): Uint8Array {
    const spoilt = message.slice();
    if (field === SIZE_FIELD) return spoilt.subarray(0, value ?? this.prng.below(message.length));
    const view = new DataView(spoilt.buffer);
    const [offset, sizeBytes] =
      field === undefined ? this.anyWord(message.length) : messageField(name, field);
    write(view, offset, sizeBytes, value ?? this.prng.next());
    return spoilt;
  }

  private spoilPacket(ring: RingBuffer, start: number, { field, value }: MisbehaveRule): void {
    const random = value ?? this.prng.next();
    const end = ring.load(RING_WORD.WRITE_INDEX);
    if (field === WRITE_INDEX_FIELD) {
      ring.store(RING_WORD.WRITE_INDEX, random);
      return;
    }
    const length = (end - start + ring.dataBytes) % ring.dataBytes;
    if (length === 0) return;
    const [offset, sizeBytes] = field === undefined ? this.anyWord(length) : packetField(field);
    // The trailer is counted from the end.
    const at = (offset < 0 ? end + offset + ring.dataBytes : start + offset) % ring.dataBytes;
    write(ring.dataView, at, sizeBytes, random);
  }

  private anyWord(bytes: number): WireField {
    return [this.prng.below(bytes >>> 2) << 2, 4];
  }
}

function noFlag(relid: number): RangeError {
  return new RangeError(`there is no event flag ${relid}: relids are 0 to ${HV_EVENT_FLAGS_COUNT - 1}`);
}

function write(view: DataView, offset: number, sizeBytes: number, value: number): void {
  if (sizeBytes === 1) view.setUint8(offset, value);
  else if (sizeBytes === 2) view.setUint16(offset, value, true);
  else view.setUint32(offset, value >>> 0, true);
}

function release(held: Held | undefined): void {
  const send = held?.send;
  if (held === undefined || send === undefined) return;
  held.send = undefined;
  send();
}

/** Hyper-V keeps the order of what is about one channel, and names all offers before it says that these are all. */
function mayOvertake(held: Held, type: number, relid: Relid | undefined): boolean {
  if (held.relid !== undefined && held.relid === relid && type !== 0) return false;
  return type !== CHANNELMSG.ALLOFFERS_DELIVERED || held.type !== CHANNELMSG.OFFERCHANNEL;
}

/** @throws RangeError if there is no such field, or what is given does not go together. */
export function checkRule({
  what,
  message,
  nth = 1,
  times = 1,
  deed,
  byNs = 0,
  field,
  value,
}: MisbehaveRule): void {
  if (!(Number.isInteger(nth) && nth >= 1 && times >= 1)) throw new RangeError('things are counted from 1');
  if (!(byNs >= 0)) throw new RangeError(`nothing can be sent ${-byNs} ns earlier`);
  if (what === 'signal' && field !== 'cpu' && value !== undefined && value >= HV_EVENT_FLAGS_COUNT) {
    throw noFlag(value);
  }
  if (message !== undefined && what !== 'message') throw new RangeError(`a ${what} is no ${message}`);
  if (field === undefined) return;
  if (deed !== 'corrupt') throw new RangeError(`to ${deed} a ${what} needs no field`);
  const known = fieldsOf(what, message);
  if (!known.includes(field)) {
    throw new RangeError(`a ${message ?? what} has no field ${field}; there are ${known.join(', ')}`);
  }
}

function fieldsOf(what: SentKind, message: HostMessageName | undefined): readonly string[] {
  if (what === 'message') return messageFieldNames(message);
  return what === 'signal' ? signalFieldNames : packetFieldNames;
}
