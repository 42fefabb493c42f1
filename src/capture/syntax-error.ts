/** A capture that is not what any program prints. */
export class CaptureSyntaxError extends Error {
  override readonly name = 'CaptureSyntaxError';

  /**
   * @param line line number, from 1.
   * @param column column of the first character that does not fit, from 1.
   * @param expected what should stand there.
   */
  constructor(
    readonly line: number,
    readonly column: number,
    readonly expected: string,
  ) {
    super(`line ${line}, column ${column}: expected ${expected}`);
  }
}
