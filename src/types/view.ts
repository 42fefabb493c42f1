export type * from '../view/interrupts/arch.js';
export type * from '../view/interrupts/live.js';
export type * from '../view/interrupts/table.js';
export type * from '../view/tree-node.js';
