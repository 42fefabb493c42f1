import { DigestTable } from './digest-table.js';

/** Words of an entry: the difference that the step makes to a state's digest, where its writes begin, and `move`. */
const ENTRY = 4;

/** Where in the writes those of a step are of which only the difference is known: there are none. */
const NO_WRITES = 1;

/** Whether a context can make the step, as far as it is known. */
export const move = { UNKNOWN: 0, BLOCKED: 1, ENABLED: 2 } as const;

/**
 * Steps by the digest of all that decides what they are and do: whether they can be made, and what they make of a state.
 * Each has a number.
 */
export class KnownSteps {
  private readonly table = new DigestTable(3);
  private entries = new Int32Array(ENTRY * 1024);
  private count = 0;
  /** The writes of steps, one step behind the other: their number, whether they are narrow, then cells and values. */
  private writes = new Int32Array(1 << 14);
  private used = NO_WRITES + 2;

  /** The number of the step with this digest. */
  numberOf(a: number, b: number): number {
    const { table } = this;
    const place = table.find(a, b);
    const known = table.cells[place + 2];
    if (known !== 0) return known - 1;
    const number = this.count++;
    table.cells[place] = a;
    table.cells[place + 1] = b;
    table.cells[place + 2] = number + 1;
    table.added();
    if (this.count * ENTRY > this.entries.length) this.entries = doubled(this.entries);
    return number;
  }

  /** One of `move`. */
  moveOf(number: number): number {
    return this.entries[number * ENTRY + 3];
  }

  setMove(number: number, isEnabled: boolean): void {
    this.entries[number * ENTRY + 3] = isEnabled ? move.ENABLED : move.BLOCKED;
  }

  /** True if it is known what the step makes of a state. */
  hasEffect(number: number): boolean {
    return this.entries[number * ENTRY + 2] !== 0;
  }

  /** Halves of the difference of the digests of the states behind and before the step. */
  a(number: number): number {
    return this.entries[number * ENTRY];
  }

  b(number: number): number {
    return this.entries[number * ENTRY + 1];
  }

  /** True if the step writes to nothing but what is near it. */
  isNarrow(number: number): boolean {
    return this.writes[this.entries[number * ENTRY + 2] + 1] !== 0;
  }

  /** Does the step to the cells of the state before it. */
  apply(number: number, cells: Int32Array): void {
    const { writes } = this;
    const start = this.entries[number * ENTRY + 2];
    const end = start + 2 + 2 * writes[start];
    for (let at = start + 2; at < end; at += 2) cells[writes[at]] = writes[at + 1];
  }

  /** Notes what the step makes of a state's digest, where nobody will ask for more. */
  learnDifference(number: number, a: number, b: number): void {
    this.entries[number * ENTRY] = a;
    this.entries[number * ENTRY + 1] = b;
    this.entries[number * ENTRY + 2] = NO_WRITES;
  }

  /**
   * Notes what the step makes of a state.
   *
   * @param a and `b`: halves of the difference of the digests.
   * @param from and `to`: the cells before and behind it.
   * @param isNear tells of a cell whether it belongs to the step's context, its lane or its object.
   */
  learn(
    number: number,
    a: number,
    b: number,
    from: Int32Array,
    to: Int32Array,
    isNear: (cell: number) => boolean,
  ): void {
    const entry = number * ENTRY;
    const start = this.used;
    let at = start + 2;
    let isNarrow = 1;
    for (let cell = 0; cell < to.length; cell++) {
      if (from[cell] === to[cell]) continue;
      if (at + 2 > this.writes.length) this.writes = doubled(this.writes);
      this.writes[at++] = cell;
      this.writes[at++] = to[cell];
      if (!isNear(cell)) isNarrow = 0;
    }
    if (at + 2 > this.writes.length) this.writes = doubled(this.writes);
    this.writes[start] = (at - start - 2) >> 1;
    this.writes[start + 1] = isNarrow;
    this.used = at;
    this.entries[entry] = a;
    this.entries[entry + 1] = b;
    this.entries[entry + 2] = start;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(array.length * 2);
  more.set(array);
  return more;
}
