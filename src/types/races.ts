export type * from '../races/race.js';
