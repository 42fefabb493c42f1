export type { CaseResult, Replayer } from './replayer.js';
export {
  findRecordings,
  type RecordingFile,
  RecordingError,
  type Recordings,
  readRecordings,
  replayers,
} from './recordings.js';
export { type FileReport, formatReport, replayAll } from './report.js';
