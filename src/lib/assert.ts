/** A broken invariant of the model: a defect of irqlab, never of its caller. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Throws AssertionError unless `condition` holds.
 *
 * @param values what the condition was made of; it is printed with the message.
 */
export function assert(
  condition: unknown,
  message: string,
  values?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) fail(message, values);
}

function fail(message: string, values?: Readonly<Record<string, unknown>>): never {
  const shown = values
    ? ': ' +
      Object.entries(values)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ')
    : '';
  throw new AssertionError(message + shown);
}

/** For the default arm of an exhaustive switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
