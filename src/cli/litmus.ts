import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { type JsonHead, jsonText } from '../command/json.js';
import type { Paint } from '../command/paint.js';
import { readText } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import type { MemoryModel } from '../explore/model.js';
import { parseLitmus } from '../litmus/file.js';
import { LitmusError } from '../litmus/litmus-error.js';
import { resultText } from '../litmus/result-text.js';
import { type LitmusResult, runLitmus } from '../litmus/run.js';

/** Of resultText. */
const paint: Paint = [
  [/^Ok$/gm, 'good'],
  [/^No$/gm, 'doubtful'],
  [/^Not finished:/gm, 'doubtful'],
  [/^DIFFERS:/gm, 'bad'],
];

/** A litmus test with the file that it is from. */
export interface LitmusJsonTest extends LitmusResult {
  readonly file: string;
}

/** What `irqlab litmus --json` prints. */
export interface LitmusJson extends JsonHead<'litmus'> {
  readonly tests: readonly LitmusJsonTest[];
}

export interface LitmusOptions {
  /** Default: that of each file's architecture. */
  readonly memory?: MemoryModel;
  readonly json?: boolean;
}

/**
 * `irqlab litmus`: looks through all that litmus tests can do.
 *
 * @throws UsageError for a file that cannot be read or understood.
 */
export function litmus(files: readonly string[], { memory, json }: LitmusOptions, stdio: Stdio): ExitStatus {
  const results: LitmusJsonTest[] = [];
  for (const [at, file] of files.entries()) {
    const result = resultOf(file, memory, stdio);
    results.push({ file, ...result });
    if (json !== true) stdio.out(`${at === 0 ? '' : '\n'}${resultText(result)}`, paint);
  }
  if (json === true) stdio.out(jsonText<LitmusJson>('litmus', { tests: results }));
  return results.every(({ difference, complete }) => difference === undefined && complete)
    ? exitStatus.ok
    : exitStatus.failed;
}

function resultOf(file: string, memory: MemoryModel | undefined, stdio: Stdio): LitmusResult {
  const { name, text } = readText(file, stdio);
  try {
    return runLitmus(parseLitmus(name, text), memory);
  } catch (error) {
    if (error instanceof LitmusError) throw new UsageError(error.message);
    throw error;
  }
}
