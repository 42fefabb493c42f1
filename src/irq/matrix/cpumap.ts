import { wordsFor } from '../../lib/bitmap.js';

/** The vectors of one CPU (kernel/irq/matrix.c struct cpumap). Counts are unsigned ints, which wrap below zero. */
export class CpuMap {
  /** The CPU has been online once; from then on `available` is kept while it is offline, too. */
  initialized = false;
  online = false;
  /** Bits kept for managed interrupts. */
  readonly managedMap: Uint32Array;
  /** Bits given out. */
  readonly allocMap: Uint32Array;
  private readonly counts = new Uint32Array(4);

  constructor(matrixBits: number) {
    this.managedMap = new Uint32Array(wordsFor(matrixBits));
    this.allocMap = new Uint32Array(wordsFor(matrixBits));
  }

  /** Vectors that can still be given out here. */
  get available(): number {
    return this.counts[0];
  }

  set available(count: number) {
    this.counts[0] = count;
  }

  /** Vectors given out, managed ones among them. */
  get allocated(): number {
    return this.counts[1];
  }

  set allocated(count: number) {
    this.counts[1] = count;
  }

  /** Vectors kept for managed interrupts, whether these have got them or not. */
  get managed(): number {
    return this.counts[2];
  }

  set managed(count: number) {
    this.counts[2] = count;
  }

  /** Those that they have got. */
  get managedAllocated(): number {
    return this.counts[3];
  }

  set managedAllocated(count: number) {
    this.counts[3] = count;
  }
}
