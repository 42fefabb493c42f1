import { affinityVsOffline } from './affinity-vs-offline.js';
import { levelIrqfd } from './level-irqfd.js';
import { modchanOffline } from './modchan-offline.js';
import type { Race } from './race.js';
import { relidMap } from './relid-map.js';
import { ringEmptySignal } from './ring-empty-signal.js';
import { ringFullWakeup } from './ring-full-wakeup.js';

export type { Race, RaceVariant, RaceVerdict } from './race.js';

/** All races, in the order in which they are listed. */
export const races: readonly Race[] = [
  relidMap,
  ringFullWakeup,
  ringEmptySignal,
  modchanOffline,
  affinityVsOffline,
  levelIrqfd,
];

/** The race with this id. */
export function raceById(id: string): Race | undefined {
  return races.find((race) => race.id === id);
}
