import { parentPort, workerData } from 'node:worker_threads';
import { loadPlugins, type Plugins } from '../../command/plugins.js';
import { sharePackages } from '../../command/share-packages.js';
import { thrownThere } from '../../command/thrown-there.js';
import { runOne } from './run-one.js';
import type { FromTestThread, ForTestThread } from './threads.js';

// A thread that runs scenario files as tests, one after the other.

const { plugins: files } = workerData as ForTestThread;
if (files.length > 0) sharePackages();
let loading: Promise<Plugins> | undefined;
const tell = (message: FromTestThread): void => parentPort?.postMessage(message);

parentPort?.on('message', (file: string) => {
  loading ??= loadPlugins(files);
  loading
    .then((plugins) => runOne(file, plugins))
    .then(
      (outcome) => tell({ outcome }),
      (error: unknown) => tell({ error: thrownThere(error) }),
    );
});
