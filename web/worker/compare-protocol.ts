// What the page and a worker that compares designs tell each other; part of protocol.ts.
import type { AxisName, ComparedChoice, ScenarioAxis } from 'irqlab/browser';

interface GivenScenario {
  readonly name: string;
  readonly text: string;
}

export type CompareRequest =
  /** What can be varied of a scenario. */
  | ({ readonly kind: 'axes' } & GivenScenario)
  /** Runs it under one choice, to its end, as `irqlab compare` does; it ends with its worker only. */
  | ({ readonly kind: 'compare'; readonly axis: AxisName; readonly choice: string } & GivenScenario);

export interface CompareAnswers {
  readonly axes: readonly ScenarioAxis[];
  readonly compare: ComparedAnswer;
}

export type ComparedAnswer =
  | ({ readonly ok: true } & ComparedChoice)
  | { readonly ok: false; readonly message: string };
