import { runInNewContext } from 'node:vm';

/** The user has pressed Ctrl-C: the command ends with exitStatus.interrupted. The message says how far it was. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  /** @param soFar what follows "ended by Ctrl-C", such as "after 5s of virtual time". */
  constructor(soFar: string) {
    super(`ended by Ctrl-C ${soFar}`);
  }
}

/**
 * Does work that never gives way to the event loop, which would notice Ctrl-C. Node ends it in its midst, without its
 * `catch` and `finally`: of what it was changing only single values can be relied on afterwards.
 *
 * @param soFar says, when it was ended, how far it was.
 * @throws InterruptedError if Ctrl-C ended it.
 */
export function interruptible<T>(work: () => T, soFar: () => string): T {
  let result: { readonly value: T } | undefined;
  const doWork = (): void => {
    result = { value: work() };
  };
  try {
    runInNewContext('doWork()', { doWork }, { breakOnSigint: true, displayErrors: false });
  } catch (error) {
    const { code } = Object(error) as { code?: unknown };
    throw code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' ? new InterruptedError(soFar()) : error;
  }
  if (result === undefined) throw new InterruptedError(soFar());
  return result.value;
}
