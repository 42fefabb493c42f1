import type { Relid } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';
import { HV_EVENT_FLAGS_COUNT } from '../../vmbus/synic.js';
import type { HostChannel } from '../device.js';
import type { SynicSender } from '../synic-sender.js';
import type { Corruption, Sent } from './sent.js';

export const signalFieldNames: readonly string[] = ['relid', 'cpu'];

/** The interrupt of a channel. */
export class SentSignal implements Sent {
  readonly kind = 'signal';
  readonly type = 0;

  constructor(
    private readonly channel: HostChannel,
    private readonly synic: SynicSender,
  ) {}

  get relid(): Relid {
    return this.channel.relid;
  }

  send(): void {
    this.synic.signal(this.channel);
  }

  sendCorrupted({ field, value }: Corruption, prng: Prng): void {
    if (field === 'cpu') this.synic.raise(this.relid, value ?? 0);
    else this.synic.raise(value ?? prng.below(HV_EVENT_FLAGS_COUNT), this.channel.targetVp);
  }
}

/** @throws RangeError if there is no event flag for this relid. */
export function refuseEventFlag(relid: Relid): void {
  if (Number.isInteger(relid) && relid >= 0 && relid < HV_EVENT_FLAGS_COUNT) return;
  throw new RangeError(`there is no event flag ${relid}: relids are 0 to ${HV_EVENT_FLAGS_COUNT - 1}`);
}
