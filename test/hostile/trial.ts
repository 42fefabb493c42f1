/** An action as four numbers of 32 bits: random ones are made and left out without knowing what they mean. */
export type Action = readonly [kind: number, a: number, b: number, c: number];

/** One attempt to break something, whole: run again it gives the same. */
export interface Trial {
  /** Name of the part of the suite that it belongs to. */
  readonly part: string;
  /** What the part makes its victim of. */
  readonly setup: number;
  readonly actions: readonly Action[];
}

/** Who watches a trial. */
export interface Watch {
  /** An action begins: the one before has ended. */
  step(): void;
  /** The trial has come to a situation that the suite exists for. */
  reached(what: string): void;
}

/** For trials that nobody watches. */
export const unwatched: Watch = { step: () => {}, reached: () => {} };

/** One kind of trials. */
export interface Part {
  readonly name: string;
  /** For --help: what is attacked. */
  readonly about: string;
  /** Actions of a trial. */
  readonly actions: number;
  /** Most CPU time that an action may take, in ms. */
  readonly budgetMs: number;
  /** Why it cannot run here; undefined: it can. */
  obstacle?(): string | undefined;
  /** @returns what went wrong; undefined if nothing did. What it throws went wrong, too. */
  run(trial: Trial, watch: Watch): string | undefined | Promise<string | undefined>;
  /** The setup and each action in words, for who reads a finding. */
  words?(trial: Trial): readonly string[];
}
