import type { IrqCore } from '../../irq/core.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { freeDescsSteps } from '../../irq/mapping/alloc-descs.js';
import { irqDisposeMappingSteps } from '../../irq/mapping/irqdomain.js';
import type { Procedure } from '../../machine/step.js';
import type { DeviceLines } from './lines.js';

/** A line's devices go, and their drivers free it. */
export function* freeLine(lines: DeviceLines, desc: IrqDesc): Procedure<void> {
  while (desc.action !== undefined) yield* lines.free(desc, undefined);
  lines.unplug(desc);
}

/** As freeLine, and its number is given back. */
export function* pullOutLine(core: IrqCore, lines: DeviceLines, desc: IrqDesc): Procedure<void> {
  yield* freeLine(lines, desc);
  if (desc.data.domain === null) yield* freeDescsSteps(core, desc.irq, 1);
  else yield* irqDisposeMappingSteps(core, desc.irq);
}
