import { ContainerModule } from 'inversify';
import { IrqCore } from '../irq/core.js';
import { Machine } from '../machine/machine.js';
import { builtinPlatforms } from './index.js';
import type { LineAccounting } from './line-accounting.js';
import { type CpuVendor, PLATFORM, PLATFORM_DEFINITION, type PlatformDefinition } from './platform.js';

/** The architectures that are modelled, each under its name. */
export const platformsModule = new ContainerModule(({ bind }) => {
  for (const definition of builtinPlatforms)
    bind(PLATFORM_DEFINITION).toConstantValue(definition).whenNamed(definition.name);
});

/**
 * Binds the architecture of one machine. It needs Machine and IrqCore.
 *
 * @param vmbusLine how the interrupts of the hypervisor's line count.
 */
export function platformModule(
  definition: PlatformDefinition,
  vmbusLine: LineAccounting,
  vendor?: CpuVendor,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(PLATFORM)
      .toResolvedValue(
        (machine: Machine, core: IrqCore) => definition.create(machine, core, vmbusLine, vendor),
        [Machine, IrqCore],
      )
      .inSingletonScope();
  });
}
