/** The first place where two values differ. */
export interface Difference {
  /** Path inside the values, e.g. `24.depth`. */
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Where two values differ first, in what either of them has; undefined if they are equal. */
export function difference(expected: unknown, actual: unknown, path = ''): Difference | undefined {
  if (Object.is(expected, actual)) return undefined;
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const same =
      expected.length === actual.length && expected.every((item, i) => !difference(item, actual[i]));
    return same ? undefined : { path, expected, actual };
  }
  if (isRecord(expected) && isRecord(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const found = difference(expected[key], actual[key], path === '' ? key : `${path}.${key}`);
      if (found) return found;
    }
    return undefined;
  }
  return { path, expected, actual };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
