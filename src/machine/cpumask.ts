import type { CpuId } from '../lib/brand.js';
import { clearBit, nextBit, nthBit, setBit, testBit, weight, wordsFor } from '../lib/bitmap.js';
import { SharedWord } from './step.js';

/** Bits of empty masks, by their number of words. */
const noBits: Uint32Array[] = [];

/**
 * A set of CPUs below nr_cpu_ids (struct cpumask). Text forms are in cpumask-text.ts.
 *
 * A mask that is empty, or a clone, takes no bits of its own before it changes: of a large machine's thousands of masks
 * most are one or the other.
 */
export class CpuMask {
  protected bits: Uint32Array;
  /** No other mask has these bits. */
  private ownsBits = false;

  /** An empty mask. @param nrCpuIds one more than the highest CPU number that fits. */
  constructor(readonly nrCpuIds: number) {
    const words = wordsFor(nrCpuIds);
    noBits[words] ??= new Uint32Array(words);
    this.bits = noBits[words];
  }

  /** The bits, to look at. */
  protected get words(): Uint32Array {
    return this.bits;
  }

  /** The bits, to change. */
  protected get changing(): Uint32Array {
    if (!this.ownsBits) {
      this.bits = this.bits.slice();
      this.ownsBits = true;
    }
    return this.bits;
  }

  /** A mask of the given CPUs. */
  static of(nrCpuIds: number, cpus: Iterable<CpuId>): CpuMask {
    const mask = new CpuMask(nrCpuIds);
    for (const cpu of cpus) mask.set(cpu);
    return mask;
  }

  /** A mask of all CPUs below nr_cpu_ids. @param end of those below this; at most `nrCpuIds`. */
  static all(nrCpuIds: number, end = nrCpuIds): CpuMask {
    const mask = new CpuMask(nrCpuIds);
    const { changing } = mask;
    for (let cpu = 0; cpu < end; cpu++) setBit(changing, cpu);
    return mask;
  }

  has(cpu: CpuId): boolean {
    return cpu < this.nrCpuIds && testBit(this.words, cpu);
  }

  /** Adds a CPU. @throws RangeError if it is not below nr_cpu_ids. */
  set(cpu: CpuId): void {
    if (!(cpu >= 0 && cpu < this.nrCpuIds)) {
      throw new RangeError(`CPU ${cpu} is not below nr_cpu_ids ${this.nrCpuIds}`);
    }
    setBit(this.changing, cpu);
  }

  clear(cpu: CpuId): void {
    if (cpu >= 0 && cpu < this.nrCpuIds) clearBit(this.changing, cpu);
  }

  clearAll(): void {
    this.changing.fill(0);
  }

  /** 32 CPUs of the mask, the lowest in bit 0: CPUs 32 * index and on. */
  word(index: number): number {
    return this.words[index];
  }

  /** Lowest CPU of the mask, or -1 if it is empty. */
  first(): CpuId {
    return nextBit(this.words, 0);
  }

  /** Lowest CPU of the mask above `cpu`, or -1. */
  next(cpu: CpuId): CpuId {
    return nextBit(this.words, cpu + 1);
  }

  /** CPU number `n` of the mask, from 0 on; -1 if there are not so many (cpumask_nth). */
  nth(n: number): CpuId {
    return nthBit(this.words, n);
  }

  /** Lowest CPU that is in this mask and in `other`, or -1 (cpumask_first_and). */
  firstAnd(other: CpuMask): CpuId {
    for (let cpu = this.first(); cpu >= 0; cpu = this.next(cpu)) if (other.has(cpu)) return cpu;
    return -1;
  }

  get isEmpty(): boolean {
    return this.first() < 0;
  }

  get weight(): number {
    return weight(this.words);
  }

  equals(other: CpuMask): boolean {
    const { words } = other;
    return this.words.length === words.length && this.words.every((word, i) => word === words[i]);
  }

  intersects(other: CpuMask): boolean {
    const { words } = other;
    return this.words.some((word, i) => (word & (words[i] ?? 0)) !== 0);
  }

  isSubsetOf(other: CpuMask): boolean {
    const { words } = this;
    const { words: others } = other;
    for (let i = 0; i < words.length; i++) if ((words[i] & ~(others[i] ?? 0)) !== 0) return false;
    return true;
  }

  /** Makes this mask the same set as `other`, of the same machine. */
  copyFrom(other: CpuMask): void {
    const { changing } = this;
    const { words } = other;
    for (let i = 0; i < words.length; i++) changing[i] = words[i];
  }

  /** Makes this mask `a` and `b` (cpumask_and); tells whether any CPU is left. */
  assignAnd(a: CpuMask, b: CpuMask): boolean {
    const { changing } = this;
    const { words: ofA } = a;
    const { words: ofB } = b;
    let any = 0;
    for (let i = 0; i < changing.length; i++) {
      changing[i] = ofA[i] & ofB[i];
      any |= changing[i];
    }
    return any !== 0;
  }

  clone(): CpuMask {
    const copy = new CpuMask(this.nrCpuIds);
    copy.bits = this.words;
    this.ownsBits = false;
    return copy;
  }

  and(other: CpuMask): CpuMask {
    const result = new CpuMask(this.nrCpuIds);
    result.assignAnd(this, other);
    return result;
  }

  andNot(other: CpuMask): CpuMask {
    const result = this.clone();
    const { changing } = result;
    const { words } = other;
    const common = Math.min(changing.length, words.length);
    for (let i = 0; i < common; i++) changing[i] &= ~words[i];
    return result;
  }

  or(other: CpuMask): CpuMask {
    const result = this.clone();
    for (const cpu of other) result.set(cpu);
    return result;
  }

  *[Symbol.iterator](): Generator<CpuId, void, void> {
    for (let cpu = this.first(); cpu >= 0; cpu = this.next(cpu)) yield cpu;
  }
}

/** A set of CPUs that contexts share, such as cpu_online_mask, with the word that names it in their steps. */
export class SharedCpuMask extends CpuMask {
  readonly shared: SharedWord;

  constructor(nrCpuIds: number, name: string) {
    super(nrCpuIds);
    this.shared = new SharedWord(name);
  }

  protected override get words(): Uint32Array {
    this.shared.announceRead();
    return this.bits;
  }

  protected override get changing(): Uint32Array {
    this.shared.announce();
    return super.changing;
  }
}
