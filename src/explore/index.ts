// The explorer, in floors, of which each knows only those below: model.ts, the port that a model is written against;
// execution/, one execution of it at a time and whether it broke a property; search/, which executions are run;
// report/, what was found, as data and as text; and here what a user calls.
export { check, exploreShard, minimalViolation } from './explore.js';
export { MixedStoresError } from './execution/mixed-stores.js';
export type { ViolationKind } from './execution/judge.js';
export { type Walk, walk, type WalkRow } from './walk.js';
export { conclusionOf } from './report/conclusion.js';
export { coverageText, effortText } from './report/effort.js';
export { violationHtml } from './report/html.js';
export { laneTable, type TextOptions, violationText } from './report/lane-table.js';
export { violationMermaid } from './report/mermaid.js';
export { mergeReports } from './report/merge.js';
export type {
  CpuControl,
  Interrupt,
  MemoryModel,
  Model,
  PlainParts,
  SoftInterrupt,
  TaskOptions,
  Verdict,
  World,
} from './model.js';
export type { ExploreOptions, Progress, Strategy } from './options.js';
export { type Divergence, replay, type ReplayOptions, type ReplayResult } from './replay.js';
export type { Fingerprint, Report, Trace, TraceStep, Violation } from './report/report.js';
export { type Unannounced, type UnannouncedAccess, unannouncedText } from './report/unannounced.js';
export { UnseenStateError } from './search/states/plain-state.js';
export { NotInstrumentedError } from './sanitize/sanitized-execution.js';
export type { Shard } from './search/search.js';
export {
  formatTraceFile,
  parseTraceFile,
  type SavedStep,
  type TraceFile,
  traceFileOf,
} from './report/trace-file.js';
