import { clearBit, nextBit, setBit, testBit, wordsFor } from '../../lib/bitmap.js';

/**
 * The state of interrupts in a GICv3, a bit for each: the registers of its distributor, or of one CPU's redistributor
 * (Arm IHI 0069, chapter 4.1: inactive, pending, active, active and pending).
 */
export class GicBank {
  /** Forwarded to CPUs (GICD_ISENABLER). The other states do not mind it. */
  readonly enabled: Uint32Array;
  /** Acknowledged by a CPU and not deactivated yet (GICD_ISACTIVER). */
  readonly active: Uint32Array;
  /** Interrupts on edges, not while the line is high (GICD_ICFGR). */
  readonly edge: Uint32Array;
  /** An edge, or software, has made it pending: stays until a CPU acknowledges it. */
  private readonly latched: Uint32Array;
  /** The line is high. */
  private readonly high: Uint32Array;
  /** A bit for each word of the above in which an interrupt may be pending. */
  private readonly busy: Uint32Array;

  constructor(size: number) {
    const words = wordsFor(size);
    this.enabled = new Uint32Array(words);
    this.active = new Uint32Array(words);
    this.edge = new Uint32Array(words);
    this.latched = new Uint32Array(words);
    this.high = new Uint32Array(words);
    this.busy = new Uint32Array(wordsFor(words));
  }

  /** What GICD_ISPENDR says. */
  isPending(index: number): boolean {
    return testBit(this.latched, index) || (testBit(this.high, index) && !testBit(this.edge, index));
  }

  /** Pending by an edge or by software, which a CPU has yet to acknowledge. */
  isLatched(index: number): boolean {
    return testBit(this.latched, index);
  }

  /** Pending without a line that says so, until it is acknowledged (a write to GICD_ISPENDR). */
  latch(index: number): void {
    setBit(this.latched, index);
    setBit(this.busy, index >>> 5);
  }

  /** A write to GICD_ICPENDR: a level that is high keeps the interrupt pending. */
  unlatch(index: number): void {
    clearBit(this.latched, index);
    this.noteWord(index >>> 5);
  }

  /** The device drives the line. */
  drive(index: number, isHigh: boolean): void {
    if (testBit(this.high, index) === isHigh) return;
    if (isHigh) {
      setBit(this.high, index);
      if (testBit(this.edge, index)) setBit(this.latched, index);
      setBit(this.busy, index >>> 5);
    } else {
      clearBit(this.high, index);
      this.noteWord(index >>> 5);
    }
  }

  /** A CPU takes the interrupt: no longer pending, unless its level goes on; active. */
  acknowledge(index: number): void {
    this.unlatch(index);
    setBit(this.active, index);
  }

  /** True if the interrupt is to go to a CPU: enabled, pending, and no CPU is handling it. */
  isForwarded(index: number): boolean {
    return testBit(this.enabled, index) && !testBit(this.active, index) && this.isPending(index);
  }

  /** The first interrupt from `from` on that is to go to a CPU, -1 if none is. */
  nextForwarded(from: number): number {
    for (let word = nextBit(this.busy, from >>> 5); word >= 0; word = nextBit(this.busy, word + 1)) {
      let bits = this.enabled[word] & ~this.active[word] & this.pendingWord(word);
      if (word === from >>> 5) bits &= -1 << (from & 31);
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }

  /** None of the interrupts is enabled or active; what is pending stays so. */
  disableAll(): void {
    this.enabled.fill(0);
    this.active.fill(0);
  }

  private pendingWord(word: number): number {
    return this.latched[word] | (this.high[word] & ~this.edge[word]);
  }

  private noteWord(word: number): void {
    if ((this.latched[word] | this.high[word]) === 0) clearBit(this.busy, word);
  }
}
