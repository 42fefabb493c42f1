import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { hotplugDevicesReplayer } from './devices.js';
import { affinityWriteReplayer } from './files-affinity-write.js';
import { interruptsReplayer } from './files-interrupts.js';
import { procIrqTreeReplayer } from './files-proc-irq-tree.js';
import type { CaseResult, Replayer } from './replayer.js';
import { genirqApiReplayer, hotplugReplayer } from './sequence.js';

export type { CaseResult, Replayer } from './replayer.js';

/** All kinds of recordings that the model can be held against. */
export const replayers: readonly Replayer[] = [
  genirqApiReplayer,
  hotplugReplayer,
  hotplugDevicesReplayer,
  affinityWriteReplayer,
  interruptsReplayer,
  procIrqTreeReplayer,
];

type Failure = Extract<CaseResult, { outcome: 'failed' }>;

/** What replaying one kind of recording gave. */
export interface FileReport {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
  /** The first failures. */
  readonly failures: readonly Failure[];
  /** Why cases were not applicable, and how many for each reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Recordings of one kind, one value a case. */
export interface Recordings {
  readonly replayer: Replayer;
  readonly cases: readonly unknown[];
}

/**
 * Reads the recordings in `directory`: NAME.jsonl or NAME.jsonl.gz, and in interrupts/ pairs of NAME.json and
 * NAME.txt (or interrupts.jsonl.gz with the text in each case).
 */
export function readRecordings(directory: string): Recordings[] {
  const found: Recordings[] = [];
  for (const replayer of replayers) {
    const [folder, name] = replayer.file.includes('/')
      ? replayer.file.split('/')
      : [undefined, replayer.file];
    const cases = folder === undefined ? readLines(directory, name) : readPairs(directory, folder);
    if (cases !== undefined) found.push({ replayer, cases });
  }
  return found;
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

function readLines(directory: string, name: string): unknown[] | undefined {
  const entries = entriesOf(directory);
  if (entries.includes(name)) return parseLines(readFileSync(join(directory, name), 'utf8'));
  if (!entries.includes(`${name}.gz`)) return undefined;
  return parseLines(gunzipSync(readFileSync(join(directory, `${name}.gz`))).toString('utf8'));
}

function readPairs(directory: string, folder: string): unknown[] | undefined {
  const inside = join(directory, folder);
  const names = entriesOf(inside).filter((entry) => entry.endsWith('.json'));
  if (names.length === 0) return readLines(directory, `${folder}.jsonl`);
  return names.map((name) => {
    const recorded = JSON.parse(readFileSync(join(inside, name), 'utf8')) as object;
    const text = readFileSync(join(inside, name.replace(/\.json$/, '.txt')), 'latin1');
    return { ...recorded, text };
  });
}

/** Replays all cases of one kind; a replay that breaks down counts as failed. @param first failures to keep. */
export function replayAll({ replayer, cases }: Recordings, first = 5): FileReport {
  const failures: Failure[] = [];
  const reasons: Record<string, number> = {};
  let passed = 0;
  let failed = 0;
  let notApplicable = 0;
  for (const [at, recorded] of cases.entries()) {
    const result = replayOne(replayer, recorded, at);
    if (result.outcome === 'passed') {
      passed += 1;
    } else if (result.outcome === 'failed') {
      failed += 1;
      if (failures.length < first) failures.push(result);
    } else {
      notApplicable += 1;
      reasons[result.reason] = (reasons[result.reason] ?? 0) + 1;
    }
  }
  return { file: replayer.file, passed, failed, notApplicable, failures, reasons };
}

function replayOne(replayer: Replayer, recorded: unknown, at: number): CaseResult {
  try {
    return replayer.replay(recorded);
  } catch (error) {
    const id = String((recorded as { id?: unknown } | null)?.id ?? `case ${at + 1}`);
    const actual = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { outcome: 'failed', id, op: null, expected: 'a replay to its end', actual, what: 'replay' };
  }
}

/** The report as text: a line for each kind of recording, and the first failures with what differs. */
export function formatReport(reports: readonly FileReport[]): string {
  const width = Math.max(0, ...reports.map((report) => report.file.length));
  const lines: string[] = [];
  for (const { file, passed, failed, notApplicable, failures, reasons } of reports) {
    lines.push(`${file.padEnd(width)}  ${passed} passed, ${failed} failed, ${notApplicable} not applicable`);
    for (const [reason, count] of Object.entries(reasons))
      lines.push(`  not applicable (${count}): ${reason}`);
    for (const failure of failures) lines.push(...formatFailure(failure));
    if (failures.length < failed) lines.push(`  … and ${failed - failures.length} more failures`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function formatFailure({ id, op, what, expected, actual }: Failure): string[] {
  const where = op === null ? id : `${id}, operation ${op}`;
  return [`  ${where}: ${what} differs`, `    expected ${shown(expected)}`, `    actual   ${shown(actual)}`];
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
