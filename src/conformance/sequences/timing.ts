import { difference } from '../difference.js';

/**
 * Whether calls that differ do so only by what the recorded machine's CPUs happened to do side by side, which another
 * recording of the same kernel may have otherwise:
 *
 * - A software resend's tasklet runs as soon as interrupts are on, or when a timer interrupt ends, so before or after
 *   bus_sync_unlock.
 * - A handler that is forced into a thread begins on another CPU before or after the hard interrupt that woke it has
 *   ended (eoi).
 */
export function differOnlyInTiming(recorded: unknown, actual: unknown): boolean {
  if (!isCalls(recorded) || !isCalls(actual)) return false;
  const late = threadsAfterEoi(resendsAfterUnlock(recorded));
  return difference(late, threadsAfterEoi(resendsAfterUnlock(actual))) === undefined;
}

function isCalls(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((call) => typeof call === 'string');
}

/** The calls with the unlock right behind the chip's answer that it cannot send the interrupt again. */
function resendsAfterUnlock(calls: readonly string[]): string[] {
  const asked = calls.lastIndexOf('retrigger');
  const unlocked = calls.indexOf('bus_sync_unlock', asked);
  if (asked < 0 || unlocked < 0) return [...calls];
  const between = calls.slice(asked + 1, unlocked);
  if (!between.some((call) => call.endsWith('/soft'))) return [...calls];
  return [...calls.slice(0, asked + 1), 'bus_sync_unlock', ...between, ...calls.slice(unlocked + 1)];
}

/** The calls with each end of an interrupt before the thread that it woke. */
function threadsAfterEoi(calls: readonly string[]): string[] {
  const ordered = [...calls];
  for (let at = ordered.length - 1; at > 0; at--) {
    if (ordered[at] !== 'eoi' || !/^handler:.*\/thread$/.test(ordered[at - 1])) continue;
    [ordered[at - 1], ordered[at]] = [ordered[at], ordered[at - 1]];
  }
  return ordered;
}
