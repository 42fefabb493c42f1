/** One small change: `becomes` in place of what stands from `start` to `end`. */
export interface Mutant {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly becomes: string;
}

/** A text that goes in before the character `at`, for what stands between two; of those in one place the lowest rank first. */
export interface Edit {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly rank: number;
}

/** The mutants of a source, numbered from `base` (0), and what is to be put into it so that all are there. */
export function mutantsOf(source: string, base?: number): { mutants: Mutant[]; edits: Edit[] };

/** `edits` as they stand in the text. */
export function inOrder(edits: readonly Edit[]): Edit[];

/** `source` with `edits`. */
export function edited(source: string, edits: readonly Edit[]): string;

/** `source` with one of its mutants. */
export function withMutant(source: string, mutant: Mutant): string;
