export type * from '../irq/data/core.js';
export type * from '../irq/data/proc-constraints.js';
export type * from '../irq/data/sparse-irqs.js';
export type * from '../irq/messages/ratelimit.js';
export type * from '../irq/messages/said-before.js';
export type * from '../irq/messages/warn.js';
