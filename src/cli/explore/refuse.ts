import { availableParallelism } from 'node:os';
import { UsageError } from '../../command/usage-error.js';
import type { ExploreCommandOptions } from './options.js';

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
  'save',
  'format',
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
  { all, variant, strategy, workers, shard }: Partial<ExploreCommandOptions>,
  given: readonly OptionName[],
  cores = availableParallelism(),
): void {
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
  if (shard !== undefined) refuse(['workers'], 'a --shard is one part of a search, done by one thread');
  if (workers !== undefined && workers > cores) {
    throw new UsageError(
      `--workers ${workers}: this machine runs ${cores} threads at a time; more would only share them, and each searches ` +
        'the beginning anew',
    );
  }
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
