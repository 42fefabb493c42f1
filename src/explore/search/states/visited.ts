const WORDS = 3;
const USED = 0x80000000 | 0;

/**
 * The states that a search has come to, each with the contexts that slept there in all its visits: a hash table by open
 * addressing. Of a state it keeps the 64 bits of its digest (hash compaction: Wolper, Leroy, "Reliable hashing without
 * collision detection", CAV 1993), so that two of n states are taken for one with a probability of about n² / 2^65.
 */
export class VisitedStates {
  size = 0;
  private capacity: number;
  private table: Int32Array;

  constructor(bits = 12) {
    this.capacity = 1 << bits;
    this.table = new Int32Array(this.capacity * WORDS);
  }

  /** Looks a state up. @returns its place; `isNew` says whether it was not there. */
  find(a: number, b: number): number {
    const { table, capacity } = this;
    let at = (a ^ (b >>> 3)) & (capacity - 1);
    for (;;) {
      const place = at * WORDS;
      if (table[place + 2] === 0 || (table[place] === a && table[place + 1] === b)) return place;
      at = (at + 1) & (capacity - 1);
    }
  }

  isNew(place: number): boolean {
    return this.table[place + 2] === 0;
  }

  /** Contexts that slept in every visit of the state at `place`, as bits. */
  sleepAt(place: number): number {
    return this.table[place + 2] & ~USED;
  }

  /** Notes whom the present visit leaves asleep, in a state that was there. */
  setSleep(place: number, sleep: number): void {
    this.table[place + 2] = sleep | USED;
  }

  /** Adds the state that `find` has not found. */
  add(place: number, a: number, b: number, sleep: number): void {
    const { table } = this;
    table[place] = a;
    table[place + 1] = b;
    table[place + 2] = sleep | USED;
    this.size += 1;
    if (this.size * 4 > this.capacity * 3) this.grow();
  }

  private grow(): void {
    const { table } = this;
    this.capacity *= 2;
    this.table = new Int32Array(this.capacity * WORDS);
    for (let from = 0; from < table.length; from += WORDS) {
      if (table[from + 2] === 0) continue;
      const to = this.find(table[from], table[from + 1]);
      this.table[to] = table[from];
      this.table[to + 1] = table[from + 1];
      this.table[to + 2] = table[from + 2];
    }
  }
}
