import { type JsonHead, jsonText } from '../command/json.js';
import type { Paint } from '../command/paint.js';
import type { Failure, FileReport } from './replay.js';

/** Of formatReport and summaryText. */
export const reportPaint: Paint = [
  [/\b[1-9]\d* failed(?=,)/g, 'bad'],
  [/^.* differs(?=, first at|$)/gm, 'heading'],
];

/** The report as text: a line for each file, and the first failures with what differs. */
export function formatReport(reports: readonly FileReport[]): string {
  const width = Math.max(0, ...reports.map((report) => report.file.length));
  const lines: string[] = [];
  for (const { file, passed, failed, notApplicable, failures, reasons, leftOut } of reports) {
    lines.push(`${file.padEnd(width)}  ${passed} passed, ${failed} failed, ${notApplicable} not applicable`);
    for (const [reason, count] of Object.entries(reasons))
      lines.push(`  not applicable (${count}): ${reason}`);
    for (const [reason, count] of Object.entries(leftOut))
      lines.push(`  operations left out (${count}): ${reason}`);
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
  const [word, a, b] = elementsOf(expected, actual);
  if (Math.max(a.length, b.length) < 3) return undefined;
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (JSON.stringify(a[at]) === JSON.stringify(b[at])) continue;
    return { place: `${word} ${at + 1}`, expected: a[at], actual: b[at] };
  }
  return undefined;
}

/** Lines of two texts or entries of two lists, and which of both it is; nothing for other values. */
function elementsOf(
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

function totals(reports: readonly FileReport[]): { passed: number; failed: number; notApplicable: number } {
  const sum = { passed: 0, failed: 0, notApplicable: 0 };
  for (const { passed, failed, notApplicable } of reports) {
    sum.passed += passed;
    sum.failed += failed;
    sum.notApplicable += notApplicable;
  }
  return sum;
}

/** The last line of a report. */
export function summaryText(reports: readonly FileReport[]): string {
  const { passed, failed, notApplicable } = totals(reports);
  return `total: ${passed} passed, ${failed} failed, ${notApplicable} not applicable\n`;
}

/** What `irqlab conformance --json` prints. */
export interface ConformanceJson extends JsonHead<'conformance'> {
  /** The directory of the recordings. */
  readonly directory: string;
  /** The model did all that the kernels did. */
  readonly ok: boolean;
  /** Cases of all files. */
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
  readonly files: readonly FileReport[];
}

/** The report for machines. */
export function reportJson(directory: string, ok: boolean, files: readonly FileReport[]): string {
  return jsonText<ConformanceJson>('conformance', { directory, ok, ...totals(files), files });
}
