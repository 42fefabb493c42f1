import type { PictureSeen } from '../../worker/protocol.js';

/** How long it is seen that something was lost, or came to an event that was still there; in ms. */
const LOST_MS = 1500;
const COALESCED_MS = 400;
const COUNTED_MS = 900;

export type FlashKind = 'lost' | 'coalesced' | 'counted';

export interface Flash {
  readonly row: number;
  readonly cpu: number;
  readonly kind: FlashKind;
  readonly endMs: number;
}

const lasts: Readonly<Record<FlashKind, number>> = {
  lost: LOST_MS,
  coalesced: COALESCED_MS,
  counted: COUNTED_MS,
};

/** Where events were lost or coalesced just now, and what counted in a step. */
export class Flashes {
  private readonly all = new Map<string, Flash>();
  private last: PictureSeen | undefined;

  /** @param isStep every single count is shown, too. */
  see(seen: PictureSeen, isStep: boolean, nowMs: number): void {
    const { last } = this;
    this.last = seen;
    if (last === undefined || last.version !== seen.version) return;
    const before = new Map(last.channels.map((channel) => [channel.row, channel]));
    for (const channel of seen.channels) {
      const { row, hostCpu, lost, coalesced } = channel;
      const old = before.get(row);
      if (old === undefined) continue;
      if (lost > old.lost) this.add(row, hostCpu, 'lost', nowMs);
      else if (coalesced > old.coalesced) this.add(row, hostCpu, 'coalesced', nowMs);
    }
    if (isStep) this.seeCounts(last, seen, nowMs);
  }

  /** Those that are not over. */
  now(nowMs: number): Iterable<Flash> {
    for (const [key, { endMs }] of this.all) if (endMs <= nowMs) this.all.delete(key);
    return this.all.values();
  }

  /** How strong one is, 1 at its beginning and 0 at its end. */
  static strength({ kind, endMs }: Flash, nowMs: number): number {
    return Math.max(0, Math.min(1, (endMs - nowMs) / lasts[kind]));
  }

  private seeCounts(last: PictureSeen, seen: PictureSeen, nowMs: number): void {
    const { firstRow, firstCpu, cpus } = seen.window;
    if (last.counts.length !== seen.counts.length || last.window.firstRow !== firstRow) return;
    if (last.window.firstCpu !== firstCpu) return;
    for (let i = 0; i < seen.counts.length; i++)
      if (seen.counts[i] !== last.counts[i])
        this.add(firstRow + Math.floor(i / cpus), firstCpu + (i % cpus), 'counted', nowMs);
  }

  private add(row: number, cpu: number, kind: FlashKind, nowMs: number): void {
    this.all.set(`${row} ${cpu} ${kind}`, { row, cpu, kind, endMs: nowMs + lasts[kind] });
  }
}
