import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, JobsOptions, Queue } from 'bullmq';
import { UsageError } from '../../command/usage-error.js';
import { StoppedError } from '../explore/task.js';
import { Lease } from './lease.js';
import type { Envelope } from './messages.js';
import type { QueueServer } from './redis.js';

/** How often is looked whether all is to end, and whether an event was missed, as when Redis has gone and come. */
const LOOK_MS = 100;
const LOOK_AT_ALL_MS = 2000;

/** Without any worker for so long the user is told. */
const ALONE_MS = 3000;

/** A Redis that is away at the end is not waited for: the lease ends by itself. */
const FAREWELL_MS = 2000;

const DAY_S = 24 * 3600;

/** A job that fails is tried again, elsewhere if there is somebody else; then it stays in the queue, with the reason. */
const jobOptions: JobsOptions = {
  attempts: 3,
  backoff: { type: 'fixed', delay: 200 },
  removeOnComplete: { age: DAY_S },
  removeOnFail: { age: 7 * DAY_S },
};

/** What somebody has done by a queue. */
export interface JobsOf<Result> {
  /** The queue's name, and that of the kind of job. */
  readonly queue: string;
  readonly kind: string;
  /** Stands for the code that must do them. */
  readonly build: string;
  /** @throws TypeError saying what is wrong with what came back. */
  parse(value: unknown): Result;
}

interface InQueue<Result> {
  readonly data: Envelope;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Has jobs done by whoever takes them from a queue. A job has one name there however often it is put there, and comes back
 * once. Workers drop those of who has gone (lease.ts).
 */
export class QueuedJobs<Task, Result> {
  private readonly queue: Queue;
  private readonly events;
  private readonly lease: Lease;
  /** Names what is this one's own. */
  private readonly owner = randomUUID();
  private readonly inQueue = new Map<string, InQueue<Result>>();
  private readonly looking: NodeJS.Timeout;
  private lookedMs = performance.now();
  private aloneMs: number | undefined;
  private isLooking = false;

  /**
   * @param isStopped is asked whether all is to end.
   * @param onAlone is called once if there is no worker.
   */
  constructor(
    { bullmq, redis }: QueueServer,
    private readonly of: JobsOf<Result>,
    private readonly isStopped: () => boolean,
    private readonly onAlone: () => void,
  ) {
    this.lease = new Lease(redis, this.owner);
    this.queue = new bullmq.Queue(of.queue, { connection: redis });
    this.events = new bullmq.QueueEvents(of.queue, { connection: redis });
    // What Redis' going away means is told by who has connected to it.
    this.queue.on('error', () => {});
    this.events.on('error', () => {});
    this.events.on('completed', ({ jobId }) => this.settle(jobId));
    this.events.on('failed', ({ jobId }) => this.settle(jobId));
    this.looking = setInterval(() => this.look(), LOOK_MS);
  }

  /**
   * @param number of the job, among all of this object.
   * @throws StoppedError if all ends before it is done; UsageError if it cannot be done.
   */
  run(number: number, task: Task): Promise<Result> {
    const name = `${this.owner}-${number}`;
    const { owner, of } = this;
    return new Promise((resolve, reject) => {
      this.inQueue.set(name, { data: { owner, build: of.build, task }, resolve, reject });
      this.put(name);
    });
  }

  /** What nobody has begun is taken back, and ends with StoppedError; the rest goes on. */
  async takeBack(): Promise<void> {
    await Promise.all(
      [...this.inQueue].map(async ([name, entry]) => {
        await this.settle(name);
        if (!this.inQueue.delete(name)) return;
        if ((await this.queue.remove(name)) === 1) entry.reject(new StoppedError(false));
        else this.inQueue.set(name, entry);
      }),
    );
  }

  /** Takes back what is no longer wanted. What somebody works at goes when it is done. */
  async close(): Promise<void> {
    clearInterval(this.looking);
    const left = [...this.inQueue.keys()];
    this.inQueue.clear();
    const removed = Promise.allSettled([
      this.lease.release(),
      ...left.map((name) => this.queue.remove(name)),
    ]);
    const closed = removed.then(() => Promise.allSettled([this.events.close(), this.queue.close()]));
    await Promise.race([closed, delay(FAREWELL_MS, undefined, { ref: false })]);
  }

  private put(name: string): void {
    const entry = this.inQueue.get(name);
    if (entry === undefined) return;
    this.queue
      .add(this.of.kind, entry.data, { ...jobOptions, jobId: name })
      .catch((error: Error) => this.fail(name, error));
  }

  private look(): void {
    if (this.isStopped()) {
      for (const { reject } of this.inQueue.values()) reject(new StoppedError(false));
      return;
    }
    if (this.isLooking || performance.now() - this.lookedMs < LOOK_AT_ALL_MS) return;
    this.isLooking = true;
    void this.lookAtAll().finally(() => {
      this.lookedMs = performance.now();
      this.isLooking = false;
    });
  }

  private async lookAtAll(): Promise<void> {
    const workers = await this.queue.getWorkersCount().catch(() => 1);
    if (workers > 0) this.aloneMs = Number.POSITIVE_INFINITY;
    this.aloneMs ??= performance.now();
    if (performance.now() - this.aloneMs > ALONE_MS) {
      this.aloneMs = Number.POSITIVE_INFINITY;
      this.onAlone();
    }
    await Promise.all([...this.inQueue.keys()].map((name) => this.settle(name)));
  }

  /** Takes what came of a job, if anything has. */
  private async settle(name: string): Promise<void> {
    if (!this.inQueue.has(name)) return;
    try {
      const job: Job | undefined = await this.queue.getJob(name);
      // A Redis that was killed forgets what it had not written yet; a worker that misses the lease drops it.
      if (job === undefined) this.put(name);
      else if (await job.isCompleted()) await this.take(name, job);
      else if (await job.isFailed()) this.fail(name, new UsageError(this.deadText(job), DEAD_HINT));
    } catch (error) {
      this.fail(name, error instanceof Error ? error : new Error(String(error)));
    }
  }

  private async take(name: string, job: Job): Promise<void> {
    const result = this.of.parse(job.returnvalue);
    const entry = this.inQueue.get(name);
    this.inQueue.delete(name);
    entry?.resolve(result);
    await job.remove().catch(() => {});
  }

  private fail(name: string, error: Error): void {
    const entry = this.inQueue.get(name);
    this.inQueue.delete(name);
    entry?.reject(error instanceof TypeError ? new UsageError(error.message) : error);
  }

  private deadText({ id, failedReason, attemptsMade }: Job): string {
    return `${this.of.kind} ${id ?? ''} was given up after ${attemptsMade} attempts: ${failedReason}`;
  }
}

const DEAD_HINT =
  'It stays among the failed jobs of the queue for a week; there is no whole result without it.';
