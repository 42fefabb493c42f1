import { availableParallelism } from 'node:os';
import { UsageError } from '../../command/usage-error.js';
import type { ExploreCommandOptions, TraceFormat } from './options.js';

type OptionName = keyof ExploreCommandOptions;

/** What means something only in the search of one variant. */
const ofOneVariant: readonly OptionName[] = [
  'strategy',
  'preemptions',
  'depth',
  'seed',
  'executions',
  'memory',
  'shard',
  'saveReport',
  'state',
  'queue',
  'resume',
  'save',
  'trace',
  'traceFormat',
  'format',
  'width',
  'maxSteps',
];
const ofSearches: readonly OptionName[] = [
  'variant',
  'workers',
  'maxExecutions',
  'seconds',
  'sanitize',
  ...ofOneVariant,
];

/** The strategies that an option means something to. */
const strategiesOf: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
  preemptions: ['bounded'],
  depth: ['pct'],
  seed: ['random', 'pct'],
  executions: ['random', 'pct'],
};

/**
 * Refuses options that would be ignored, and more threads than can run.
 *
 * @param given the options that the user wrote, defaults left out.
 * @throws UsageError saying what to do instead.
 */
export function refuseUnused(
  race: string | undefined,
  options: Partial<ExploreCommandOptions>,
  given: readonly OptionName[],
  cores = availableParallelism(),
): void {
  const { all, variant, strategy, workers, shard } = options;
  const refuse = (names: readonly OptionName[], why: string): void => {
    const unused = names.filter((name) => given.includes(name));
    if (unused.length > 0) throw new UsageError(`${unused.map(flagOf).join(', ')}: ${why}`);
  };
  if (all) refuse(['variant'], '--all is all variants of all races; leave out one of the two');
  else if (race === undefined)
    refuse(ofSearches, 'name a race to search; without one the races are only listed');
  if (variant === undefined) {
    refuse(
      ofOneVariant,
      'a table searches each variant as it is listed; name a race and one --variant of it',
    );
  }
  for (const [name, kinds] of Object.entries(strategiesOf)) {
    if (strategy !== undefined && kinds.includes(strategy)) continue;
    const wanted = kinds.map((kind) => `--strategy ${kind}`).join(' or ');
    const instead = strategy === undefined ? 'add it' : `not with --strategy ${strategy}`;
    refuse([name as OptionName], `means something only with ${wanted}; ${instead}`);
  }
  if (strategy === 'states') refuse(['shard'], 'a search by states has no parts; leave out one of the two');
  if (options.state === undefined) refuse(['resume'], 'say with --state FILE which search is to go on');
  if (shard !== undefined)
    refuse(['state', 'queue'], 'a --shard has no units to keep or to send; leave it out');
  if (options.queue !== undefined)
    refuse(['workers', 'sanitize'], 'with --queue each "irqlab worker" says how it works');
  refuseUnshown(options, given);
  if (options.save !== undefined && options.save === options.trace)
    throw new UsageError(`--save and --trace both write ${options.save}; name two files`);
  if (shard !== undefined) refuse(['workers'], 'a --shard is one part of a search, done by one thread');
  if (workers !== undefined && workers > cores) {
    throw new UsageError(
      `--workers ${workers}: this machine runs ${cores} threads at a time; more would only share them`,
    );
  }
}

/** Options of what shows an interleaving: `irqlab explore`, its merge, and `irqlab replay`. */
export interface ShowOptions {
  readonly json?: boolean;
  readonly format?: TraceFormat;
  readonly width?: number;
  readonly step?: boolean;
}

/**
 * Refuses options of a form that is not the one to be shown.
 *
 * @throws UsageError saying which goes with what.
 */
export function refuseUnshown({ json, format = 'table' }: ShowOptions, given: readonly string[]): void {
  const unused = (names: readonly (keyof ShowOptions)[]): string =>
    names
      .filter((name) => given.includes(name))
      .map(flagOf)
      .join(', ');
  const besideJson = json ? unused(['format', 'width', 'step']) : '';
  if (besideJson !== '') throw new UsageError(`${besideJson}: --json shows data, no table; leave out one`);
  const besideDrawing = format === 'table' ? '' : unused(['width', 'step']);
  if (besideDrawing !== '')
    throw new UsageError(`${besideDrawing}: means something only for a table, not with --format ${format}`);
}

/** What `irqlab explore merge` has in common with `irqlab explore`, whose options are read there, too. */
const ofMerge: readonly string[] = [
  'json',
  'save',
  'trace',
  'traceFormat',
  'format',
  'width',
] satisfies OptionName[];

/**
 * Refuses options of a search where parts of one are put together.
 *
 * @throws UsageError naming them.
 */
export function refuseUnmerged(options: ShowOptions, given: readonly string[]): void {
  const unused = given.filter((name) => !ofMerge.includes(name)).map(flagOf);
  if (unused.length > 0)
    throw new UsageError(
      `${unused.join(', ')}: merge searches nothing; the parts have their options already`,
    );
  refuseUnshown(options, given);
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
