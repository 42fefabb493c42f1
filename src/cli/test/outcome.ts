import type { Ns } from '../../lib/brand.js';

/** What came of one step of a scenario that was run as a test. */
export interface TestedStep {
  readonly line: number;
  readonly column: number;
  /** From the end of booting. */
  readonly atNs: Ns;
  /** The action in words. */
  readonly action: string;
  /** What was expected and what came; undefined unless it failed. */
  readonly message: string | undefined;
}

/** What came of a scenario file that was run as a test. */
export interface TestOutcome {
  readonly file: string;
  readonly ok: boolean;
  readonly steps: readonly TestedStep[];
  /** Lines that say what else is wrong: with the file, with what was to be printed, with what hangs. */
  readonly problems: readonly string[];
  /** What the run took on this machine. */
  readonly seconds: number;
}
