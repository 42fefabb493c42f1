// What the page and a worker that searches tell each other of races; part of protocol.ts.
import type { MemoryModel, RaceVerdict, Walk } from 'irqlab/browser';

export type RacesRequest =
  /** The table of races. */
  | { readonly kind: 'races' }
  /** Searches a variant as `irqlab explore RACE VARIANT` does; tells of its progress. It ends with its worker only. */
  | ({ readonly kind: 'explore' } & RaceRow)
  /** What else a race has to say. */
  | { readonly kind: 'findings'; readonly race: string };

export interface RacesAnswers {
  readonly races: readonly ListedRace[];
  readonly explore: Explored;
  readonly findings: readonly string[];
}

/** A race with its variants. */
export interface ListedRace {
  readonly id: string;
  readonly source: string;
  readonly property: string;
  readonly hasFindings: boolean;
  readonly rows: readonly ListedRow[];
}

/** A variant under a memory model. */
export interface RaceRow {
  readonly race: string;
  readonly variant: string;
  readonly memory: MemoryModel;
}

export interface ListedRow extends RaceRow {
  readonly summary: string;
  readonly expected: RaceVerdict;
}

/** How far a search has come. */
export interface SearchProgress {
  readonly executions: number;
  readonly seconds: number;
}

/** What a search has found, in the words of `irqlab explore`. */
export interface Explored {
  readonly verdict: RaceVerdict;
  readonly executions: number;
  readonly seconds: number;
  /** What was covered. */
  readonly coverage: string;
  /** How much work it was, in two lines. */
  readonly effort: string;
  /** Where it differs from what the table of races expects; empty: nowhere. */
  readonly differences: readonly string[];
  readonly witnesses: readonly { readonly name: string; readonly reached: boolean }[];
  readonly outcomes: readonly { readonly outcome: string | number; readonly count: number }[];
  /** The interleaving that breaks the property. */
  readonly found: Found | undefined;
}

export interface Found {
  readonly property: string;
  readonly message: string;
  readonly minimal: boolean;
  readonly conclusion: string;
  readonly walk: Walk;
  /** The text of the file that `irqlab replay` reads. */
  readonly traceFile: string;
}
