/** The result of replaying one recorded case. */
export type CaseResult =
  | {
      readonly outcome: 'passed';
      /** Operations that were not compared, by reason. */
      readonly leftOut?: Readonly<Record<string, number>>;
    }
  | {
      readonly outcome: 'failed';
      readonly id: string;
      /** Index of the operation that differed first; null if the case has none. */
      readonly op: number | null;
      /** undefined: nothing, as JSON leaves out. */
      readonly expected?: unknown;
      readonly actual?: unknown;
      /** What was compared, in a few words, e.g. `calls` or `changed.24.depth`. */
      readonly what: string;
    }
  | { readonly outcome: 'not applicable'; readonly id: string; readonly reason: string };

/** Replays the cases of one kind of recording on the model and compares. */
export interface Replayer {
  /** Name of the recordings' file, `*` standing for any part: `genirq-api.jsonl`, `interrupts/*.json`. */
  readonly file: string;
  /** Replays one case (one line of a .jsonl file, or one .json file) on a fresh machine. */
  replay(recorded: unknown): CaseResult;
}
