import type { Progress } from '../../explore/options.js';
import { races as builtinRaces } from '../../races/index.js';
import { runTask, StoppedError, type Task, type TaskOf, type TaskResults, type TaskRunner } from './task.js';

/** Runs tasks in this thread, one after another. */
export class InProcessRunner implements TaskRunner {
  isStopped = false;

  /** @param workers how many threads it stands for. */
  constructor(
    readonly workers = 1,
    readonly races = builtinRaces,
  ) {}

  async run<K extends Task['kind']>(
    task: TaskOf<K>,
    onProgress?: (progress: Progress) => void,
  ): Promise<TaskResults[K]> {
    if (this.isStopped) throw new StoppedError(false);
    return runTask(this.races, task, { onProgress, shouldStop: () => this.isStopped });
  }

  stop(): void {
    this.isStopped = true;
  }

  async close(): Promise<void> {}
}
