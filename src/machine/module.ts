import { ContainerModule } from 'inversify';
import { Machine, type MachineOptions } from './machine.js';

/** Binds the machine. */
export function machineModule(options: MachineOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(Machine)
      .toResolvedValue(() => new Machine(options))
      .inSingletonScope();
  });
}
