/** The fewest of `items` that still fail, found by leaving out ever smaller parts. */
export function smallest<T>(items: readonly T[], fails: (items: readonly T[]) => boolean): readonly T[] {
  const search = searchSmallest(items);
  for (let next = search.next(); ; next = search.next(fails(next.value))) if (next.done) return next.value;
}

/** As `smallest`, for what takes its time. */
export async function smallestOf<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  const search = searchSmallest(items);
  for (let next = search.next(); ; next = search.next(await fails(next.value)))
    if (next.done) return next.value;
}

/** Yields what is to be tried, is told whether that fails, and returns the fewest. */
function* searchSmallest<T>(items: readonly T[]): Generator<readonly T[], readonly T[], boolean> {
  let left = items;
  for (let part = Math.ceil(left.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < left.length; ) {
      const without = [...left.slice(0, from), ...left.slice(from + part)];
      if (yield without) left = without;
      else from += part;
    }
  }
  return left;
}
