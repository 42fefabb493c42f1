import { Worker } from 'node:worker_threads';
import { errorOf, type ThrownThere } from '../../command/thrown-there.js';
import { exitText } from '../../command/untimely-exit.js';
import { PluginError } from '../../lib/plugin-error.js';
import type { TestOutcome } from './outcome.js';

/** What a thread is told when it starts. */
export interface ForTestThread {
  /** Files to load. */
  readonly plugins: readonly string[];
}

export type FromTestThread = { readonly outcome: TestOutcome } | { readonly error: ThrownThere };

/**
 * Runs files as tests, in so many threads.
 *
 * @param onOutcome is told of each, in the order of the files.
 * @param signal ends the runs: what has not been told of by then is not.
 * @throws what a thread throws: a defect, or a plug-in's fault.
 */
export async function runInThreads(
  files: readonly string[],
  plugins: readonly string[],
  workers: number,
  onOutcome: (outcome: TestOutcome) => void,
  signal: AbortSignal,
): Promise<void> {
  const outcomes = new Array<TestOutcome | undefined>(files.length);
  let told = 0;
  const take = (at: number, outcome: TestOutcome): void => {
    outcomes[at] = outcome;
    for (let next = outcomes[told]; next !== undefined; next = outcomes[told]) {
      told += 1;
      onOutcome(next);
    }
  };
  let given = 0;
  const all: Worker[] = [];
  const serve = async (): Promise<void> => {
    if (given >= files.length || signal.aborted) return;
    const workerData: ForTestThread = { plugins };
    const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData });
    all.push(worker);
    while (given < files.length && !signal.aborted) {
      const at = given++;
      const outcome = await runIn(worker, files[at], signal);
      if (outcome !== undefined) take(at, outcome);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(workers, files.length) }, serve));
  } finally {
    await Promise.all(all.map((worker) => worker.terminate()));
  }
}

/** @returns undefined if `signal` came first. */
function runIn(worker: Worker, file: string, signal: AbortSignal): Promise<TestOutcome | undefined> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
      signal.removeEventListener('abort', stop);
    };
    const stop = (): void => {
      done();
      resolve(undefined);
    };
    signal.addEventListener('abort', stop);
    worker.on('message', (message: FromTestThread) => {
      done();
      if ('outcome' in message) resolve(message.outcome);
      else reject(errorOf(message.error));
    });
    worker.on('error', (error) => {
      done();
      reject(error);
    });
    // Only code of the user's own ends a thread by itself.
    worker.on('exit', (code) => {
      done();
      reject(new PluginError(exitText(code)));
    });
    worker.postMessage(file);
  });
}
