export type * from '../devices/line/line-device.js';
export type * from '../devices/line/line-driver.js';
export type * from '../devices/line/lines.js';
export type * from '../devices/line/request-flags.js';
export type * from '../devices/line/wire.js';
export type * from '../devices/pci/driver.js';
export type * from '../devices/pci/queue.js';
