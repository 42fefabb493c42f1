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
