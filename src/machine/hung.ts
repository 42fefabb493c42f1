/** Longest virtual time that a process context is given to end: longer than any time limit in the model. */
export const HUNG_LIMIT_NS = 3_600_000_000_000;

/** A process context waits for something that does not come. In Linux its caller would wait with it. */
export class HungError extends Error {
  override readonly name = 'HungError';

  /** @param waitsFor name of what it waits for. */
  constructor(
    readonly task: string,
    readonly waitsFor: string,
    why: string,
  ) {
    super(`${task} waits for ${waitsFor} and ${why}`);
  }
}
