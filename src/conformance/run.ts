import { statSync } from 'node:fs';
import type { KernelVersion } from '../irq/kernel.js';
import { isRecord } from './difference.js';
import { recordedKernel } from './recorded.js';
import { findRecordings, RecordingError, type RecordingFile, type Recordings } from './recordings.js';
import { type FileReport, replayAll } from './replay.js';
import { formatReport, reportJson, reportPaint, summaryText } from './report.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { InterruptedError, interruptible } from '../command/interruptible.js';
import { UsageError } from '../command/usage-error.js';

export interface ConformanceOptions {
  readonly json?: boolean;
  /** Pattern for the names of files, with * and ?. */
  readonly only?: string;
  readonly kernel?: KernelVersion;
}

/**
 * `irqlab conformance`: replays all recordings of a directory and says how the model compares. When Ctrl-C ends it, files
 * that are done are reported, except as JSON.
 */
export function runConformance(directory: string, options: ConformanceOptions, stdio: Stdio): ExitStatus {
  const reports: FileReport[] = [];
  const leftOut: string[] = [];
  const files = filesToReplay(directory, options.only);
  let filesDone = 0;
  let soFar = '';
  const replayFiles = (): void => {
    for (; filesDone < files.length; filesDone++) {
      const found = files[filesDone];
      soFar = `in ${found.file}`;
      const all = read(found);
      if (all === undefined) {
        leftOut.push(found.file);
        continue;
      }
      const recordings = chosen(all, options.kernel);
      if (options.kernel !== undefined && recordings.cases.length === 0) continue;
      const show = progressOf(found.file, stdio);
      const progress = (done: number, count: number): void => {
        soFar = `after ${done} of ${count} recordings of ${found.file}`;
        show?.(done, count);
      };
      reports.push(replayAll(recordings, { progress }));
    }
  };
  try {
    interruptible(replayFiles, () => `${soFar}; done: ${filesDone} of ${files.length} files`);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    stdio.progress?.('');
    if (reports.length > 0 && !options.json)
      stdio.out(formatReport(reports) + summaryText(reports), reportPaint);
    throw error;
  }
  stdio.progress?.('');
  if (leftOut.length === files.length) throw nothingKnown(directory);
  if (reports.length === 0)
    throw new UsageError(`${directory} has no recordings of kernel ${options.kernel}`);
  for (const file of leftOut) stdio.err(`irqlab: ${file} is left out: it holds no recordings\n`);
  const ok = reports.every(({ failed }) => failed === 0);
  if (options.json) stdio.out(reportJson(directory, ok, reports));
  else stdio.out(formatReport(reports) + summaryText(reports), reportPaint);
  return ok ? exitStatus.ok : exitStatus.failed;
}

/** Speaks once for each hundredth. */
function progressOf(file: string, { progress }: Stdio): ((done: number, all: number) => void) | undefined {
  if (progress === undefined) return undefined;
  let shown = -1;
  return (done, all) => {
    const percent = Math.floor((done / all) * 100);
    if (percent !== shown) progress(`${file}: ${percent} %`);
    shown = percent;
  };
}

function filesToReplay(directory: string, only: string | undefined): RecordingFile[] {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`cannot read ${directory}: there is no such directory`);
  if (!stat.isDirectory()) throw new UsageError(`${directory} is no directory`);
  const files = findRecordings(directory);
  if (files.length === 0) throw nothingKnown(directory);
  if (only === undefined) return files;
  const matching = files.filter(({ file }) => matches(file, only));
  if (matching.length > 0) return matching;
  throw new UsageError(
    `no recordings match ${only}`,
    `There are: ${files.map(({ file }) => file).join(', ')}`,
  );
}

function nothingKnown(directory: string): UsageError {
  return new UsageError(
    `there are no recordings in ${directory}`,
    'Expected NAME.jsonl, NAME.jsonl.gz, or pairs of NAME.json and NAME.txt.',
  );
}

/** Whether a file is meant by a pattern: its path, its name, or that without its endings. */
function matches(file: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const expression = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  const name = file.slice(file.lastIndexOf('/') + 1);
  const folder = file.slice(0, Math.max(0, file.indexOf('/')));
  const candidates = [
    file,
    folder,
    name,
    ...[file, name].map((path) => path.replace(/\.jsonl?(\.gz)?$/, '')),
  ];
  return candidates.some((candidate) => candidate !== '' && expression.test(candidate));
}

function read(found: RecordingFile): Recordings | undefined {
  try {
    return found.read();
  } catch (error) {
    if (error instanceof RecordingError) throw new UsageError(error.message);
    throw error;
  }
}

function chosen(recordings: Recordings, kernel: KernelVersion | undefined): Recordings {
  if (kernel === undefined) return recordings;
  const cases = recordings.cases.filter(
    (recorded) => isRecord(recorded) && recordedKernel(String(recorded.kernel)) === kernel,
  );
  return { ...recordings, cases };
}
