import type { Execution } from '../execution/execution.js';
import { type Finding, Judge, sameFinding } from '../execution/judge.js';

/** A violation and how to get there: the context that moves at each step. */
export interface FoundPath {
  readonly finding: Finding;
  readonly path: readonly number[];
}

/** What broke in the present execution, after so many steps. */
interface Break {
  readonly finding: Finding;
  readonly steps: number;
}

function keyOf({ kind, property, message }: Finding): string {
  return `${kind} ${property} ${message}`;
}

/**
 * Counts what a search has seen. An execution that shares its first steps with the one before inherits what broke in
 * them, and nothing else.
 */
export class Tally<S> {
  /** Executions, those cut short included. */
  executions = 0;
  /** Steps done, those of repeated prefixes included. */
  steps = 0;
  /** Steps of the longest execution. */
  depth = 0;
  /** Executions cut at the step limit. */
  cut = 0;
  /** Executions given up because they only repeat others. */
  redundant = 0;
  readonly outcomes = new Map<string | number, number>();
  readonly witnesses: { readonly name: string; reached: boolean }[];
  readonly violations = new Map<string, FoundPath>();
  private readonly judge: Judge<S>;
  private readonly unreached: { readonly at: number; readonly holds: (state: S) => boolean }[];
  /** What broke in the present execution, each property once, in the order in which it did. */
  private readonly breaks: Break[] = [];

  constructor(private readonly execution: Execution<S>) {
    this.judge = new Judge(execution);
    const sometimes = Object.entries(execution.model.sometimes ?? {});
    this.witnesses = sometimes.map(([name]) => ({ name, reached: false }));
    this.unreached = sometimes.map(([, holds], at) => ({ at, holds }));
  }

  /** What broke first in the present execution; undefined if nothing did. */
  get broken(): Finding | undefined {
    return this.breaks.length === 0 ? undefined : this.breaks[0].finding;
  }

  /** All that broke in the present execution, as a text; empty if nothing did. */
  get brokenKey(): string {
    return this.breaks.length === 0
      ? ''
      : this.breaks
          .map(({ finding }) => keyOf(finding))
          .sort()
          .join('; ');
  }

  /** An execution has begun. */
  began(path: Int32Array): void {
    this.breaks.length = 0;
    this.stepped(0, path);
  }

  /** An execution has repeated the first `steps` steps of the one before. */
  repeated(steps: number): void {
    const { breaks } = this;
    while (breaks.length !== 0 && breaks[breaks.length - 1].steps > steps) breaks.pop();
  }

  /** The present execution has done a step that is new, the last of `steps`. */
  stepped(steps: number, path: Int32Array): void {
    this.note(this.judge.afterStep(), steps, path);
  }

  /** Nothing can go on after `steps` steps. */
  cameToEnd(steps: number, path: Int32Array): void {
    this.note(this.judge.atEnd(), steps, path);
  }

  /** An execution of `depth` steps is over. One that breaks a property counts as a violation, not as an outcome. */
  ended(depth: number): void {
    this.count(depth);
    if (this.breaks.length !== 0) return;
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

  private note(findings: readonly Finding[], steps: number, path: Int32Array): void {
    for (const finding of findings) {
      if (this.breaks.some((known) => sameFinding(known.finding, finding))) continue;
      this.breaks.push({ finding, steps });
      const key = keyOf(finding);
      if (this.violations.has(key)) continue;
      this.violations.set(key, { finding, path: Array.from(path.subarray(0, steps)) });
    }
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
