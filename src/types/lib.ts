export type * from '../lib/brand.js';
export type * from '../lib/errno.js';
export type * from '../lib/fifo.js';
export type * from '../lib/prng.js';
