import { ContainerModule } from 'inversify';
import { VMBUS_DRIVER } from '../vmbus/driver.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from './device-parameters.js';
import { builtinDrivers } from './index.js';

/** Binds every driver that Linux has to VMBUS_DRIVER. They need ChannelOperations. */
export function driversModule(parameters: DeviceParameters): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(DEVICE_PARAMETERS).toConstantValue(parameters);
    for (const driver of builtinDrivers) bind(VMBUS_DRIVER).to(driver).inSingletonScope();
  });
}
