import { PluginError } from '../lib/plugin-error.js';
import { builtinPlatforms } from '../platform/index.js';
import { type DesignAxis, designChoices } from '../vmbus/variants/design.js';
import type { ScenarioAction } from './actions/action.js';
import { builtinActions } from './actions/index.js';
import type { PlatformFacts } from './checks/checks.js';

/** What can be said of a guest that plug-ins may add to. */
export interface GuestVocabulary {
  /** Architectures of guests; the first is the default. */
  readonly platforms: readonly PlatformFacts[];
  /** Names of the choices on each axis of the design; the first is the default. */
  readonly designChoices: Readonly<Record<DesignAxis, readonly string[]>>;
}

/** What a scenario file can speak of that plug-ins may add to. */
export interface ScenarioVocabulary extends GuestVocabulary {
  /** What a step of the timeline can do. */
  readonly actions: readonly ScenarioAction[];
}

/** irqlab's own. */
export const builtinVocabulary: ScenarioVocabulary = {
  actions: builtinActions,
  platforms: builtinPlatforms,
  designChoices,
};

/** Keys that every step has. */
const stepKeys: readonly string[] = ['at', 'expect'];

/**
 * Checks that each key of a step belongs to one action, or to actions that mean the same by it.
 *
 * @throws PluginError naming the action that cannot be.
 */
export function checkActions(actions: readonly ScenarioAction[]): void {
  const owners = new Map<string, { readonly name: string; readonly schema: unknown }>();
  const claim = (key: string, name: string, schema: unknown): void => {
    const owner = owners.get(key);
    if (stepKeys.includes(key))
      throw new PluginError(
        `scenario action "${name}": every step has the key "${key}"; choose another name`,
      );
    if (owner !== undefined && owner.schema !== schema) {
      const whose = owner.name === key ? 'there is an action' : `the action "${owner.name}" has the key`;
      throw new PluginError(`scenario action "${name}": ${whose} "${key}" already; choose another name`);
    }
    owners.set(key, { name, schema });
  };
  for (const { name, value, companions, expects } of actions) {
    claim(name, name, value);
    for (const [key, schema] of Object.entries({ ...companions, ...expects.keys })) claim(key, name, schema);
  }
}
