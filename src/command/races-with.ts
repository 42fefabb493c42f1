import type { PluginModule } from '../guest/container/contributions.js';
import { PluginError } from '../lib/plugin-error.js';
import { races } from '../races/index.js';
import { RACE, type Race } from '../races/race.js';

/**
 * All races, those of plug-ins behind irqlab's own.
 *
 * @throws PluginError if something is bound that is no race, or has the id of another one.
 */
export async function racesWith(modules: readonly PluginModule[]): Promise<readonly Race[]> {
  if (modules.length === 0) return races;
  const { Contributions } = await import('../guest/container/contributions.js');
  const { unfitRace } = await import('../guest/container/unfit.js');
  const { racesModule } = await import('../races/module.js');
  const all = new Contributions([racesModule, ...modules]).all(RACE, unfitRace);
  const twice = all.find(({ id }, i) => all.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) throw new PluginError(`there is a race ${twice.id} already; choose another id`);
  return all;
}
