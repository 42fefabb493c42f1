import type { DesignOptions } from '../scenario/options/design.js';
import { type DesignAxis, defaultDesign, designChoices, type VmbusDesign } from '../vmbus/variants/design.js';

/** The axes by the names of the command line. */
const axes = {
  'relid-map': 'relidMap',
  'top-level': 'topLevel',
  lifetime: 'lifetime',
  'modify-channel': 'modifyChannel',
  'offline-guard': 'offlineGuard',
  'ring-order': 'ringOrder',
  'open-order': 'openOrder',
  'irqfd-source': 'irqfdSource',
} as const satisfies Readonly<Record<string, DesignAxis>>;

export type AxisName = keyof typeof axes;

export const axisNames = Object.keys(axes) as readonly AxisName[];

/** One choice of an axis, and the design that has it. */
export interface Choice {
  readonly name: string;
  readonly design: VmbusDesign;
  /** True if it is what the scenario itself has. */
  readonly isOwn: boolean;
}

/** All choices of an axis. */
export function choicesOf(axisName: AxisName, own: DesignOptions = {}): Choice[] {
  const axis = axes[axisName];
  const base = { ...defaultDesign, ...own } as VmbusDesign;
  return designChoices[axis].map((name) => ({
    name,
    design: { ...base, [axis]: name },
    isOwn: base[axis] === name,
  }));
}
