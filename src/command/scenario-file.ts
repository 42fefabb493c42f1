import type { Guest } from '../guest/guest.js';
import { type CountableGuest, countSignals } from './count-signals.js';
import { ScenarioError } from '../scenario/diagnostics.js';
import { parseScenario } from '../scenario/load.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { Scenario } from '../scenario/scenario.js';
import { interruptible } from './interruptible.js';
import { readText } from './named-file.js';
import { noPlugins, type Plugins } from './plugins.js';
import type { Stdio } from './stdio.js';
import { UsageError } from './usage-error.js';

/** Makes the guest of a scenario. Tests give another one. */
export type CreateGuest<Made extends CountableGuest> = (options: GuestOptions) => Promise<Made>;

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
export function openScenario(file: string, stdio: Stdio, { language }: Plugins = noPlugins): Scenario {
  const { name, text } = readText(file, stdio);
  try {
    return parseScenario(text, name, language);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const mayBePlugins = error.diagnostics.some((diagnostic) => diagnostic.mayBePlugins);
    const hint = "A plug-in's actions, designs and architectures must be loaded with --plugin FILE.";
    throw new UsageError(error.message.replaceAll('\n', '\nirqlab: '), mayBePlugins ? hint : undefined);
  }
}

/**
 * Boots the guest of a scenario, and has its signals counted if a step asks for that.
 *
 * @throws UsageError if no guest can be made of what the file says: that is the file's fault.
 */
export async function bootGuest<Made extends CountableGuest>(
  { file, guest, timeline }: Pick<Scenario, 'file' | 'guest' | 'timeline'>,
  create: CreateGuest<Made>,
): Promise<Made> {
  try {
    const made = await create(guest);
    if (timeline.some(({ needsStats }) => needsStats)) await countSignals(made);
    return made;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
