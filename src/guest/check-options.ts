import { checkGuestOptions } from '../scenario/checks/scenario.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { Path } from '../scenario/place.js';
import { optionSchema } from '../scenario/schema/option-form.js';
import { guestShape } from '../scenario/schema/scenario.js';
import { mapping } from '../scenario/schema/shapes.js';
import type { GuestVocabulary } from '../scenario/vocabulary.js';
import { checkArgument, placeIn } from './check-argument.js';

const schemas = new WeakMap<GuestVocabulary, ReturnType<typeof optionSchema>>();

/**
 * Checks a guest's options, which from JavaScript no compiler has seen, by the schema of scenario files.
 *
 * @param vocabulary what can be said of it: the same object each time, so that its schema is made once.
 * @throws TypeError for an unknown key or a value of a wrong type, RangeError for one that cannot be, naming all of them.
 */
export function checkOptions(options: GuestOptions, vocabulary: GuestVocabulary): void {
  checkArgument("a guest's options", schemaOf(vocabulary), options, '');
  const problems: string[] = [];
  checkGuestOptions(options, vocabulary.platforms, (path, message) =>
    problems.push(`${placeIn('', inOptions(path, options))}: ${message}`),
  );
  if (problems.length > 0) throw new RangeError(problems.join('\n'));
}

function schemaOf(vocabulary: GuestVocabulary): ReturnType<typeof optionSchema> {
  const schema =
    schemas.get(vocabulary) ?? optionSchema(mapping('a mapping such as {cpus: 4}', guestShape(vocabulary)));
  schemas.set(vocabulary, schema);
  return schema;
}

/** A path of a scenario file, in which some keys are called otherwise and some stand between that options have not. */
function inOptions(path: Path, options: object): Path {
  let value: unknown = options;
  return path.flatMap((key) => {
    if (typeof value !== 'object' || value === null) return [];
    const known = [key, `${String(key)}Ns`].find((name) => name in (value as object));
    if (known === undefined) return [];
    value = (value as Record<PropertyKey, unknown>)[known];
    return [known];
  });
}
