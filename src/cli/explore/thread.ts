import { parentPort, workerData } from 'node:worker_threads';
import { loadPlugins } from '../../command/plugins.js';
import { thrownThere } from '../../command/thrown-there.js';
import { sharePackages } from '../../command/share-packages.js';
import { loadOwnRace } from './own-race.js';
import { racesWith } from '../../command/races-with.js';
import { runTask, type Task } from './task.js';
import type { ForThread, FromThread } from './threads.js';

// A thread that explores.

const { stopFlag, files } = workerData as ForThread;
const { plugins, raceFile } = files;
if (plugins.length > 0 || raceFile !== undefined) sharePackages();
const races =
  raceFile === undefined
    ? await racesWith((await loadPlugins(plugins)).modules)
    : [(await loadOwnRace(raceFile)).race];
const tell = (message: FromThread): void => parentPort?.postMessage(message);

parentPort?.on('message', (task: Task) => {
  try {
    const result = runTask(races, task, {
      onProgress: (progress) => tell({ kind: 'progress', progress }),
      shouldStop: () => Atomics.load(stopFlag, 0) !== 0,
    });
    tell({ kind: 'result', result });
  } catch (error) {
    tell({ kind: 'error', error: thrownThere(error) });
  }
});
