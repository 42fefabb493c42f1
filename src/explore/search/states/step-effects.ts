const WORDS = 5;

/**
 * What steps have made of a state: by the digest of all that decides it, the difference of the digests of the states behind
 * and before. A hash table by open addressing.
 */
export class StepEffects {
  private size = 0;
  private capacity = 1 << 12;
  private table = new Int32Array(this.capacity * WORDS);

  /** Looks a step up. @returns its place, which may be empty. */
  find(a: number, b: number): number {
    const { table, capacity } = this;
    let at = (a ^ (b >>> 3)) & (capacity - 1);
    for (;;) {
      const place = at * WORDS;
      if (table[place + 4] === 0 || (table[place] === a && table[place + 1] === b)) return place;
      at = (at + 1) & (capacity - 1);
    }
  }

  isThere(place: number): boolean {
    return this.table[place + 4] !== 0;
  }

  /** Halves of the difference noted at `place`. */
  a(place: number): number {
    return this.table[place + 2];
  }

  b(place: number): number {
    return this.table[place + 3];
  }

  /** Notes what the step `stepA`, `stepB` makes of a state. */
  add(stepA: number, stepB: number, a: number, b: number): void {
    const { table } = this;
    const place = this.find(stepA, stepB);
    if (table[place + 4] !== 0) return;
    table[place] = stepA;
    table[place + 1] = stepB;
    table[place + 2] = a;
    table[place + 3] = b;
    table[place + 4] = 1;
    this.size += 1;
    if (this.size * 4 > this.capacity * 3) this.grow();
  }

  private grow(): void {
    const { table } = this;
    this.capacity *= 2;
    this.table = new Int32Array(this.capacity * WORDS);
    for (let from = 0; from < table.length; from += WORDS) {
      if (table[from + 4] === 0) continue;
      this.table.set(table.subarray(from, from + WORDS), this.find(table[from], table[from + 1]));
    }
  }
}
