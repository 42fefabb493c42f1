import { ErrnoError } from '../../lib/errno.js';
import type { Ns } from '../../lib/brand.js';
import { HungError } from '../../machine/hung.js';

/** The times that tell how a duration is distributed. */
export type TimeName = 'p50' | 'p99' | 'p999' | 'max';

/** What the guest answered to an action. */
export type Answer =
  | { readonly kind: 'done' }
  /** `printAs`: the text belongs to what the scenario prints, as that of this file. */
  | { readonly kind: 'text'; readonly text: string; readonly printAs?: string }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'times'; readonly times: Readonly<Record<TimeName, Ns>> }
  /** The guest refused with an errno, or the action makes no sense for it. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

/** What a step that never ends is refused with. */
export const HANG = 'a hang';

/** The guest has done it. */
export const done: Answer = { kind: 'done' };

/** The action makes no sense for the guest as it is now. */
export function notPossible(reason: string): Answer {
  return { kind: 'refused', code: 'not possible', reason };
}

/** The answer that something thrown stands for. @throws whatever is no answer of a guest. */
export function answerOf(error: unknown): Answer {
  if (error instanceof ErrnoError) {
    return { kind: 'refused', code: error.code, reason: error.message.slice(error.code.length + 2) };
  }
  if (error instanceof HungError) return { kind: 'refused', code: HANG, reason: error.message };
  if (error instanceof RangeError) return notPossible(error.message);
  throw error;
}
