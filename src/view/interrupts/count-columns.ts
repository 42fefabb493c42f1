import type { CpuId } from '../../lib/brand.js';
import type { TextBytes } from '../../lib/text-bytes.js';

/** Columns of a count. */
export const COUNT_WIDTH = 10;
/** With the blank behind it. */
const STRIDE = COUNT_WIDTH + 1;

const BLANK = 0x20;
const ZERO = 0x30;

/** Counts as they stand in /proc/interrupts, with a blank between two. */
export function printCounts(counts: readonly number[]): string {
  return counts.map((count) => String(count).padStart(COUNT_WIDTH)).join(' ');
}

/** CPUs that are numbered without a gap. */
interface CpuRun {
  readonly first: CpuId;
  readonly cpus: number;
}

function runsOf(cpus: readonly CpuId[]): CpuRun[] {
  const runs: { first: CpuId; cpus: number }[] = [];
  for (const cpu of cpus) {
    const run = runs.at(-1);
    if (run !== undefined && cpu === run.first + run.cpus) run.cpus += 1;
    else runs.push({ first: cpu, cpus: 1 });
  }
  return runs;
}

/**
 * Writes the counts of some CPUs as printCounts prints them. Most counts of a large machine are zero: all columns are
 * laid out with zeros at once, and digits written over those of the others.
 */
export class CountColumns {
  private readonly zeros: Uint8Array;
  private readonly runs: readonly CpuRun[];
  private readonly held: Uint32Array;

  /** @param cpus ascending. */
  constructor(private readonly cpus: readonly CpuId[]) {
    this.runs = runsOf(cpus);
    this.held = new Uint32Array((cpus.at(-1) ?? -1) + 1);
    this.zeros = new Uint8Array(Math.max(0, cpus.length * STRIDE - 1)).fill(BLANK);
    for (let at = COUNT_WIDTH - 1; at < this.zeros.length; at += STRIDE) this.zeros[at] = ZERO;
  }

  /** Appends nothing but zeros. */
  writeZeros(out: TextBytes): void {
    const { zeros } = this;
    out.reserve(zeros.length).set(zeros, out.at);
    out.at += zeros.length;
  }

  /** Appends the CPUs' columns. @param chunk has the counts, one for each possible CPU, from `base` on. */
  write(out: TextBytes, chunk: Uint32Array, base: number): void {
    let end = out.at + COUNT_WIDTH;
    this.writeZeros(out);
    const memory = out.reserve(0);
    for (const { first, cpus } of this.runs) {
      const from = base + first;
      for (let at = from; at < from + cpus; at++) {
        let rest = chunk[at];
        for (let digit = end; rest > 0; ) {
          const tens = (rest / 10) >>> 0;
          memory[--digit] = ZERO + rest - 10 * tens;
          rest = tens;
        }
        end += STRIDE;
      }
    }
  }

  /** Appends counts that may not be whole, or not fit into 32 bits and their columns. */
  writeAny(out: TextBytes, counts: ArrayLike<number>): void {
    const { cpus, held } = this;
    for (const cpu of cpus) {
      const count = counts[cpu];
      held[cpu] = count;
      if (held[cpu] === count) continue;
      out.text(printCounts(cpus.map((id) => counts[id])));
      return;
    }
    this.write(out, held, 0);
  }
}
