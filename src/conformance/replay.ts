import type { Recordings } from './recordings.js';
import type { CaseResult, Replayer } from './replayer.js';

/** A case in which the model did something else than the kernel. */
export type Failure = Extract<CaseResult, { outcome: 'failed' }>;

/** The result of replaying one file of recordings. */
export interface FileReport {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
  /** The first failures. */
  readonly failures: readonly Failure[];
  /** Why cases were not applicable, and how many for each reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Operations of passed cases that were not compared, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
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
  const leftOut: Record<string, number> = {};
  let passed = 0;
  let failed = 0;
  let notApplicable = 0;
  for (const [at, recorded] of cases.entries()) {
    const result = replayOne(replayer, recorded, at);
    if (result.outcome === 'passed') {
      passed += 1;
      for (const [reason, count] of Object.entries(result.leftOut ?? {}))
        leftOut[reason] = (leftOut[reason] ?? 0) + count;
    } else if (result.outcome === 'failed') {
      failed += 1;
      if (failures.length < first) failures.push(result);
    } else {
      notApplicable += 1;
      reasons[result.reason] = (reasons[result.reason] ?? 0) + 1;
    }
    progress?.(at + 1, cases.length);
  }
  return { file: file ?? replayer.file, passed, failed, notApplicable, failures, reasons, leftOut };
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
