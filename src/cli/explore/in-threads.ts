import { availableParallelism } from 'node:os';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { readText } from '../../command/named-file.js';
import { noPlugins, type Plugins } from '../../command/plugins.js';
import type { Stdio } from '../../command/stdio.js';
import { type MergeOptions, runMerge } from './merge.js';
import type { ExploreCommandOptions } from './options.js';
import { racesWith } from './races-with.js';
import { runExplore } from './run.js';
import { StoppedError, type TaskRunner } from './task.js';
import { ThreadRunner } from './threads.js';

/** `irqlab explore`, its searches in threads, so that Ctrl-C is noticed while they run. */
export function exploreInThreads(
  race: string | undefined,
  options: ExploreCommandOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const workers = options.workers ?? (options.all ? availableParallelism() : 1);
  const { plugins, sanitize = false } = options;
  return withThreads(workers, stdio, { plugins, sanitize }, (runner) =>
    runExplore(race, options, stdio, runner),
  );
}

/** `irqlab explore merge`, likewise: looking for a minimal interleaving is a search, too. */
export function mergeInThreads(
  files: readonly string[],
  options: MergeOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const read = (file: string): string => readText(file, stdio).text;
  return withThreads(1, stdio, { plugins: options.plugins, sanitize: false }, (runner) =>
    runMerge(files, options, stdio, runner, read),
  );
}

/** The first Ctrl-C ends the searches, which report what they know so far; the second one ends the program. */
async function withThreads(
  workers: number,
  stdio: Stdio,
  { plugins = noPlugins, sanitize }: { readonly plugins?: Plugins; readonly sanitize: boolean },
  use: (runner: TaskRunner) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const runner = new ThreadRunner(workers, await racesWith(plugins), plugins.files, sanitize);
  let isInterrupted = false;
  const stop = (): void => {
    isInterrupted = true;
    runner.stop();
    stdio.err('\nirqlab: stopping; what follows is what is known so far\n');
  };
  process.once('SIGINT', stop);
  try {
    const status = await use(runner);
    return isInterrupted ? exitStatus.interrupted : status;
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    stdio.err(`irqlab: ${error.message}\n`);
    return exitStatus.interrupted;
  } finally {
    process.removeListener('SIGINT', stop);
    await runner.close();
  }
}
