import { DigestTable } from './digest-table.js';

const USED = 0x80000000 | 0;

/**
 * The states that a search has come to, each with the contexts that slept there in all its visits. Of a state it keeps the
 * 64 bits of its digest (hash compaction: Wolper, Leroy, "Reliable hashing without collision detection", CAV 1993), so
 * that two of n states are taken for one with a probability of about n² / 2^65.
 */
export class VisitedStates {
  private readonly table = new DigestTable(3);

  get size(): number {
    return this.table.size;
  }

  /** Looks a state up. @returns its place; `isNew` says whether it was not there. */
  find(a: number, b: number): number {
    return this.table.find(a, b);
  }

  isNew(place: number): boolean {
    return this.table.cells[place + 2] === 0;
  }

  /** Contexts that slept in every visit of the state at `place`, as bits. */
  sleepAt(place: number): number {
    return this.table.cells[place + 2] & ~USED;
  }

  /** Notes whom the present visit leaves asleep, in a state that was there. */
  setSleep(place: number, sleep: number): void {
    this.table.cells[place + 2] = sleep | USED;
  }

  /** Adds the state that `find` has not found. */
  add(place: number, a: number, b: number, sleep: number): void {
    const { cells } = this.table;
    cells[place] = a;
    cells[place + 1] = b;
    cells[place + 2] = sleep | USED;
    this.table.added();
  }
}
