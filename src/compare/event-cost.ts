import { Worker } from 'node:worker_threads';
import { InterruptedError } from '../command/interruptible.js';
import type { GuestOptions } from '../scenario/options/guest.js';

/** Measures what an event costs a guest on this machine, in ns. Ctrl-C ends that: InterruptedError. */
export type EventCost = (options: GuestOptions) => Promise<number>;

/** What the thread is told. */
export interface CostOfWhat {
  readonly options: GuestOptions;
  readonly plugins: readonly string[];
}

/**
 * Measures in a thread of its own for each choice: code that has run under one choice is optimised for it, and the next
 * choice would pay for that.
 *
 * @param plugins files to load there.
 */
export function eventCost(plugins: readonly string[]): EventCost {
  return (options) =>
    new Promise((resolve, reject) => {
      const workerData: CostOfWhat = { options, plugins };
      const worker = new Worker(new URL('./event-cost-thread.js', import.meta.url), { workerData });
      const stop = (): void => {
        void worker.terminate();
        reject(new InterruptedError('while an event was measured'));
      };
      process.once('SIGINT', stop);
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => process.removeListener('SIGINT', stop));
    });
}
