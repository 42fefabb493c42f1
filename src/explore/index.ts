export { check, exploreShard, minimalViolation } from './explore.js';
export type { ViolationKind } from './judge.js';
export { laneTable, violationText } from './lane-table.js';
export { mergeReports } from './merge.js';
export type {
  CpuControl,
  Interrupt,
  MemoryModel,
  Model,
  SoftInterrupt,
  TaskOptions,
  Verdict,
  World,
} from './model.js';
export type { ExploreOptions, Progress, Strategy } from './options.js';
export { type Divergence, replay, type ReplayOptions, type ReplayResult } from './replay.js';
export type { Report, Trace, TraceStep, Violation } from './report.js';
export type { Shard } from './search.js';
export {
  formatTraceFile,
  parseTraceFile,
  type SavedStep,
  type TraceFile,
  traceFileOf,
} from './trace-file.js';
