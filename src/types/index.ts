/**
 * Names for all types that signatures of the package mention, by the folders that they are of.
 *
 * @module irqlab/types
 */
export type * as compare from './compare.js';
export type * as devices from './devices.js';
export type * as drivers from './drivers.js';
export type * as explore from './explore.js';
export type * as guest from './guest.js';
export type * as host from './host.js';
export type * as irq from './irq.js';
export type * as json from './json.js';
export type * as kvm from './kvm.js';
export type * as lab from './lab.js';
export type * as lib from './lib.js';
export type * as machine from './machine.js';
export type * as platform from './platform.js';
export type * as races from './races.js';
export type * as scenario from './scenario.js';
export type * as trace from './trace.js';
export type * as view from './view.js';
export type * as vmbus from './vmbus.js';
