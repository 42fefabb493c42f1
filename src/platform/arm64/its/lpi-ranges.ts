import { errnoValue } from '../../../lib/errno.js';
import type { Hwirq } from '../../../lib/brand.js';
import { LPI_BASE_INTID } from '../intid.js';

/** LPIs of a machine: interrupt ids of 16 bits, less those that are lines (irq-gic-v3-its.c its_lpi_init). */
export const NR_LPIS = (1 << 16) - LPI_BASE_INTID;

interface LpiRange {
  base: Hwirq;
  span: number;
}

/** The LPIs that no device has, as ranges in ascending order (drivers/irqchip/irq-gic-v3-its.c lpi_range_list). */
export class LpiRanges {
  private readonly free: LpiRange[] = [{ base: LPI_BASE_INTID, span: NR_LPIS }];

  /** Takes `count` LPIs in a row from the first range that has them; the first, or ENOSPC (alloc_lpi_range). */
  alloc(count: number): Hwirq {
    const at = this.free.findIndex(({ span }) => span >= count);
    if (at < 0) return errnoValue('ENOSPC');
    const range = this.free[at];
    const { base } = range;
    range.base += count;
    range.span -= count;
    if (range.span === 0) this.free.splice(at, 1);
    return base;
  }

  /** Gives LPIs back, which become one with free neighbours (free_lpi_range, merge_lpi_ranges). */
  release(base: Hwirq, count: number): void {
    const { free } = this;
    let at = free.length;
    while (at > 0 && free[at - 1].base > base) at -= 1;
    free.splice(at, 0, { base, span: count });
    this.mergeWithNext(at);
    if (at > 0) this.mergeWithNext(at - 1);
  }

  /** The free LPIs, as `first-last`. */
  get text(): string {
    return this.free.map(({ base, span }) => `${base}-${base + span - 1}`).join(',');
  }

  private mergeWithNext(at: number): void {
    const range = this.free[at];
    const next = this.free[at + 1];
    if (next === undefined || range.base + range.span !== next.base) return;
    range.span += next.span;
    this.free.splice(at + 1, 1);
  }
}
