import type { ChannelOperations } from '../vmbus/channel/open.js';
import type { VmbusDriver } from '../vmbus/driver.js';
import { BalloonDriver } from './balloon.js';
import type { DeviceParameters } from './device-parameters.js';
import { FramebufferDriver } from './framebuffer.js';
import { HvSockDriver } from './hv-sock/driver.js';
import { KeyboardDriver, MouseDriver } from './input.js';
import { NetvscDriver } from './netvsc/driver.js';
import { StorvscDriver } from './storvsc/driver.js';
import { UtilDriver } from './util.js';
import { VpciDriver } from './vpci.js';

export { BalloonDriver } from './balloon.js';
export { DEVICE_PARAMETERS, type DeviceParameters, defaultDeviceParameters } from './device-parameters.js';
export { FramebufferDriver } from './framebuffer.js';
export { HvSockDriver } from './hv-sock/driver.js';
export { KeyboardDriver, MouseDriver } from './input.js';
export { NetvscDriver } from './netvsc/driver.js';
export { StorvscDriver } from './storvsc/driver.js';
export { UtilDriver } from './util.js';
export { VpciDriver } from './vpci.js';

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
