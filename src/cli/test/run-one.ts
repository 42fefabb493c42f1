import type { Plugins } from '../../command/plugins.js';
import { openScenario } from '../../command/scenario-file.js';
import { bootGuest } from '../../command/boot-guest.js';
import { UsageError } from '../../command/usage-error.js';
import { Guest } from '../../guest/guest.js';
import { runScenarioOn } from '../../scenario/runner.js';
import { problemsOf } from '../run/text.js';
import type { TestOutcome } from './outcome.js';

/**
 * Runs one scenario file as `irqlab run` does, in a thread that Ctrl-C does not reach. A file that is none is a test that
 * fails.
 */
export async function runOne(file: string, plugins: Plugins): Promise<TestOutcome> {
  const from = performance.now();
  const seconds = (): number => (performance.now() - from) / 1000;
  try {
    const scenario = openScenario(file, noStdio, plugins);
    const guest = await bootGuest(scenario, async (options) =>
      Guest.create(options, { modules: plugins.modules }),
    );
    const result = runScenarioOn(guest, { ...scenario, print: [] });
    const steps = result.steps.map(({ place: { line, column }, atNs, action, message }) => ({
      line,
      column,
      atNs,
      action,
      message,
    }));
    return { file, ok: result.ok, steps, problems: problemsOf(file, result), seconds: seconds() };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = error.hint === undefined ? [] : [error.hint];
    const problems = [...error.message.split(/\n(?:irqlab: )?/), ...hint];
    return { file, ok: false, steps: [], problems, seconds: seconds() };
  }
}

/** Standard input has no name that a report could give. */
const noStdio = {
  out: () => {},
  err: () => {},
  readStdin: (): string => {
    throw new UsageError('irqlab test runs files, not standard input');
  },
};
