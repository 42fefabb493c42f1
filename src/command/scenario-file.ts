import type { Guest } from '../guest/guest.js';
import type { CreateGuest } from './boot-guest.js';
import { ScenarioError } from '../scenario/diagnostics.js';
import { parseScenario } from '../scenario/load.js';
import type { Scenario } from '../scenario/scenario.js';
import { interruptible } from './interruptible.js';
import { readText } from './named-file.js';
import { noPlugins, type Plugins } from './plugins.js';
import type { Stdio } from './stdio.js';
import { UsageError } from './usage-error.js';

/**
 * The guest that all commands run. It is loaded late: a wrong file is told without it, and so at once. Ctrl-C ends its
 * boot: InterruptedError.
 */
export function guestsWith({ modules }: Plugins = noPlugins): CreateGuest<Guest> {
  return async (options) => {
    const { Guest } = await import('../guest/guest.js');
    return interruptible(
      () => Guest.create(options, { modules }),
      () => 'while the guest booted',
    );
  };
}

/**
 * Reads the scenario file that the user named; `-` is standard input.
 *
 * @throws UsageError for a file that cannot be used, with all that is wrong in it.
 */
export function openScenario(file: string, stdio: Stdio, plugins: Plugins = noPlugins): Scenario {
  const { name, text } = readText(file, stdio);
  return scenarioOf(text, name, plugins);
}

/** As openScenario, of a text that has been read. @param name what messages call it by. */
export function scenarioOf(text: string, name: string, { language }: Plugins): Scenario {
  try {
    return parseScenario(text, name, language);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const mayBePlugins = error.diagnostics.some((diagnostic) => diagnostic.mayBePlugins);
    const hint = "A plug-in's actions, designs and architectures must be loaded with --plugin FILE.";
    throw new UsageError(error.message.replaceAll('\n', '\nirqlab: '), mayBePlugins ? hint : undefined);
  }
}
