import { type ChildProcess, fork } from 'node:child_process';
import { partNamed } from './parts/index.js';
import type { Trial } from './trial.js';
import type { Outcome } from './trial-process.js';

/** A trial may take as long as so many of its actions. */
const ACTIONS_AT_MOST = 10;
const MOST_MEMORY_MB = 1536;

/** Runs trials in a process, so that one that never ends, or needs all memory, is a finding like others. */
export class WatchedTrials {
  private child: ChildProcess | undefined;

  async run(trial: Trial): Promise<Outcome> {
    this.child ??= start();
    const { child } = this;
    const limitMs = partNamed(trial.part).budgetMs * ACTIONS_AT_MOST;
    const watching = new AbortController();
    const outcome = await new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => broken(`the trial has not ended after ${limitMs} ms`), limitMs);
      const broken = (finding: string): void => {
        this.child = undefined;
        child.kill('SIGKILL');
        resolve({ finding, reached: [] });
      };
      const ended = (status: number | null): void => broken(`the process ended with status ${status}`);
      child.once('exit', ended);
      child.once('message', (message) => resolve(message as Outcome));
      watching.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        child.off('exit', ended);
      });
      child.send(trial);
    });
    watching.abort();
    return outcome;
  }

  close(): void {
    this.child?.kill();
  }
}

function start(): ChildProcess {
  return fork(new URL('./trial-process.js', import.meta.url), {
    execArgv: [`--max-old-space-size=${MOST_MEMORY_MB}`],
    serialization: 'advanced',
  });
}
