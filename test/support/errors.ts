import { ErrnoError } from '../../src/lib/errno.js';

/** Name of the errno that `action` throws; undefined if it throws nothing. Other errors pass. */
export function errnoOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return error.code;
  }
}
