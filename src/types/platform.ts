export type * from '../platform/line-hardware.js';
export type * from '../platform/pci/hyperv/bus-port.js';
export type * from '../platform/pci/pci-function.js';
export type * from '../platform/pci/pci-functions.js';
export type * from '../platform/platform.js';
