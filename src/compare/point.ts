import { Worker } from 'node:worker_threads';
import { errorOf, type ThrownThere } from '../command/thrown-there.js';
import { exitText } from '../command/untimely-exit.js';
import { UsageError } from '../command/usage-error.js';
import { PluginError } from '../lib/plugin-error.js';
import type { AxisName } from './axes.js';
import type { Compared } from './comparison.js';

/** One choice of a comparison. Plain data, so that another thread or machine can run it. */
export interface Point {
  /** The scenario, and what messages call it by. */
  readonly text: string;
  readonly name: string;
  readonly axis: AxisName;
  readonly choice: string;
}

/** What came of a point: a row of the comparison, or why there is none, which is the scenario's fault. */
export type PointResult =
  | { readonly row: Compared }
  | { readonly refused: string; readonly hint?: string | undefined };

/** What the thread is told. */
export interface PointOfThread {
  readonly point: Point;
  readonly plugins: readonly string[];
}

/** Message from the thread. */
export type FromPointThread = PointResult | { readonly error: ThrownThere };

/**
 * Runs a point in a thread of its own, so that this one can go on.
 *
 * @param plugins files to load there.
 * @param signal ends it.
 * @returns undefined if `signal` came first.
 */
export function pointInThread(
  point: Point,
  plugins: readonly string[],
  signal: AbortSignal,
): Promise<PointResult | undefined> {
  return new Promise((resolve, reject) => {
    const workerData: PointOfThread = { point, plugins };
    const worker = new Worker(new URL('./point-thread.js', import.meta.url), { workerData });
    const stop = (): void => {
      resolve(undefined);
      void worker.terminate();
    };
    signal.addEventListener('abort', stop);
    worker.once('message', (message: FromPointThread) => {
      if ('error' in message) reject(errorOf(message.error));
      else resolve(message);
    });
    worker.once('error', reject);
    // Only code of the user's own ends a thread before it has told anything.
    worker.once('exit', (code) => {
      signal.removeEventListener('abort', stop);
      reject(new PluginError(exitText(code)));
    });
  });
}

/** The row of a point. @throws UsageError if there is none. */
export function rowOf(result: PointResult): Compared {
  if ('row' in result) return result.row;
  throw new UsageError(result.refused, result.hint);
}
