import type { ChannelOperations } from '../vmbus/channel/open.js';
import type { VmbusDriver } from '../vmbus/driver.js';
import { BalloonDriver } from './balloon.js';
import type { DeviceParameters } from './device-parameters.js';
import { FramebufferDriver } from './framebuffer.js';
import { HvSockDriver } from './hv-sock/driver.js';
import { UtilDriver } from './hv-util/driver.js';
import { KeyboardDriver } from './keyboard.js';
import { MouseDriver } from './mouse.js';
import { NetvscDriver } from './netvsc/driver.js';
import { StorvscDriver } from './storvsc/driver.js';
import { UioDriver } from './uio/driver.js';
import { VpciDriver } from './vpci/driver.js';

export { PCI_CORE, type PciCore, type PciRootBus } from './vpci/pci-core.js';
export { DEVICE_PARAMETERS, type DeviceParameters, defaultDeviceParameters } from './device-parameters.js';
export {
  BalloonDriver,
  FramebufferDriver,
  HvSockDriver,
  KeyboardDriver,
  MouseDriver,
  NetvscDriver,
  StorvscDriver,
  UioDriver,
  UtilDriver,
  VpciDriver,
};

/** A driver's class: each driver takes as much of this as it needs. */
export type VmbusDriverClass = new (
  operations: ChannelOperations,
  parameters: DeviceParameters,
) => VmbusDriver;

/**
 * Every driver that Linux has for VMBus devices, as far as modelled. Network Direct has none. They register from the
 * last one to the first, in the order in which usual distributions load them: whoever is bound later is asked first.
 */
export const builtinDrivers: readonly VmbusDriverClass[] = [
  UioDriver,
  HvSockDriver,
  FramebufferDriver,
  BalloonDriver,
  UtilDriver,
  StorvscDriver,
  NetvscDriver,
  KeyboardDriver,
  MouseDriver,
  VpciDriver,
];
