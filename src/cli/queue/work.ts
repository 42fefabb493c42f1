import { hostname } from 'node:os';
import type { Job } from 'bullmq';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { noPlugins, type PluginOptions } from '../../command/plugins.js';
import type { Stdio } from '../../command/stdio.js';
import type { UnitResult } from '../../explore/frontier.js';
import { number } from '../../explore/report/effort.js';
import { buildOf, fingerprintOf, userFiles } from '../explore/fingerprint.js';
import { loadOwnRace } from '../explore/own-race.js';
import { racesWith } from '../explore/races-with.js';
import { StoppedError, type TaskRunner } from '../explore/task.js';
import { ThreadRunner } from '../explore/threads.js';
import { parseUnitJob, type UnitJob } from './messages.js';
import { connectQueue, QUEUE, type QueueServer, troubleText } from './redis.js';

export interface WorkOptions extends PluginOptions {
  readonly queue: string;
  /** Units at a time, each in a thread. */
  readonly workers: number;
  /** Ends after so many seconds without a unit; default: never. */
  readonly idle?: number;
  readonly raceFile?: string;
}

/** Who does not say for so long that it is alive loses its unit to another one. */
const LOCK_MS = 10_000;

/** A unit that takes this many workers with it is the reason itself. */
const MOST_STALLED = 5;

const IDLE_LOOK_MS = 100;

/** What a worker does with a unit of the queue, and what it has done. */
class UnitTaker {
  units = 0;
  executions = 0;
  private busy = 0;
  private lastMs = performance.now();
  private readonly build: string;

  constructor(
    private readonly bullmq: QueueServer['bullmq'],
    private readonly threads: TaskRunner,
    private readonly files: readonly string[],
    private readonly stdio: Stdio,
    private readonly onOtherBuild: () => void,
  ) {
    this.build = buildOf(files);
    stdio.err(`irqlab: build ${this.build}, ${threads.workers} at a time, waiting for units\n`);
  }

  /** For how long there has been nothing to do. */
  get idleMs(): number {
    return this.busy > 0 ? 0 : performance.now() - this.lastMs;
  }

  async take(job: Job, token: string | undefined): Promise<UnitResult> {
    this.busy += 1;
    try {
      const result = await this.resultOf(this.unitJobOf(job));
      return result ?? (await this.giveBack(job, token));
    } finally {
      this.busy -= 1;
      this.lastMs = performance.now();
    }
  }

  /** @returns undefined if somebody else is to do it. */
  private async resultOf({ search, unit, steps, fingerprint }: UnitJob): Promise<UnitResult | undefined> {
    if (fingerprint.build !== this.build) {
      this.stdio.err(
        `irqlab: ${search.race}/${search.variant} in the queue is of build ${fingerprint.build}, this is ${this.build}: ` +
          'run the same irqlab, with the same plug-ins and races, on both sides\n',
      );
      this.onOtherBuild();
      return undefined;
    }
    const here = fingerprintOf(search, this.files).options;
    if (fingerprint.options !== here)
      throw new this.bullmq.UnrecoverableError(`"${fingerprint.options}" was sent as "${here}"`);
    try {
      const result = await this.threads.run({ kind: 'unit', search, unit, steps });
      if (result.stopped !== undefined) return undefined;
      this.units += 1;
      this.executions += result.report.executions;
      this.stdio.progress?.(this.text);
      return result;
    } catch (error) {
      if (error instanceof StoppedError) return undefined;
      throw error;
    }
  }

  get text(): string {
    return `${number(this.units)} units, ${number(this.executions)} executions`;
  }

  /** What is no unit will be none the next time either. */
  private unitJobOf({ data }: Job): UnitJob {
    try {
      return parseUnitJob(data);
    } catch (error) {
      throw new this.bullmq.UnrecoverableError(error instanceof Error ? error.message : String(error));
    }
  }

  private async giveBack(job: Job, token: string | undefined): Promise<never> {
    await job.moveToDelayed(Date.now() + 1000, token);
    throw new this.bullmq.DelayedError();
  }
}

/** `irqlab worker`: does units of searches that others put into the queue. */
export async function work(options: WorkOptions, stdio: Stdio): Promise<ExitStatus> {
  const { plugins = noPlugins, raceFile, workers, idle = Number.POSITIVE_INFINITY } = options;
  const own = raceFile === undefined ? undefined : await loadOwnRace(raceFile);
  const races = own === undefined ? await racesWith(plugins) : [own.race];
  const server = await connectQueue(options.queue, (what) => stdio.err(troubleText(what)));
  const threads = new ThreadRunner(workers, races, { plugins: plugins.files, raceFile });
  const status = await new Promise<ExitStatus>((end) => {
    const taker = new UnitTaker(server.bullmq, threads, userFiles({ plugins, raceFile }), stdio, () =>
      stop(exitStatus.usage),
    );
    const worker = new server.bullmq.Worker(QUEUE, (job, token) => taker.take(job, token), {
      connection: server.redis,
      // Who has a unit, for those who look into the queue.
      name: `${hostname()}-${process.pid}`,
      concurrency: workers,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS / 2,
      maxStalledCount: MOST_STALLED,
    });
    // That Redis has gone is told by who has connected to it.
    worker.on('error', () => {});
    const watching = setInterval(() => taker.idleMs > idle * 1000 && stop(exitStatus.ok), IDLE_LOOK_MS);
    const interrupted = (): void => stop(exitStatus.interrupted);
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    const stop = (ended: ExitStatus): void => {
      clearInterval(watching);
      process.removeListener('SIGINT', interrupted);
      process.removeListener('SIGTERM', interrupted);
      threads.stop();
      void worker.close().finally(() => {
        stdio.progress?.('');
        stdio.out(`${taker.text}\n`);
        end(ended);
      });
    };
  });
  await threads.close();
  await server.close();
  return status;
}
