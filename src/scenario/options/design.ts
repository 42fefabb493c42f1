import type { VmbusDesign } from '../../vmbus/variants/design.js';

/** Choices on some axes of the design, by name: irqlab's own, or those that plug-ins have bound. */
export type DesignOptions = {
  readonly [Axis in keyof VmbusDesign]?: VmbusDesign[Axis] | OfPlugin;
};

/** Any name; written so that editors go on completing irqlab's own. */
type OfPlugin = string & {};
