import { ScenarioLanguage } from '../scenario/language.js';
import { SCENARIO_ACTION } from '../scenario/actions/action.js';
import { scenarioModule } from '../scenario/module.js';
import { Contributions, type PluginModule } from './container/contributions.js';
import { GuestKit } from './container/kit.js';
import { unfitAction } from './container/unfit.js';

const languages = new WeakMap<readonly PluginModule[], ScenarioLanguage>();

/**
 * The language of scenario files in which the actions, designs and architectures of plug-ins can be spoken of, too: the
 * same one for the same list of modules.
 *
 * @throws PluginError if something is bound that cannot be used.
 */
export function languageWith(modules: readonly PluginModule[]): ScenarioLanguage {
  const known = languages.get(modules);
  if (known !== undefined) return known;
  const { platforms, designChoices } = GuestKit.of(modules);
  const actions = new Contributions([scenarioModule, ...modules]).all(SCENARIO_ACTION, unfitAction);
  const language = new ScenarioLanguage({ actions, platforms, designChoices });
  languages.set(modules, language);
  return language;
}
