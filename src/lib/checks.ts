/**
 * Whether a value of IRQLAB_CHECKS asks for all checks: what must hold of the whole model is then looked at after each
 * transition, which makes it many times slower. What costs nothing is checked in any case (assert.ts).
 *
 * @param word `full`; undefined or '' for no more than what costs nothing.
 * @throws RangeError for any other word.
 */
export function checksAsked(word: string | undefined): boolean {
  if (word === 'full') return true;
  if (word === undefined || word === '') return false;
  throw new RangeError(`IRQLAB_CHECKS is "${word}"; expected full, or nothing`);
}

const surroundings = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };

/**
 * Whether machines that are made from now on have all checks. The one thing in the model that comes from the process
 * around it: what the model does is the same with checks and without. A browser has no process.
 */
export const checks = { full: checksAsked(surroundings.process?.env?.['IRQLAB_CHECKS']) };
