import { Worker } from 'node:worker_threads';
import { errorOf, type ThrownThere } from '../../command/thrown-there.js';
import { exitText } from '../../command/untimely-exit.js';
import type { Progress } from '../../explore/options.js';
import type { Race } from '../../races/race.js';
import { PluginError } from '../../lib/plugin-error.js';
import { StoppedError, type Task, type TaskOf, type TaskResults, type TaskRunner } from './task.js';

/** What a thread is told when it starts. */
export interface ForThread {
  /** In shared memory; becomes 1 when the search is to end. */
  readonly stopFlag: Int32Array;
  readonly files: UserFiles;
}

/** Files of the user's own that a thread loads. */
export interface UserFiles {
  readonly plugins: readonly string[];
  /** The race that tasks are about; undefined: those of irqlab and of plug-ins. */
  readonly raceFile?: string;
}

/** Message from a thread. */
export type FromThread =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: TaskResults[Task['kind']] }
  | { readonly kind: 'error'; readonly error: ThrownThere };

interface Job {
  readonly task: Task;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly resolve: (result: TaskResults[Task['kind']]) => void;
  readonly reject: (error: Error) => void;
}

/** How long searches have to end by themselves once they are stopped. */
const GRACE_MS = 1000;

/** Runs tasks in threads, so that this one can show progress and notice Ctrl-C. Threads start on demand. */
export class ThreadRunner implements TaskRunner {
  private readonly stopFlag = new Int32Array(new SharedArrayBuffer(4));
  private readonly jobs: Job[] = [];
  private readonly idle: Worker[] = [];
  private readonly all: Worker[] = [];
  private readonly busy = new Map<Worker, Job>();
  private giveUp: NodeJS.Timeout | undefined;

  /**
   * @param files what has the races that are not irqlab's own.
   * @param sanitize the threads load the models instrumented.
   */
  constructor(
    readonly workers: number,
    readonly races: readonly Race[],
    private readonly files: UserFiles,
    private readonly sanitize = false,
  ) {}

  get isStopped(): boolean {
    return Atomics.load(this.stopFlag, 0) !== 0;
  }

  run<K extends Task['kind']>(
    task: TaskOf<K>,
    onProgress?: (progress: Progress) => void,
  ): Promise<TaskResults[K]> {
    if (this.isStopped) return Promise.reject(new StoppedError(false));
    return new Promise((resolve, reject) => {
      this.jobs.push({ task, onProgress, resolve: resolve as Job['resolve'], reject });
      this.next();
    });
  }

  stop(): void {
    Atomics.store(this.stopFlag, 0, 1);
    for (const { reject } of this.jobs.splice(0)) reject(new StoppedError(false));
    if (this.busy.size !== 0) this.giveUp = setTimeout(() => this.giveUpBusy(), GRACE_MS);
  }

  async close(): Promise<void> {
    clearTimeout(this.giveUp);
    for (const worker of this.all) worker.removeAllListeners('exit');
    await Promise.all(this.all.map((worker) => worker.terminate()));
  }

  /** A search looks only now and then whether it is to end, and not at all while it sets a model up. */
  private giveUpBusy(): void {
    for (const [worker, { reject }] of this.busy) {
      reject(new StoppedError(true));
      void worker.terminate();
    }
    this.busy.clear();
  }

  private next(): void {
    if (this.jobs.length === 0) return;
    const worker = this.idle.pop() ?? this.start();
    const job = worker && this.jobs.shift();
    if (worker === undefined || job === undefined) return;
    this.busy.set(worker, job);
    const done = (): void => {
      worker.removeAllListeners('message');
      worker.removeAllListeners('error');
      worker.removeAllListeners('exit');
      this.busy.delete(worker);
      this.idle.push(worker);
      this.next();
    };
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'progress') job.onProgress?.(message.progress);
      else {
        done();
        if (message.kind === 'result') job.resolve(message.result);
        else job.reject(errorOf(message.error));
      }
    });
    worker.on('error', (error: Error) => job.reject(error));
    // Only code of the user's own ends a thread by itself.
    worker.on('exit', (code) => job.reject(new PluginError(exitText(code))));
    worker.postMessage(job.task);
  }

  private start(): Worker | undefined {
    if (this.all.length >= this.workers) return undefined;
    const { stopFlag, files } = this;
    const workerData: ForThread = { stopFlag, files };
    const thread = this.sanitize ? './sanitized-thread.js' : './thread.js';
    const worker = new Worker(new URL(thread, import.meta.url), { workerData });
    this.all.push(worker);
    return worker;
  }
}
