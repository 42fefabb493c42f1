import { hypervBehaviour } from '../../vmbus/kernel.js';
import type { DesignAxis, VmbusDesign } from '../../vmbus/variants/design.js';
import { type DesignPreset, designPresets, presetDesign } from '../../vmbus/variants/presets.js';
import type { KernelVersion } from './kernel.js';
import type { OfPlugin } from './of-plugin.js';

/** Choices on some axes of the design, by name: irqlab's own, or those that plug-ins have bound. */
export type DesignOptions = {
  readonly [Axis in DesignAxis]?: VmbusDesign[Axis] | OfPlugin;
} & {
  /** What has the axes that are left open; default `rfc`. */
  readonly preset?: DesignPreset;
};

/** A whole design by its name, or choices on some axes. */
export type DesignSetting = DesignPreset | DesignOptions;

/** Names of choices, one on each axis of the design. */
export type DesignNames = { readonly [Axis in DesignAxis]: string };

/**
 * A design with a choice on each axis: what is given, else that of the preset.
 *
 * @param kernel whose drivers/hv `mainline` is; default: the RFC's.
 * @throws RangeError if there is no such preset.
 */
export function completeDesign(design: DesignSetting = {}, kernel?: KernelVersion): DesignNames {
  const { preset = 'rfc', ...axes } = typeof design === 'string' ? { preset: design } : design;
  if (!designPresets.includes(preset))
    throw new RangeError(`design: there is no preset "${preset}", only ${designPresets.join(', ')}`);
  const given = Object.entries(axes).filter(([, name]) => name !== undefined);
  return { ...presetDesign(preset, hypervBehaviour(kernel)), ...Object.fromEntries(given) };
}
