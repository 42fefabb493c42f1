export type * from '../lab/level-pin.js';
export type * from '../lab/race-host.js';
