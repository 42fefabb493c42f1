import { hostname } from 'node:os';
import type { Job } from 'bullmq';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import type { Stdio } from '../../command/stdio.js';
import { isAwaited } from './lease.js';
import { parseEnvelope } from './messages.js';
import { connectQueue, type QueueServer, troubleText } from './redis.js';

/** Who does not say for so long that it is alive loses its job to another one. */
const LOCK_MS = 10_000;

/** A job that takes this many workers with it is the reason itself. */
const MOST_STALLED = 5;

const IDLE_LOOK_MS = 100;

/**
 * Reads a task that is not trusted, and returns what does it. That returns undefined if somebody else is to do it, since
 * this worker ends.
 *
 * @throws TypeError saying what is wrong with it.
 */
export type ReadTask = (task: unknown) => () => Promise<object | undefined>;

/** A worker: what it can do, and how. */
export interface JobTaker {
  readonly queue: string;
  readonly kinds: ReadonlyMap<string, ReadTask>;
  /** Stands for its code: a job of another build is not done. */
  readonly build: string;
  /** Jobs at a time. */
  readonly width: number;
  /** Ends after so many seconds without a job. */
  readonly idle: number;
  /** What it has done up to now, in words. */
  text(): string;
  /** Ends what is being done, which is given back. */
  stop(): void;
}

/** What a worker does with a job of the queue. */
class Taking {
  private busy = 0;
  private lastMs = performance.now();

  constructor(
    private readonly server: QueueServer,
    private readonly taker: JobTaker,
    private readonly stdio: Stdio,
    private readonly onOtherBuild: () => void,
  ) {}

  /** For how long there has been nothing to do. */
  get idleMs(): number {
    return this.busy > 0 ? 0 : performance.now() - this.lastMs;
  }

  /** @returns what came of it; null if nobody waits for it. */
  async take(job: Job, token: string | undefined): Promise<object | null> {
    this.busy += 1;
    try {
      const { owner, build, task } = this.certain(() => parseEnvelope(job.data));
      if (!(await isAwaited(this.server.redis, owner))) return this.drop(job);
      const isOwn = build === this.taker.build;
      if (!isOwn) this.tellOtherBuild(build);
      const result = isOwn ? await this.certain(() => this.readerOf(job)(task))() : undefined;
      if (result === undefined) return await this.giveBack(job, token);
      this.stdio.progress?.(this.taker.text());
      return (await isAwaited(this.server.redis, owner)) ? result : this.drop(job);
    } finally {
      this.busy -= 1;
      this.lastMs = performance.now();
    }
  }

  private readerOf({ name }: Job): ReadTask {
    const read = this.taker.kinds.get(name);
    if (read === undefined) throw new TypeError(`the queue has a kind of job that nobody knows: "${name}"`);
    return read;
  }

  /** What is no job will be none the next time either. */
  private certain<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw new this.server.bullmq.UnrecoverableError(error instanceof Error ? error.message : String(error));
    }
  }

  private tellOtherBuild(build: string): void {
    this.stdio.err(
      `irqlab: what is in the queue is of build ${build}, this is ${this.taker.build}: ` +
        'run the same irqlab, with the same plug-ins and races, on both sides\n',
    );
    this.onOtherBuild();
  }

  /** Whoever put it there has gone: nothing of it stays. */
  private drop(job: Job): null {
    job.opts.removeOnComplete = true;
    return null;
  }

  private async giveBack(job: Job, token: string | undefined): Promise<never> {
    await job.moveToDelayed(Date.now() + 1000, token);
    throw new this.server.bullmq.DelayedError();
  }
}

/**
 * Takes jobs from a queue until Ctrl-C, SIGTERM, or as long as there are some.
 *
 * @param address of the Redis.
 * @throws UsageError if no Redis answers there.
 */
export async function takeJobs(address: string, taker: JobTaker, stdio: Stdio): Promise<ExitStatus> {
  const server = await connectQueue(address, (what) => stdio.err(troubleText(what)));
  stdio.err(`irqlab: build ${taker.build}, ${taker.width} at a time, waiting for work\n`);
  const status = await new Promise<ExitStatus>((end) => {
    const taking = new Taking(server, taker, stdio, () => stop(exitStatus.usage));
    const worker = new server.bullmq.Worker(taker.queue, (job, token) => taking.take(job, token), {
      connection: server.redis,
      // Who has a job, for those who look into the queue.
      name: `${hostname()}-${process.pid}`,
      concurrency: taker.width,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS / 2,
      maxStalledCount: MOST_STALLED,
    });
    // That Redis has gone is told by who has connected to it.
    worker.on('error', () => {});
    const watching = setInterval(
      () => taking.idleMs > taker.idle * 1000 && stop(exitStatus.ok),
      IDLE_LOOK_MS,
    );
    const interrupted = (): void => stop(exitStatus.interrupted);
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    const stop = (ended: ExitStatus): void => {
      clearInterval(watching);
      process.removeListener('SIGINT', interrupted);
      process.removeListener('SIGTERM', interrupted);
      taker.stop();
      void worker.close().finally(() => {
        stdio.progress?.('');
        stdio.out(`${taker.text()}\n`);
        end(ended);
      });
    };
  });
  await server.close();
  return status;
}
