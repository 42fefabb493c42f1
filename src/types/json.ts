// What commands print with --json: of each type of the name FORMATJson, schema/json has the JSON Schema (npm run schema).
export type { Finding, Findings, ImportJson } from '../capture/bundle/findings.js';
export type { CheckedFile, ImportCheckJson } from '../capture/check.js';
export type { DiffJson, FigureChange, LineChange, PictureDiff, RateChange } from '../capture/picture/diff.js';
export type { Answer, ExplainJson, Statement } from '../capture/picture/explain.js';
export type { CatJson, CatJsonFile } from '../cli/cat.js';
export type { Example, ExamplesJson } from '../cli/examples.js';
export type { ExploreJson } from '../cli/explore/conclude.js';
export type { ReplayJson } from '../cli/explore/replay.js';
export type { ExploreListJson, ListedRace } from '../cli/explore/run.js';
export type {
  ExploreTableJson,
  ExploreTableJsonRow,
  FindingsOfRace,
  ViolationInTable,
} from '../cli/explore/run-table.js';
export type { Row, Unfinished } from '../cli/explore/table.js';
export type { LitmusJson, LitmusJsonTest } from '../cli/litmus.js';
export type {
  RunJson,
  RunJsonArchitectureRow,
  RunJsonHang,
  RunJsonInterrupt,
  RunJsonStep,
} from '../cli/run/json.js';
export type { TestedStep, TestOutcome } from '../cli/test/outcome.js';
export type { TestJson } from '../cli/test/reporters/json.js';
export type { WorkloadSubject } from '../scenario/workloads/index.js';
export type { CompareJson, Compared, Comparison } from '../compare/comparison.js';
export type { ConformanceJson } from '../conformance/report.js';
export type { Failure, FileReport } from '../conformance/replay.js';
export type { CaseResult } from '../conformance/replayer.js';
export type { LitmusResult } from '../litmus/run.js';
export type { Observation } from '../litmus/file.js';
export type { CtlJson } from '../live/control/client.js';
export type { ControlAnswer } from '../steer/answer.js';
