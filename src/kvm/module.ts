import { ContainerModule } from 'inversify';
import { IRQFD_SOURCE } from './resampler-lifetime.js';
import { resamplerLifetimes } from './resampler-variants.js';

/** As whom irqfds with resampling assert a line, and when that ends: each choice under its name. */
export const irqfdSourcesModule = new ContainerModule(({ bind }) => {
  const choices = {
    'shared-id-under-lock': resamplerLifetimes.sharedIdUnderLock,
    'shared-id-unregister-outside': resamplerLifetimes.sharedIdUnregisterOutside,
    'shared-id-lock-dropped': resamplerLifetimes.sharedIdLockDropped,
    'shared-id-under-irq-lock': resamplerLifetimes.sharedIdUnderIrqLock,
    'own-id': resamplerLifetimes.ownSourceId,
  };
  for (const [name, factory] of Object.entries(choices))
    bind(IRQFD_SOURCE).toConstantValue(factory).whenNamed(name);
});
