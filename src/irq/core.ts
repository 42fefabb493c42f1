import type { Machine } from '../machine/machine.js';
import { IrqCore, type IrqCoreOptions, type IrqCoreParts } from './data/core.js';
import { PollSpurious } from './line/spurious-poll.js';
import { registerIrqHotplug } from './management/cpuhotplug.js';
import { brokenLines } from './validate.js';

export { IrqCore, type IrqCoreOptions } from './data/core.js';

const parts: IrqCoreParts = {
  registerIrqHotplug,
  createSpuriousPoller: (core) => new PollSpurious(core),
};

/** Sets up the interrupt layer of a machine, which then follows its CPUs (kernel/irq/irqdesc.c early_irq_init). */
export function earlyIrqInit(machine: Machine, options: IrqCoreOptions = {}): IrqCore {
  const core = new IrqCore(machine, options, parts);
  machine.validateWith(() => brokenLines(core));
  return core;
}
