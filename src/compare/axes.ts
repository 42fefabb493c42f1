import { completeDesign, type DesignNames, type DesignSetting } from '../scenario/options/design.js';
import type { KernelVersion } from '../scenario/options/kernel.js';
import { type DesignAxis, designChoices } from '../vmbus/variants/design.js';

/** A name in camel case as the command line writes it. */
export type Dashed<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${Uncapitalize<First>}${Rest extends Uncapitalize<Rest> ? '' : '-'}${Dashed<Rest>}`
  : Name;

/** An axis of the designs, as the command line writes it: `relid-map`. */
export type AxisName = Dashed<DesignAxis>;

/** The axes by the names of the command line: relid-map for relidMap. */
const axes: ReadonlyMap<string, DesignAxis> = new Map(
  (Object.keys(designChoices) as DesignAxis[]).map((axis) => [
    axis.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    axis,
  ]),
);

export const axisNames = [...axes.keys()] as readonly AxisName[];

/** One choice of an axis, and the design that has it. */
export interface Choice {
  readonly name: string;
  readonly design: DesignNames;
  /** True if it is what the scenario itself has. */
  readonly isOwn: boolean;
}

/**
 * All choices of an axis.
 *
 * @param own what the scenario itself chooses.
 * @param choices names of the choices there are on each axis; default: without those of plug-ins.
 * @param kernel the scenario's.
 * @throws RangeError if there is no such axis.
 */
export function choicesOf(
  axisName: AxisName,
  own: DesignSetting = {},
  choices: Readonly<Record<DesignAxis, readonly string[]>> = designChoices,
  kernel?: KernelVersion,
): Choice[] {
  const axis = axes.get(axisName);
  if (axis === undefined)
    throw new RangeError(`there is no axis ${axisName}; there are ${axisNames.join(', ')}`);
  const base = completeDesign(own, kernel);
  return choices[axis].map((name) => ({
    name,
    design: { ...base, [axis]: name },
    isOwn: base[axis] === name,
  }));
}
