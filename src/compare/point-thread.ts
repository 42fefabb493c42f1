import { parentPort, workerData } from 'node:worker_threads';
import { loadPlugins, type Plugins } from '../command/plugins.js';
import { scenarioOf } from '../command/scenario-file.js';
import { sharePackages } from '../command/share-packages.js';
import { thrownThere } from '../command/thrown-there.js';
import { UsageError } from '../command/usage-error.js';
import { Guest } from '../guest/guest.js';
import { runScenarioOn } from '../scenario/runner.js';
import { checkAxis, choicesFor, compareOne, withDesign } from './one.js';
import type { FromPointThread, Point, PointOfThread, PointResult } from './point.js';

// A thread that runs a scenario under one choice and answers with its row.

async function resultOf({ text, name, axis, choice }: Point, plugins: Plugins): Promise<PointResult> {
  try {
    const scenario = scenarioOf(text, name, plugins);
    checkAxis(axis, false, scenario);
    const chosen = choicesFor(axis, scenario, plugins).find((one) => one.name === choice);
    if (chosen === undefined) throw new UsageError(`${axis} has no choice ${choice}`);
    const row = await compareOne(withDesign(scenario, chosen), chosen, {
      create: async (options) => Guest.create(options, { modules: plugins.modules }),
      run: runScenarioOn,
    });
    return { row };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { refused: error.message, hint: error.hint };
  }
}

const { point, plugins: files } = workerData as PointOfThread;
if (files.length > 0) sharePackages();
const tell = (message: FromPointThread): void => parentPort?.postMessage(message);
resultOf(point, await loadPlugins(files)).then(tell, (error: unknown) => tell({ error: thrownThere(error) }));
