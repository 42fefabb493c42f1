import type { Relid } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';
import { CHANNELMSG } from '../../vmbus/protocol/channel-messages.js';
import { type Deed, type DeedOptions, deedNamed } from './deeds.js';
import { type HostMessageName, messageFieldNames } from './message.js';
import { packetFieldNames } from './packet.js';
import type { Sent, SentKind } from './sent.js';
import { refuseEventFlag, signalFieldNames } from './signal.js';

/** One way in which a host misbehaves: to what, how often, and what it does. */
export interface MisbehaveRule extends DeedOptions {
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
}

/** @throws RangeError if there is no such field, or what is given does not go together. */
export function checkRule(rule: MisbehaveRule): void {
  const { what, message, nth = 1, times = 1, deed, byNs = 0, field, value } = rule;
  if (!(Number.isInteger(nth) && nth >= 1 && times >= 1)) throw new RangeError('things are counted from 1');
  if (!(byNs >= 0)) throw new RangeError(`nothing can be sent ${-byNs} ns earlier`);
  if (what === 'signal' && field !== 'cpu' && value !== undefined) refuseEventFlag(value);
  if (message !== undefined && what !== 'message') throw new RangeError(`a ${what} is no ${message}`);
  if (what === 'guestSignal' && deedNamed(deed).corrupts === true)
    throw new RangeError(`a signal of the guest has nothing to ${deed}`);
  if (field === undefined) return;
  if (deedNamed(deed).corrupts !== true) throw new RangeError(`to ${deed} a ${what} needs no field`);
  if (what === 'guestSignal') throw new RangeError('a signal of the guest has no field');
  const known = fieldNames(what, message);
  if (!known.includes(field)) {
    throw new RangeError(`a ${message ?? what} has no field ${field}; there are ${known.join(', ')}`);
  }
}

function fieldNames(
  what: Exclude<SentKind, 'guestSignal'>,
  message: HostMessageName | undefined,
): readonly string[] {
  if (what === 'message') return messageFieldNames(message);
  return what === 'signal' ? signalFieldNames : packetFieldNames;
}

/** A rule at work: it counts what it is about. */
export class ActiveRule {
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

  /** Counts the thing if the rule is about it. @returns true if it is its turn. */
  applies({ kind, type, relid }: Sent): boolean {
    const { rule } = this;
    if (rule.what !== kind) return false;
    if (rule.message !== undefined && CHANNELMSG[rule.message] !== type) return false;
    if (rule.relid !== undefined && rule.relid !== relid) return false;
    this.seen += 1;
    if (this.seen < this.from || this.seen > this.to) return false;
    return rule.chance === undefined || this.prng.next() / 2 ** 32 < rule.chance;
  }
}
