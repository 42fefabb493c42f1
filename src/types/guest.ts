export type * from '../guest/device-settings.js';
export type * from '../guest/irq.js';
export type * from '../guest/lines.js';
export type * from '../guest/passed-through.js';
export type * from '../guest/pci.js';
export type * from '../guest/run-stats.js';
export type * from '../guest/trace.js';
