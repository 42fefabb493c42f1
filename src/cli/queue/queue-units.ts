import { randomUUID } from 'node:crypto';
import type { Job, JobsOptions, Queue } from 'bullmq';
import { UsageError } from '../../command/usage-error.js';
import type { NumberedUnit, UnitResult } from '../../explore/frontier.js';
import type { UnitRunner } from '../explore/in-units.js';
import { StoppedError } from '../explore/task.js';
import { parseUnitResult, type UnitJob } from './messages.js';
import { QUEUE, type QueueServer } from './redis.js';

/** Units in the queue at a time: some for each of many workers. */
const WIDTH = 128;

/** How often is looked whether the search is to end, and whether an event was missed, as when Redis has gone and come. */
const LOOK_MS = 100;
const LOOK_AT_ALL_MS = 2000;

/** Without any worker for so long the user is told. */
const ALONE_MS = 3000;

const DAY_S = 24 * 3600;

/** A unit that fails is tried again, elsewhere if there is somebody else; then it stays in the queue, with the reason. */
const jobOptions: JobsOptions = {
  attempts: 3,
  backoff: { type: 'fixed', delay: 200 },
  removeOnComplete: { age: DAY_S },
  removeOnFail: { age: 7 * DAY_S },
};

interface InQueue {
  readonly data: UnitJob;
  readonly resolve: (result: UnitResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Has units done by whoever takes them from the queue. A unit has one name in the queue however often it is put there, and
 * comes back once.
 */
export class QueueUnits implements UnitRunner {
  readonly width = WIDTH;
  private readonly queue: Queue;
  private readonly events;
  /** Names the units of this search. */
  private readonly id = randomUUID();
  private readonly inQueue = new Map<string, InQueue>();
  private readonly looking: NodeJS.Timeout;
  private lookedMs = performance.now();
  private aloneMs: number | undefined;
  private isLooking = false;

  /**
   * @param isStopped is asked whether the search is to end.
   * @param onAlone is called once if there is no worker.
   */
  constructor(
    { bullmq, redis }: QueueServer,
    private readonly job: Pick<UnitJob, 'fingerprint' | 'search'>,
    private readonly isStopped: () => boolean,
    private readonly onAlone: () => void,
  ) {
    this.queue = new bullmq.Queue(QUEUE, { connection: redis });
    this.events = new bullmq.QueueEvents(QUEUE, { connection: redis });
    // What Redis' going away means is told by who has connected to it.
    this.queue.on('error', () => {});
    this.events.on('error', () => {});
    this.events.on('completed', ({ jobId }) => this.settle(jobId));
    this.events.on('failed', ({ jobId }) => this.settle(jobId));
    this.looking = setInterval(() => this.look(), LOOK_MS);
  }

  run({ number, unit, steps }: NumberedUnit): Promise<UnitResult> {
    const name = `${this.id}-${number}`;
    return new Promise((resolve, reject) => {
      this.inQueue.set(name, { data: { ...this.job, unit, steps }, resolve, reject });
      this.put(name);
    });
  }

  /** Takes back what is no longer wanted. */
  async close(): Promise<void> {
    clearInterval(this.looking);
    const left = [...this.inQueue.keys()];
    this.inQueue.clear();
    // A unit that somebody works at stays until it is done, and goes by its age.
    await Promise.allSettled(left.map((name) => this.queue.remove(name)));
    await Promise.allSettled([this.events.close(), this.queue.close()]);
  }

  private put(name: string): void {
    const entry = this.inQueue.get(name);
    if (entry === undefined) return;
    this.queue
      .add('unit', entry.data, { ...jobOptions, jobId: name })
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

  /** Takes what came of a unit, if anything has. */
  private async settle(name: string): Promise<void> {
    if (!this.inQueue.has(name)) return;
    try {
      const job: Job | undefined = await this.queue.getJob(name);
      // A Redis that was killed forgets what it had not written yet.
      if (job === undefined) this.put(name);
      else if (await job.isCompleted()) await this.take(name, job);
      else if (await job.isFailed()) this.fail(name, new UsageError(deadText(job), DEAD_HINT));
    } catch (error) {
      this.fail(name, error instanceof Error ? error : new Error(String(error)));
    }
  }

  private async take(name: string, job: Job): Promise<void> {
    const result = parseUnitResult(job.returnvalue);
    const entry = this.inQueue.get(name);
    if (entry === undefined) return;
    if (
      result.stopped !== undefined ||
      (result.rest !== undefined && result.rest.floor !== entry.data.unit.floor)
    )
      throw new TypeError(`what came back as unit ${name} is not what was asked for`);
    this.inQueue.delete(name);
    entry.resolve(result);
    await job.remove().catch(() => {});
  }

  private fail(name: string, error: Error): void {
    const entry = this.inQueue.get(name);
    this.inQueue.delete(name);
    entry?.reject(error instanceof TypeError ? new UsageError(error.message) : error);
  }
}

const DEAD_HINT =
  'It stays among the failed jobs of the queue for a week; the search has no verdict without it.';

function deadText({ id, failedReason, attemptsMade }: Job): string {
  return `unit ${id ?? ''} was given up after ${attemptsMade} attempts: ${failedReason}`;
}
