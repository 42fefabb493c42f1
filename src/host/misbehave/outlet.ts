import type { Ns } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';
import { CHANNELMSG } from '../../vmbus/protocol/channel-messages.js';
import type { HostSchedule } from '../schedule.js';
import type { DeedPort } from './deeds.js';
import type { Sent, SentKind } from './sent.js';

/** Where things leave a host that misbehaves: at once, later, or when something else has overtaken them. */
export class Outlet implements DeedPort {
  /** The thing of each kind that waits to be overtaken. */
  private readonly held: { [K in SentKind]?: Sent } = {};

  constructor(
    private readonly schedule: HostSchedule,
    readonly prng: Prng,
  ) {}

  now(sent: Sent, send: () => void): void {
    const held = this.held[sent.kind];
    if (held !== undefined && !mayOvertake(held, sent)) this.release(held);
    send();
    this.release(held);
  }

  after(ns: Ns, action: () => void): void {
    this.schedule.after(ns, action);
  }

  hold(sent: Sent, ns: Ns): void {
    this.release(this.held[sent.kind]);
    this.held[sent.kind] = sent;
    this.schedule.after(ns, () => this.release(sent));
  }

  /** Sends all that is held back. */
  releaseAll(): void {
    for (const held of Object.values(this.held)) this.release(held);
  }

  /** Sends something that was held back, unless that has been done. */
  private release(held: Sent | undefined): void {
    if (held === undefined || this.held[held.kind] !== held) return;
    this.held[held.kind] = undefined;
    held.send();
  }
}

/** Hyper-V keeps the order of what is about one channel, and names all offers before it says that these are all. */
function mayOvertake(held: Sent, sent: Sent): boolean {
  if (held.relid !== undefined && held.relid === sent.relid && sent.type !== 0) return false;
  return sent.type !== CHANNELMSG.ALLOFFERS_DELIVERED || held.type !== CHANNELMSG.OFFERCHANNEL;
}
