export type * from '../explore/execution/context.js';
export type * from '../explore/execution/stage.js';
export type * from '../explore/replay.js';
export type * from '../explore/report/trace-file.js';
