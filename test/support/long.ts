import * as fc from 'fast-check';

/**
 * What takes minutes is done whole where IRQLAB_LONG=1 is set, as .ci/run has it; else `npm test` does a part of it, the
 * same each time.
 */
export const isLong = process.env['IRQLAB_LONG'] === '1';

/** How many random cases are tried. */
export function runs(long: number, short: number): number {
  return isLong ? long : short;
}

/** All rows of a table, or each `nth` of it. */
export function someOf<T>(rows: readonly T[], nth: number): readonly T[] {
  return rows.filter((_, at) => isLong || at % nth === 0);
}

/** Some runs of a property: a test of its own. */
export interface Part {
  readonly numRuns: number;
  readonly seed: number;
}

/**
 * The runs of a property in tests of at most `most` runs each, which differ in their seeds: `npm run mutants` asks short
 * tests only, and one that fails names its seed.
 */
export function partsOf(numRuns: number, most: number, seed = fc.readConfigureGlobal().seed ?? 1): Part[] {
  const parts: Part[] = [];
  for (let left = numRuns; left > 0; left -= most)
    parts.push({ numRuns: Math.min(left, most), seed: seed * 1000 + parts.length });
  return parts;
}
