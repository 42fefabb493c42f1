import { DigestTable } from './digest-table.js';

/**
 * What steps have made of a state: by the digest of all that decides it, the difference of the digests of the states behind
 * and before.
 */
export class StepEffects {
  private readonly table = new DigestTable(5);

  /** Looks a step up. @returns its place, which may be empty. */
  find(a: number, b: number): number {
    return this.table.find(a, b);
  }

  isThere(place: number): boolean {
    return this.table.cells[place + 4] !== 0;
  }

  /** Halves of the difference noted at `place`. */
  a(place: number): number {
    return this.table.cells[place + 2];
  }

  b(place: number): number {
    return this.table.cells[place + 3];
  }

  /** Notes what the step `stepA`, `stepB` makes of a state. */
  add(stepA: number, stepB: number, a: number, b: number): void {
    const { cells } = this.table;
    const place = this.find(stepA, stepB);
    if (cells[place + 4] !== 0) return;
    cells[place] = stepA;
    cells[place + 1] = stepB;
    cells[place + 2] = a;
    cells[place + 3] = b;
    cells[place + 4] = 1;
    this.table.added();
  }
}
