import type { PluginModule } from '../guest/container/contributions.js';
import { RACE } from '../races/race.js';
import { SCENARIO_ACTION } from '../scenario/actions/action.js';
import { COMMAND } from './command.js';
import { commandsWith } from './commands-with.js';
import { racesWith } from '../command/races-with.js';

/**
 * Checks what plug-ins bind to all tokens, whichever of them the command needs.
 *
 * @param own the modules of the plug-in that was loaded last.
 * @param all those of the ones before it, too.
 * @throws PluginError if it binds nothing, or what cannot be used or does not go with the others.
 */
export async function checkPlugin(own: readonly PluginModule[], all: readonly PluginModule[]): Promise<void> {
  const { Contributions } = await import('../guest/container/contributions.js');
  const { guestTokens, tryGuest } = await import('../guest/container/trial.js');
  const { languageWith } = await import('../guest/language.js');
  new Contributions(own).checkAnyOf([...guestTokens, SCENARIO_ACTION, RACE, COMMAND]);
  languageWith(all);
  const plugins = { files: [], modules: all, language: undefined };
  await racesWith(all);
  await commandsWith(plugins);
  tryGuest(all);
}
