import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { readText } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import type { MemoryModel } from '../explore/model.js';
import { parseLitmus } from '../litmus/file.js';
import { LitmusError } from '../litmus/litmus-error.js';
import { resultText } from '../litmus/result-text.js';
import { type LitmusResult, runLitmus } from '../litmus/run.js';

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
  let isAsExpected = true;
  for (const [at, file] of files.entries()) {
    const result = resultOf(file, memory, stdio);
    if (json === true) stdio.out(`${JSON.stringify({ file, ...result })}\n`);
    else stdio.out(`${at === 0 ? '' : '\n'}${resultText(result)}`);
    if (result.difference !== undefined || !result.complete) isAsExpected = false;
  }
  return isAsExpected ? exitStatus.ok : exitStatus.failed;
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
