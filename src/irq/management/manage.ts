/** What kernel/irq/manage.c offers to drivers. */
export * from './enable.js';
export * from './free.js';
export * from '../data/irqaction.js';
export * from './percpu.js';
export * from './request.js';
