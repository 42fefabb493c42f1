// What the page and its worker tell each other of texts that are no guest yet; part of protocol.ts.
import type { Captured, ImportedScenario } from 'irqlab/browser';

export type EditorRequest =
  /** What is wrong with a scenario, as the command line says it. */
  | { readonly kind: 'check'; readonly name: string; readonly text: string }
  /** Makes a scenario of what a real machine shows, as `irqlab import` does. */
  | { readonly kind: 'import'; readonly captures: readonly Captured[] };

export interface EditorAnswers {
  readonly check: readonly Problem[];
  readonly import: Imported;
}

/** What is wrong with a scenario. Lines and columns are from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `message` names file, line and column. */
export type Imported =
  | ({ readonly ok: true } & ImportedScenario)
  | { readonly ok: false; readonly message: string };
