import { ContainerModule } from 'inversify';
import { IrqCore } from '../irq/core.js';
import { Machine } from '../machine/machine.js';
import { builtinPlatforms } from './index.js';
import type { LineAccounting } from './line-accounting.js';
import { PLATFORM, PLATFORM_DEFINITION, type PlatformDefinition, type PlatformSetup } from './platform.js';

/** The architectures that are modelled, each under its name. */
export const platformsModule = new ContainerModule(({ bind }) => {
  for (const definition of builtinPlatforms)
    bind(PLATFORM_DEFINITION).toConstantValue(definition).whenNamed(definition.name);
});

/**
 * Binds the architecture of one machine. It needs Machine and IrqCore.
 *
 * @param vmbusLine how the interrupts of the hypervisor's line count.
 * @param setup what this machine has, or not.
 */
export function platformModule(
  definition: PlatformDefinition,
  vmbusLine: LineAccounting,
  setup: PlatformSetup,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(PLATFORM)
      .toResolvedValue(
        (machine: Machine, core: IrqCore) => definition.create(machine, core, vmbusLine, setup),
        [Machine, IrqCore],
      )
      .inSingletonScope();
  });
}
