import type { CpuId } from '../../lib/brand.js';
import type { TextBytes } from '../../lib/text-bytes.js';

/** Columns of a count. */
export const COUNT_WIDTH = 10;
/** With the blank behind it. */
const STRIDE = COUNT_WIDTH + 1;

const BLANK = 0x20;
const ZERO = 0x30;

/** The digits of 0 to 999 behind a blank, as little-endian words: with zeros in front, and with blanks. */
const digits = new Uint32Array(1000);
const leadingDigits = new Uint32Array(1000);
for (let number = 0; number < 1000; number++) {
  const ones = (ZERO + (number % 10)) << 24;
  const tens = (ZERO + (Math.floor(number / 10) % 10)) << 16;
  const hundreds = (ZERO + Math.floor(number / 100)) << 8;
  digits[number] = ones | tens | hundreds | BLANK;
  leadingDigits[number] =
    ones | (number < 10 ? BLANK << 16 : tens) | (number < 100 ? BLANK << 8 : hundreds) | BLANK;
}

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

/** Writes a count that is not zero over the blanks before `end`, three digits and a byte that the next ones cover at a time. */
function writeDigits(view: DataView, end: number, count: number): void {
  let rest = count;
  let at = end - 4;
  for (; rest > 999; at -= 3) {
    const thousands = (rest / 1000) >>> 0;
    view.setUint32(at, digits[rest - 1000 * thousands], true);
    rest = thousands;
  }
  if (at >= end - COUNT_WIDTH) view.setUint32(at, leadingDigits[rest], true);
  // The tenth digit: a word would reach into the column before.
  else view.setUint8(end - COUNT_WIDTH, ZERO + rest);
}

/**
 * Writes the counts of some CPUs as printCounts prints them. Most counts of a large machine are zero: all columns are
 * laid out with zeros at once, and digits written over those of the others.
 */
export class CountColumns {
  private readonly zeros: Uint8Array;
  private readonly runs: readonly CpuRun[];
  private readonly held: Uint32Array;
  private readonly places: Uint16Array;

  /** @param cpus ascending. */
  constructor(private readonly cpus: readonly CpuId[]) {
    this.runs = runsOf(cpus);
    this.held = new Uint32Array((cpus.at(-1) ?? -1) + 1);
    this.places = new Uint16Array(cpus.length);
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
    const { view } = out;
    const { places } = this;
    for (const { first, cpus } of this.runs) {
      const from = base + first;
      const counted = this.findCounted(chunk, from, cpus);
      for (let i = 0; i < counted; i++) writeDigits(view, end + places[i] * STRIDE, chunk[from + places[i]]);
      end += cpus * STRIDE;
    }
  }

  /**
   * Puts into `places` which of `cpus` counts from `from` on are not zero. Nobody can say before which are, so there is no
   * branch for each. @returns how many.
   */
  private findCounted(chunk: Uint32Array, from: number, cpus: number): number {
    const { places } = this;
    let counted = 0;
    for (let i = 0; i < cpus; i++) {
      places[counted] = i;
      // Zero, and nothing else, has 32 leading zeros.
      counted += 1 - (Math.clz32(chunk[from + i]) >>> 5);
    }
    return counted;
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
