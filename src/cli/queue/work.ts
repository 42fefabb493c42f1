import { type ExitStatus } from '../../command/exit-status.js';
import { noPlugins, type PluginOptions } from '../../command/plugins.js';
import type { Stdio } from '../../command/stdio.js';
import { pointInThread } from '../../compare/point.js';
import { number } from '../../explore/report/effort.js';
import { buildOf, fingerprintOf, userFiles } from '../explore/fingerprint.js';
import { loadOwnRace } from '../explore/own-race.js';
import { racesWith } from '../../command/races-with.js';
import { StoppedError } from '../explore/task.js';
import { ThreadRunner } from '../explore/threads.js';
import { parsePointTask, parseUnitTask } from './messages.js';
import { QUEUE } from './redis.js';
import { type JobTaker, type ReadTask, takeJobs } from './take-jobs.js';

export interface WorkOptions extends PluginOptions {
  readonly queue: string;
  /** Jobs at a time, each in a thread. */
  readonly workers: number;
  /** Ends after so many seconds without one; default: never. */
  readonly idle?: number;
  readonly raceFile?: string;
}

/** Units of searches and choices of comparisons, done in threads. */
class LabTaker implements JobTaker {
  readonly queue = QUEUE;
  readonly width;
  readonly build;
  readonly kinds: ReadonlyMap<string, ReadTask> = new Map([
    ['unit', (task: unknown) => this.readUnit(task)],
    ['choice', (task: unknown) => this.readPoint(task)],
  ]);
  private units = 0;
  private executions = 0;
  private choices = 0;
  private readonly stopping = new AbortController();

  constructor(
    private readonly threads: ThreadRunner,
    private readonly plugins: readonly string[],
    private readonly files: readonly string[],
    readonly idle: number,
  ) {
    this.width = threads.workers;
    this.build = buildOf(files);
  }

  text(): string {
    const compared = this.choices === 0 ? '' : `, ${number(this.choices)} choices compared`;
    return `${number(this.units)} units, ${number(this.executions)} executions${compared}`;
  }

  stop(): void {
    this.threads.stop();
    this.stopping.abort();
  }

  private readUnit(task: unknown): () => Promise<object | undefined> {
    const { search, options, unit, steps } = parseUnitTask(task);
    const here = fingerprintOf(search, this.files).options;
    if (options !== here) throw new TypeError(`"${options}" was sent as "${here}"`);
    return async () => {
      try {
        const result = await this.threads.run({ kind: 'unit', search, unit, steps });
        if (result.stopped !== undefined) return undefined;
        this.units += 1;
        this.executions += result.report.executions;
        return result;
      } catch (error) {
        if (error instanceof StoppedError) return undefined;
        throw error;
      }
    };
  }

  private readPoint(task: unknown): () => Promise<object | undefined> {
    const point = parsePointTask(task);
    return async () => {
      const result = await pointInThread(point, this.plugins, this.stopping.signal);
      if (result !== undefined) this.choices += 1;
      return result;
    };
  }
}

/** `irqlab worker`: does units of searches, and choices of comparisons, that others put into the queue. */
export async function work(options: WorkOptions, stdio: Stdio): Promise<ExitStatus> {
  const { plugins = noPlugins, raceFile, workers, idle = Number.POSITIVE_INFINITY } = options;
  const own = raceFile === undefined ? undefined : await loadOwnRace(raceFile);
  const races = own === undefined ? await racesWith(plugins.modules) : [own.race];
  const threads = new ThreadRunner(workers, races, { plugins: plugins.files, raceFile });
  const taker = new LabTaker(threads, plugins.files, userFiles({ plugins, raceFile }), idle);
  try {
    return await takeJobs(options.queue, taker, stdio);
  } finally {
    await threads.close();
  }
}
