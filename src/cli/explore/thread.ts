import { parentPort, workerData } from 'node:worker_threads';
import { runTask, type Task } from './task.js';
import type { FromThread } from './threads.js';

// A thread that explores. It is given a flag in shared memory that becomes 1 when the search is to end.

const stopFlag = workerData as Int32Array;
const tell = (message: FromThread): void => parentPort?.postMessage(message);

parentPort?.on('message', (task: Task) => {
  try {
    const result = runTask(task, {
      onProgress: (progress) => tell({ kind: 'progress', progress }),
      shouldStop: () => Atomics.load(stopFlag, 0) !== 0,
    });
    tell({ kind: 'result', result });
  } catch (error) {
    tell({ kind: 'error', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
