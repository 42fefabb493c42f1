import type { RecordedLine } from '../../view/recorded-layer.js';

/** A line of which only number and counts are recorded. */
export function countedLine(irq: number, counts: readonly number[], total: number): RecordedLine {
  return {
    irq,
    chip: 'x',
    hwirq: 0,
    domain: null,
    name: null,
    actions: [],
    chained: false,
    counts,
    tot_count: total,
  };
}
