import { CaptureSyntaxError } from '../../src/capture/syntax-error.js';
import { UsageError } from '../../src/command/usage-error.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { HungError } from '../../src/machine/hung.js';
import { ScenarioError } from '../../src/scenario/diagnostics.js';

/** What the language itself says: nobody wrote it for the user, so the user did not cause it. */
const byTheLanguage = new RegExp(
  [
    'is not (a function|iterable|defined|a constructor|extensible)',
    'Cannot (read|set|destructure|convert|mix|access|create|assign|redefine|perform|add|delete)',
    'Invalid (array|typed array|string|count|DataView|array buffer)',
    'Maximum call stack|out of bounds|Reduce of empty|must be between|is not valid JSON|outside the bounds',
    'Converting circular|read only property|undefined',
  ].join('|'),
);

/** Why an error is none that a user may be given; undefined if it is one. */
export function foreignError(error: unknown): string | undefined {
  if (error instanceof ErrnoError || error instanceof HungError || error instanceof ScenarioError)
    return undefined;
  if (error instanceof UsageError || error instanceof CaptureSyntaxError) return undefined;
  const isWrongUse = error instanceof RangeError || error instanceof TypeError;
  if (isWrongUse && !byTheLanguage.test(error.message)) return undefined;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
