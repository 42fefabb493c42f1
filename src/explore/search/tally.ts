import type { Execution } from '../execution/execution.js';
import { type Finding, Judge } from '../execution/judge.js';

/** A violation and how to get there: the context that moves at each step. */
export interface FoundPath {
  readonly finding: Finding;
  readonly path: readonly number[];
}

/** Counts what a search has seen. */
export class Tally<S> {
  /** Executions, those cut short included. */
  executions = 0;
  /** Steps done, those of repeated prefixes included. */
  steps = 0;
  /** Steps of the longest execution. */
  depth = 0;
  /** Executions cut at the step limit. */
  cut = 0;
  /** Executions given up because they only repeat others in another order. */
  redundant = 0;
  readonly outcomes = new Map<string | number, number>();
  readonly witnesses: { readonly name: string; reached: boolean }[];
  readonly violations = new Map<string, FoundPath>();
  readonly judge: Judge<S>;
  private readonly unreached: { readonly at: number; readonly holds: (state: S) => boolean }[];

  constructor(private readonly execution: Execution<S>) {
    this.judge = new Judge(execution);
    const sometimes = Object.entries(execution.model.sometimes ?? {});
    this.witnesses = sometimes.map(([name]) => ({ name, reached: false }));
    this.unreached = sometimes.map(([, holds], at) => ({ at, holds }));
  }

  /** An execution of `depth` steps has ended, with `finding` if something was wrong with it. */
  ended(depth: number, finding: Finding | undefined, path: Int32Array): void {
    this.count(depth);
    if (finding !== undefined) {
      const key = `${finding.kind} ${finding.property} ${finding.message}`;
      if (!this.violations.has(key)) {
        this.violations.set(key, { finding, path: Array.from(path.subarray(0, depth)) });
      }
      return;
    }
    const state = this.execution.current;
    const outcome = this.execution.model.outcome?.(state);
    if (outcome !== undefined) this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (this.unreached.length !== 0) this.lookForWitnesses(state);
  }

  /** An execution reached the step limit. */
  wasCut(depth: number): void {
    this.count(depth);
    this.cut += 1;
  }

  /** An execution turned out to repeat others. */
  wasRedundant(depth: number): void {
    this.steps += depth;
    this.redundant += 1;
  }

  private count(depth: number): void {
    this.executions += 1;
    this.steps += depth;
    if (depth > this.depth) this.depth = depth;
  }

  private lookForWitnesses(state: S): void {
    const { unreached } = this;
    for (let i = unreached.length - 1; i >= 0; i--) {
      const { at, holds } = unreached[i];
      if (!holds(state)) continue;
      this.witnesses[at].reached = true;
      unreached.splice(i, 1);
    }
  }
}
