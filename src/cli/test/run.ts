import { availableParallelism } from 'node:os';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { noPlugins, type PluginOptions } from '../../command/plugins.js';
import type { Stdio } from '../../command/stdio.js';
import { report } from '../report.js';
import { scenarioFiles, scenarioFilesNow } from './files.js';
import type { TestOutcome } from './outcome.js';
import { type ReporterName, reporters } from './reporters/index.js';
import { runInThreads } from './threads.js';

export interface TestOptions extends PluginOptions {
  readonly reporter: ReporterName;
  /** Default: as many as this machine has processors for. */
  readonly workers?: number;
  /** Run again whenever a file changes, until Ctrl-C. */
  readonly watch?: boolean;
}

/** `irqlab test`: runs scenario files as tests and reports. Ctrl-C ends that, with a report of those that had ended. */
export async function runTests(
  named: readonly string[],
  options: TestOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop);
  try {
    return options.watch
      ? await runAgain(named, options, stdio, abort.signal)
      : await runAll(scenarioFiles(named), options, stdio, abort.signal);
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

async function runAgain(
  named: readonly string[],
  options: TestOptions,
  stdio: Stdio,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { Changes } = await import('./watch.js');
  scenarioFiles(named);
  const plugins = (options.plugins ?? noPlugins).files;
  const changes = new Changes([...named, ...plugins], signal);
  try {
    while (!signal.aborted) {
      try {
        await runAll(scenarioFilesNow(named), options, stdio, signal);
      } catch (error) {
        // Such as a plug-in that does not load while it is being changed.
        report(error, plugins, stdio);
      }
      const changed = await changes.next();
      if (changed !== undefined) stdio.err(`irqlab: ${changed} has changed\n`);
    }
    return exitStatus.interrupted;
  } finally {
    changes.close();
  }
}

async function runAll(
  files: readonly string[],
  { reporter, workers = availableParallelism(), plugins = noPlugins }: TestOptions,
  stdio: Stdio,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const outcomes: TestOutcome[] = [];
  const reporting = reporters[reporter];
  stdio.out(reporting.begin(files.length), reporting.paint);
  const tell = (): void => stdio.progress?.(`${outcomes.length} of ${files.length} done`);
  const take = (outcome: TestOutcome): void => {
    outcomes.push(outcome);
    stdio.progress?.('');
    stdio.out(reporting.one(outcome, outcomes.length), reporting.paint);
    tell();
  };
  tell();
  try {
    await runInThreads(files, plugins.files, workers, take, signal);
  } finally {
    stdio.progress?.('');
  }
  const place = new Map(files.map((file, index) => [file, index]));
  const asNamed = outcomes.toSorted((a, b) => (place.get(a.file) ?? 0) - (place.get(b.file) ?? 0));
  stdio.out(reporting.end(asNamed), reporting.paint);
  if (signal.aborted) {
    stdio.err(`irqlab: ended by Ctrl-C after ${outcomes.length} of ${files.length} files\n`);
    return exitStatus.interrupted;
  }
  return outcomes.every(({ ok }) => ok) ? exitStatus.ok : exitStatus.failed;
}
