import type { HypervBehaviour } from '../kernel.js';
import { defaultDesign, type VmbusDesign } from './design.js';

/** Names of whole designs, the default first. */
export const designPresets = ['rfc', 'mainline', '5.7'] as const;
/** A whole design by its name. */
export type DesignPreset = (typeof designPresets)[number];

/** What drivers/hv has without the RFC. */
const beforeRfc: VmbusDesign = {
  ...defaultDesign,
  relidMap: 'array',
  topLevel: 'percpu',
  modifyChannel: 'wait-in-setter',
  offlineGuard: 'none',
  freeCpus: 'exclusive-or',
  offerFilter: 'keep-unsupported',
};

/**
 * The choices of a preset:
 *
 * - `rfc`: what the RFC proposes, and what the kernel does where it proposes nothing.
 * - `mainline`: drivers/hv as it is in the kernel (5.13 and later: MODIFYCHANNEL_RESPONSE).
 * - `5.7`: lists of each CPU's channels, and nobody waits. Linux 5.7 itself moves no channels; 5.8 does, and has the array
 *   for that reason.
 *
 * @param behaviour of the kernel.
 */
export function presetDesign(preset: DesignPreset, behaviour: HypervBehaviour): VmbusDesign {
  const offlinePolicy = behaviour.movesChannelsAtOffline ? 'migrate' : 'refuse';
  switch (preset) {
    case 'rfc':
      return { ...defaultDesign, offlinePolicy };
    case 'mainline':
      return { ...beforeRfc, offlinePolicy };
    case '5.7':
      return { ...beforeRfc, relidMap: 'percpu-list', modifyChannel: 'no-wait' };
  }
}
