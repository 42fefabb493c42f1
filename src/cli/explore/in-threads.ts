import { availableParallelism } from 'node:os';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { readText } from '../../command/named-file.js';
import { noPlugins, type Plugins } from '../../command/plugins.js';
import type { Stdio } from '../../command/stdio.js';
import { type MergeOptions, raceFileOf, runMerge } from './merge.js';
import type { ExploreCommandOptions } from './options.js';
import { BriefFirst } from './brief-first.js';
import { blamingRace, loadOwnRace, type OwnRace } from './own-race.js';
import { racesWith } from '../../command/races-with.js';
import { runExplore } from './run.js';
import { StoppedError, type TaskRunner } from './task.js';
import { ThreadRunner } from './threads.js';

/**
 * `irqlab explore`, its searches in threads, so that Ctrl-C is noticed while they run.
 *
 * @param race an id, or a race of the user's own.
 */
export function exploreInThreads(
  race: string | OwnRace | undefined,
  options: ExploreCommandOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const workers = options.workers ?? (options.all ? availableParallelism() : 1);
  const own = typeof race === 'object' ? race : undefined;
  const id = typeof race === 'object' ? race.race.id : race;
  const { plugins, sanitize = false } = options;
  return withThreads(workers, stdio, { plugins, own, sanitize }, (runner) =>
    runExplore(id, { ...options, raceFile: own?.file }, stdio, runner),
  );
}

/** `irqlab explore merge`, likewise: looking for a minimal interleaving is a search, too. */
export async function mergeInThreads(
  files: readonly string[],
  options: MergeOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const texts = new Map<string, string>();
  const read = (file: string): string => {
    const text = texts.get(file) ?? readText(file, stdio).text;
    texts.set(file, text);
    return text;
  };
  const raceFile = options.raceFile ?? raceFileOf(files, read);
  const own = raceFile === undefined ? undefined : await loadOwnRace(raceFile);
  return withThreads(1, stdio, { plugins: options.plugins, own, sanitize: false }, (runner) =>
    runMerge(files, { ...options, raceFile }, stdio, runner, read),
  );
}

/** Code of the user's own that the threads load, too. */
interface UserCode {
  readonly plugins: Plugins | undefined;
  /** The one race there is; undefined: irqlab's and those of plug-ins. */
  readonly own: OwnRace | undefined;
  /** The threads load the models instrumented. */
  readonly sanitize: boolean;
}

/** The first Ctrl-C ends the searches, which report what they know so far; the second one ends the program. */
async function withThreads(
  workers: number,
  stdio: Stdio,
  { plugins = noPlugins, own, sanitize }: UserCode,
  use: (runner: TaskRunner) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const races = own === undefined ? await racesWith(plugins.modules) : [own.race];
  const threads = new ThreadRunner(workers, races, { plugins: plugins.files, raceFile: own?.file }, sanitize);
  // Code of the user's own may never give way; instrumented code is only in the threads.
  const maySearchHere = workers === 1 && plugins.files.length === 0 && own === undefined && !sanitize;
  const runner = maySearchHere ? new BriefFirst(threads) : threads;
  let isInterrupted = false;
  const stop = (): void => {
    isInterrupted = true;
    runner.stop();
    stdio.err('\nirqlab: stopping; what follows is what is known so far\n');
  };
  process.once('SIGINT', stop);
  try {
    const status = await (own === undefined ? use(runner) : blamingRace(own, () => use(runner)));
    return isInterrupted ? exitStatus.interrupted : status;
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    stdio.err(`irqlab: ${error.message}\n`);
    return isInterrupted ? exitStatus.interrupted : exitStatus.failed;
  } finally {
    process.removeListener('SIGINT', stop);
    await runner.close();
  }
}
