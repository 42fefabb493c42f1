import type { PictureSeen } from '../../worker/protocol.js';

/** Rates are over at least so much real time, in ms: shorter ones would jump. */
const SHORTEST_MS = 300;

/** How often each counter counts in a second of the guest's time, from what is seen of it again and again. */
export class Rates {
  private base: { readonly seen: PictureSeen; readonly ns: number; readonly ms: number } | undefined;
  private cells = new Float64Array(0);
  private totals = new Float64Array(0);

  /** @param ns the guest's time, @param ms the real time. */
  see(seen: PictureSeen, ns: number, ms: number): void {
    const { base } = this;
    if (base === undefined || !isSamePart(base.seen, seen)) {
      this.base = { seen, ns, ms };
      this.cells = new Float64Array(seen.counts.length);
      this.totals = new Float64Array(seen.totals.length);
      return;
    }
    if (ns === base.ns || ms - base.ms < SHORTEST_MS) return;
    const seconds = (ns - base.ns) / 1e9;
    for (let i = 0; i < this.cells.length; i++)
      // Counters go round at 2^32.
      this.cells[i] = ((seen.counts[i] - base.seen.counts[i]) >>> 0) / seconds;
    for (let i = 0; i < this.totals.length; i++)
      this.totals[i] = Math.max(0, seen.totals[i] - base.seen.totals[i]) / seconds;
    this.base = { seen, ns, ms };
  }

  cell(at: number): number {
    return this.cells[at] ?? 0;
  }

  total(at: number): number {
    return this.totals[at] ?? 0;
  }
}

function isSamePart(a: PictureSeen, b: PictureSeen): boolean {
  return (
    a.version === b.version &&
    a.window.firstRow === b.window.firstRow &&
    a.window.firstCpu === b.window.firstCpu &&
    a.counts.length === b.counts.length
  );
}
