import { type DesignAxis, defaultDesign, type VmbusDesign } from '../../vmbus/variants/design.js';
import type { OfPlugin } from './of-plugin.js';

/** Choices on some axes of the design, by name: irqlab's own, or those that plug-ins have bound. */
export type DesignOptions = {
  readonly [Axis in DesignAxis]?: VmbusDesign[Axis] | OfPlugin;
};

/** Names of choices, one on each axis of the design. */
export type DesignNames = { readonly [Axis in DesignAxis]: string };

/** A design with the default on each axis that is left open. */
export function completeDesign(design: DesignOptions = {}): DesignNames {
  const given = Object.entries(design).filter(([, name]) => name !== undefined);
  return { ...defaultDesign, ...Object.fromEntries(given) };
}
