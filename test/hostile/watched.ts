import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { partNamed } from './parts/index.js';
import type { Trial } from './trial.js';
import type { Outcome, Question } from './trial-process.js';

/** A trial may take as long as so many of its actions. */
const ACTIONS_AT_MOST = 10;
/** Where others use the machine as well, a process gets its time so much later. */
const SLOWED_AT_MOST = 10;
/** Linux' clock ticks of a process (USER_HZ), in ms. */
const TICK_MS = 10;
const MOST_MEMORY_MB = 1536;

/** Runs trials in a process, so that one that never ends, or needs all memory, is a finding like others. */
export class WatchedTrials {
  private child: ChildProcess | undefined;
  private closed = false;

  get isClosed(): boolean {
    return this.closed;
  }

  run(trial: Trial): Promise<Outcome> {
    return this.ask({ trial, inWords: false });
  }

  /** A trial in words; none if the process does not live to say them. */
  async words(trial: Trial): Promise<readonly string[]> {
    return (await this.ask({ trial, inWords: true })).words ?? [];
  }

  private async ask(question: Question): Promise<Outcome> {
    const { trial } = question;
    if (this.closed) throw new Error('there are no more trials');
    this.child ??= start();
    const { child } = this;
    const limitMs = partNamed(trial.part).budgetMs * ACTIONS_AT_MOST;
    const watching = new AbortController();
    const begin = { cpuMs: cpuMsOf(child), realMs: performance.now() };
    const outcome = await new Promise<Outcome>((resolve) => {
      const look = (): void => {
        const realMs = performance.now() - begin.realMs;
        const cpuMs = cpuMsOf(child) - begin.cpuMs;
        // What has not had its time yet may go on, unless it waits for what does not come.
        if (cpuMs < limitMs && realMs < SLOWED_AT_MOST * limitMs) timer = setTimeout(look, limitMs / 4);
        else
          broken(`the trial has not ended after ${Math.round(cpuMs)} ms of CPU in ${Math.round(realMs)} ms`);
      };
      let timer = setTimeout(look, limitMs);
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
      child.send(question);
    });
    watching.abort();
    return outcome;
  }

  /** The trial that is being run ends, as a finding that is none. */
  close(): void {
    this.closed = true;
    this.child?.kill();
  }
}

/** CPU time that a process has had; where there is no /proc, the real time instead. */
function cpuMsOf({ pid }: ChildProcess): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [utime, stime] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return (utime + stime) * TICK_MS;
  } catch {
    return performance.now();
  }
}

function start(): ChildProcess {
  return fork(new URL('./trial-process.js', import.meta.url), {
    execArgv: [`--max-old-space-size=${MOST_MEMORY_MB}`],
    serialization: 'advanced',
  });
}
