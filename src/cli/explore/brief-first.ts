import type { Progress } from '../../explore/options.js';
import { runTask, type Task, type TaskOf, type TaskResults, type TaskRunner } from './task.js';

/** About as long as a thread takes to start, and too short for anybody to press Ctrl-C. */
const BRIEF_MS = 100;

/** Runs each task in this thread first: what is over at once needs no other. Of what is not, nothing is kept. */
export class BriefFirst implements TaskRunner {
  constructor(private readonly threads: TaskRunner) {}

  get workers(): number {
    return this.threads.workers;
  }

  get races(): TaskRunner['races'] {
    return this.threads.races;
  }

  get isStopped(): boolean {
    return this.threads.isStopped;
  }

  async run<K extends Task['kind']>(
    task: TaskOf<K>,
    onProgress?: (progress: Progress) => void,
  ): Promise<TaskResults[K]> {
    // Units are there because it takes longer.
    if (this.isStopped || task.kind === 'unit') return this.threads.run(task, onProgress);
    const untilMs = Date.now() + BRIEF_MS;
    let isOver = true;
    const shouldStop = (): boolean => {
      if (Date.now() < untilMs) return false;
      isOver = false;
      return true;
    };
    const result = runTask(this.threads.races, task, { shouldStop });
    return isOver ? result : this.threads.run(task, onProgress);
  }

  stop(): void {
    this.threads.stop();
  }

  close(): Promise<void> {
    return this.threads.close();
  }
}
