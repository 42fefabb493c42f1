import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { placeIn, thrownIn } from '../../command/thrown-in-file.js';
import { blameForExit, exitIsIntended } from '../../command/untimely-exit.js';
import { UsageError } from '../../command/usage-error.js';
import { importUserModule, pathOfUserModule } from '../../command/user-module.js';
import type { Model } from '../../explore/model.js';
import { PluginError } from '../../lib/plugin-error.js';
import { races } from '../../races/index.js';
import { defineRace, type Race, type RaceVariant } from '../../races/race.js';

/** A race in a file of the user's own. */
export interface OwnRace {
  /** As the user named it. */
  readonly file: string;
  readonly race: Race;
}

/**
 * Loads the race that is the default export of a file: what defineRace makes, or a model, which is a race of one
 * variant in which nothing should be found.
 *
 * @throws UsageError for a file that cannot be loaded or has no race, saying what to export.
 */
export async function loadOwnRace(file: string): Promise<OwnRace> {
  refuseVariantName(file);
  pathOfUserModule('race', file);
  blameForExit(`race ${file}`);
  try {
    return { file, race: raceIn(file, await importUserModule('race', file)) };
  } finally {
    exitIsIntended();
  }
}

/** Runs what executes a race of the user's own. @throws UsageError that names the file in place of what it throws. */
export async function blamingRace<T>({ file }: OwnRace, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PluginError) throw new UsageError(`race ${file}: ${error.message}`);
    if (!(error instanceof Error)) throw error;
    // A wrong use of what irqlab exports is thrown there, and told with the place from where it was called.
    const isWrongUse = error.name === 'TypeError' || error.name === 'RangeError';
    const place = isWrongUse ? placeIn(file, error) : thrownIn([file], error)?.place;
    throw place === undefined ? error : new UsageError(`race ${file}: ${String(error)}`, `  ${place}`);
  }
}

/** @throws UsageError for a listed race with its variant, which reports write as they would a path. */
function refuseVariantName(file: string): void {
  const [id, variant, ...more] = file.split('/');
  if (more.length > 0 || existsSync(file) || !races.some((race) => race.id === id)) return;
  throw new UsageError(
    `there is no file ${file}`,
    `For a variant of a race: irqlab explore ${id} ${variant}`,
  );
}

const contract =
  'Expected as default export what defineRace makes, or a model, { setup(world) { … }, finally: { … } }.\n' +
  '"irqlab init race" writes one to start from.';

type Alleged<T> = { readonly [Key in keyof T]?: unknown };

function raceIn(file: string, exported: Readonly<Record<string, unknown>>): Race {
  const found = exported.default;
  if (Array.isArray(found))
    throw new UsageError(`race ${file} exports a list; give each race its own file`, contract);
  if (isObject(found) && 'variants' in found) return checkedRace(file, found as Alleged<Race>);
  if (isModel(found)) return raceOfModel(file, found);
  if (isObject(found) && typeof found.load === 'function')
    throw new UsageError(`${file} is a plug-in: irqlab explore --plugin ${file}`);
  const named = Object.keys(exported).find((key) => {
    const value = exported[key];
    return isModel(value) || (isObject(value) && 'variants' in value);
  });
  const instead = named === undefined ? '' : `; it has ${named}: export default ${named}`;
  throw new UsageError(`race ${file} has no race as its default export${instead}`, contract);
}

/** What comes from JavaScript has been seen by no compiler. */
function checkedRace(file: string, race: Alleged<Race>): Race {
  const { id, variants } = race;
  const refuse = (what: string): never => {
    throw new UsageError(`race ${file}: ${what}`, contract);
  };
  if (!isName(id)) return refuse(`its id is ${shown(id)}; expected ${nameRule}`);
  if (!Array.isArray(variants) || variants.length === 0)
    return refuse('it has no variants; defineRace makes a list of them');
  for (const { name, expected, model } of variants as Alleged<RaceVariant>[]) {
    if (!isName(name)) refuse(`a variant is named ${shown(name)}; expected ${nameRule}`);
    if (expected !== 'found' && expected !== 'none')
      refuse(`variant ${name}: expected is ${shown(expected)}; it must be 'found' or 'none'`);
    if (typeof model !== 'function') refuse(`variant ${name}: model must be a function that makes the model`);
  }
  return race as Race;
}

const nameRule = 'letters, digits, dots, dashes and underscores';

/** Reports and traces name a variant as race/variant. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]+$/.test(value);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}

function raceOfModel(file: string, model: Model<unknown>): Race {
  return defineRace({
    id: basename(file).replace(/\.\w+$/, ''),
    source: file,
    property: Object.keys({ ...model.always, ...model.finally }).join('; '),
    variants: { model: { summary: 'the model of the file', expected: 'none', model: () => model } },
  });
}

function isModel(value: unknown): value is Model<unknown> {
  return isObject(value) && typeof value.setup === 'function';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
