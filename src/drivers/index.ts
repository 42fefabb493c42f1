import type { ChannelOperations } from '../vmbus/channel/open.js';
import type { VmbusDriver } from '../vmbus/driver.js';
import { BalloonDriver } from './balloon.js';
import { FramebufferDriver } from './framebuffer.js';
import { HvSockDriver } from './hv-sock/driver.js';
import { KeyboardDriver, MouseDriver } from './input.js';
import { NetvscDriver } from './netvsc/driver.js';
import type { DriverSettings } from './settings.js';
import { StorvscDriver } from './storvsc/driver.js';
import { UtilDriver } from './util.js';
import { VpciDriver } from './vpci.js';

export { BalloonDriver } from './balloon.js';
export { FramebufferDriver } from './framebuffer.js';
export { HvSockDriver } from './hv-sock/driver.js';
export { KeyboardDriver, MouseDriver } from './input.js';
export { NetvscDriver } from './netvsc/driver.js';
export { defaultDriverSettings, type DriverSettings } from './settings.js';
export { StorvscDriver } from './storvsc/driver.js';
export { UtilDriver } from './util.js';
export { VpciDriver } from './vpci.js';

/** Makes a driver. */
export type DriverFactory = (operations: ChannelOperations, settings: DriverSettings) => VmbusDriver;

/**
 * Every driver that Linux has for VMBus devices, as far as modelled. Network Direct has none. They register from the
 * last one to the first, in the order in which usual distributions load them: whoever is bound later is asked first.
 */
export const builtinDrivers: readonly DriverFactory[] = [
  (operations) => new HvSockDriver(operations),
  (operations) => new FramebufferDriver(operations),
  (operations) => new BalloonDriver(operations),
  (operations) => new UtilDriver(operations),
  (operations, settings) => new StorvscDriver(operations, settings),
  (operations, settings) => new NetvscDriver(operations, settings),
  (operations) => new KeyboardDriver(operations),
  (operations) => new MouseDriver(operations),
  (operations, settings) => new VpciDriver(operations, settings),
];
