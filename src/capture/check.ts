import { type JsonHead, jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { interruptible } from '../command/interruptible.js';
import { readBytes } from '../command/named-file.js';
import type { Paint } from '../command/paint.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import { reprintInterrupts } from '../view/interrupts/parse.js';
import { isArchive } from './bundle/archive.js';
import { understoodCapture } from './understood.js';
import { firstDifference } from './difference.js';
import { importInterrupts } from './interrupts.js';

/** What came of a capture. */
export interface CheckedFile {
  readonly file: string;
  /** It was understood, and printed again as it is. */
  readonly ok: boolean;
  /** What is wrong with it, with file, line and column. */
  readonly problem?: string;
  /** What was taken off around the capture. */
  readonly notes: readonly string[];
}

/** What `irqlab import --check --json` prints. */
export interface ImportCheckJson extends JsonHead<'import-check'> {
  readonly ok: boolean;
  readonly files: readonly CheckedFile[];
}

/**
 * `irqlab import --check`: every capture is read, printed again and compared. When Ctrl-C ends it, files that are done are
 * reported, except as JSON.
 *
 * @throws UsageError for a file that cannot be read; InterruptedError.
 */
export function checkCaptures(files: readonly string[], stdio: Stdio, json = false): ExitStatus {
  const done: CheckedFile[] = [];
  let soFar = '';
  const checkAll = (): void => {
    for (const [at, file] of files.entries()) {
      soFar = `in ${file}; done: ${at} of ${files.length} files`;
      stdio.progress?.(`${at + 1} of ${files.length}: ${file}`);
      const { name, bytes } = readBytes(file, stdio);
      const result = checked(name, bytes);
      done.push({ file: name, ok: result.problem === undefined, ...result });
    }
  };
  try {
    interruptible(checkAll, () => soFar);
  } finally {
    stdio.progress?.('');
    if (!json) stdio.out(done.map(lineOf).join(''), checkPaint);
  }
  const failed = done.filter(({ ok }) => !ok).length;
  if (json) stdio.out(jsonText<ImportCheckJson>('import-check', { ok: failed === 0, files: done }));
  if (failed > 0) stdio.err(`irqlab: ${failed} of ${files.length} files differ or are not understood\n`);
  return failed === 0 ? exitStatus.ok : exitStatus.failed;
}

/** Of lineOf. */
const checkPaint: Paint = [[/(?<=: )ok(?=;|$)/gm, 'good']];

function lineOf({ file, problem, notes }: CheckedFile): string {
  return `${problem ?? `${file}: ok${notes.map((note) => `; ${note}`).join('')}`}\n`;
}

/** What is wrong with a capture, with file, line and column; undefined if nothing is. */
function checked(file: string, bytes: Uint8Array): { problem?: string; notes: readonly string[] } {
  if (isArchive(bytes))
    return { problem: `${file}: it is an archive; --check takes texts, such as those in it`, notes: [] };
  try {
    const { text, capture, notes } = understoodCapture(file, bytes);
    if (capture.kind !== 'interrupts') return { notes };
    const difference =
      firstDifference(text, reprintInterrupts(capture.parsed), 'it prints again as') ??
      firstDifference(text, shownByMachine(text) ?? text, 'a machine like it shows');
    return { ...(difference !== undefined && { problem: `${file}:${difference.text}` }), notes };
  } catch (error) {
    if (error instanceof UsageError) return { problem: error.message, notes: [] };
    throw error;
  }
}

/** What a machine with the same interrupts shows; undefined if no machine can have them all. */
function shownByMachine(text: string): string | undefined {
  try {
    return importInterrupts(text).text();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
