/** Stands for all that an object holds: its keys, their order, each value. */
export const WHOLE: unique symbol = Symbol('all of it');
