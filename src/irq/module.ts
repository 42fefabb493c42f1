import { ContainerModule } from 'inversify';
import { Machine } from '../machine/machine.js';
import { earlyIrqInit, IrqCore, type IrqCoreOptions } from './core.js';

/** Binds the generic IRQ layer. It needs Machine. */
export function irqModule(options: IrqCoreOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(IrqCore)
      .toResolvedValue((machine: Machine) => earlyIrqInit(machine, options), [Machine])
      .inSingletonScope();
  });
}
