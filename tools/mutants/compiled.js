// A source of the folder that is tried, with mutants in it.
import { twinsOf, withoutTwins, withTwins } from '../twins/plain-form.js';
import { edited, inOrder, mutantsOf, withMutant } from './mutate.js';

/**
 * What a process is for: the number of the first mutant in each file of its folder, all of which are compiled in behind a
 * switch; or `alone`, the one mutant that is there from the beginning.
 *
 * @typedef {{ bases: Record<string, number>, alone?: { file: string, mutant: import('./mutate.js').Mutant } }} Plan
 */

/**
 * `source` of `file` (from the root, "src/…") with what `plan` wants of it compiled in, in the plain forms of procedures,
 * too.
 *
 * @param {string} source
 * @param {string} file
 * @param {Plan} plan
 */
export function mutated(source, file, plan) {
  if (plan.alone?.file === file) {
    return withTwins(withMutant(withoutTwins(source, file), plan.alone.mutant), file);
  }
  const base = plan.bases[file];
  if (base === undefined || plan.alone !== undefined) return source;
  const bare = withoutTwins(source, file);
  const { edits } = mutantsOf(bare, base);
  const twins = twinsOf(bare, file, inOrder(edits)).map(({ at, twin }) => ({
    at,
    text: twin,
    rank: Number.MAX_SAFE_INTEGER,
  }));
  return edited(bare, [...edits, ...twins]);
}
