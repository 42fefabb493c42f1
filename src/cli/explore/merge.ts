import type { ExitStatus } from '../../command/exit-status.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import { mergeReports } from '../../explore/report/merge.js';
import type { Report } from '../../explore/report/report.js';
import { conclude } from './conclude.js';
import type { ExploreCommandOptions } from './options.js';
import { buildOf, userFiles } from './fingerprint.js';
import { fileNamedIn } from './named-from.js';
import { raceNamed, variantNamed } from './race-named.js';
import { parseReport } from './report-file.js';
import { withMinimal } from './search.js';
import type { TaskRunner } from './task.js';

export type MergeOptions = Pick<
  ExploreCommandOptions,
  'json' | 'save' | 'trace' | 'traceFormat' | 'format' | 'width' | 'plugins' | 'raceFile'
>;

/** `irqlab explore merge`: merges the reports of a search's shards. */
export async function runMerge(
  files: readonly string[],
  options: MergeOptions,
  stdio: Stdio,
  runner: TaskRunner,
  read: (file: string) => string,
): Promise<ExitStatus> {
  const merged = mergeAll(files, read, buildOf(userFiles(options)));
  const [id = '', name = ''] = merged.model.split('/');
  const race = raceNamed(runner.races, id);
  const variant = variantNamed(race, name);
  const search = { race: race.id, variant: variant.name, memory: merged.memory, strategy: variant.strategy };
  return conclude(await withMinimal(runner, search, merged), variant, options, stdio);
}

/** @param build what is running: it looks for the minimal interleaving of what the parts have found. */
function mergeAll(files: readonly string[], read: (file: string) => string, build: string): Report {
  try {
    const reports = files.map((file) => parseReport(read(file), file));
    const merged = mergeReports(reports);
    const other = reports[0].fingerprint?.build ?? 'an unknown build';
    if (other !== build) {
      throw new RangeError(
        `these reports are of ${other}, not of this irqlab and its races (${build}); search again`,
      );
    }
    return merged;
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * The file with the race that the reports are about, from where the program runs; undefined if it is none of the user's own.
 *
 * @throws UsageError for a file that is no report.
 */
export function raceFileOf([first]: readonly string[], read: (file: string) => string): string | undefined {
  try {
    const { raceFile } = parseReport(read(first), first);
    return raceFile && fileNamedIn(first, raceFile);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
