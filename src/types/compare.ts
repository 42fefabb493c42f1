export type * from '../compare/axes.js';
