import type { Recordings } from './recordings.js';
import type { CaseResult, Replayer } from './replayer.js';

export type Failure = Extract<CaseResult, { outcome: 'failed' }>;

/** What replaying one file of recordings gave. */
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

export interface ReplayOptions {
  /** Failures to keep; default 5. */
  readonly first?: number;
  /** Told after each case how many are done. */
  readonly progress?: (done: number, all: number) => void;
}

/** Replays all cases of one file; a replay that breaks down counts as failed. */
export function replayAll({ replayer, cases, file }: Recordings, options: ReplayOptions = {}): FileReport {
  const { first = 5, progress } = options;
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
    progress?.(at + 1, cases.length);
  }
  return { file: file ?? replayer.file, passed, failed, notApplicable, failures, reasons };
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

/** The report as text: a line for each file, and the first failures with what differs. */
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
  const first = firstDifference(expected, actual);
  if (first === undefined) {
    return [
      `  ${where}: ${what} differs`,
      `    expected ${shown(expected)}`,
      `    actual   ${shown(actual)}`,
    ];
  }
  const { place, expected: wanted, actual: found } = first;
  return [
    `  ${where}: ${what} differs, first at ${place}`,
    `    expected ${shown(wanted)}`,
    `    actual   ${shown(found)}`,
  ];
}

/** Where texts of many lines or long lists differ first; undefined for what is shown whole. */
function firstDifference(
  expected: unknown,
  actual: unknown,
): { place: string; expected: unknown; actual: unknown } | undefined {
  const [word, a, b] = parts(expected, actual);
  if (Math.max(a.length, b.length) < 3) return undefined;
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (JSON.stringify(a[at]) === JSON.stringify(b[at])) continue;
    return { place: `${word} ${at + 1}`, expected: a[at], actual: b[at] };
  }
  return undefined;
}

function parts(
  expected: unknown,
  actual: unknown,
): [word: string, a: readonly unknown[], b: readonly unknown[]] {
  if (typeof expected === 'string' && typeof actual === 'string') {
    return ['line', expected.split('\n'), actual.split('\n')];
  }
  if (Array.isArray(expected) && Array.isArray(actual)) return ['entry', expected, actual];
  return ['', [], []];
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
