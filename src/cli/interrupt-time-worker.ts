import 'reflect-metadata';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { GuestOptions } from '../scenario/options/guest.js';

/**
 * What an event costs, measured in a thread of its own: code that has run under one choice is compiled for that one,
 * and the next would pay for it.
 */
export function timeInWorker(options: GuestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (!isMainThread && parentPort !== null) {
  const { interruptTimeNs } = await import('./interrupt-time.js');
  parentPort.postMessage(interruptTimeNs(workerData as GuestOptions));
}
