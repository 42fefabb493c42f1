import type { ViolationKind } from '../execution/judge.js';
import type { MemoryModel } from '../model.js';
import type { Unannounced } from './unannounced.js';

/** One step of an execution. Plain data. */
export interface TraceStep {
  /** Column: index into the trace's lanes. */
  readonly lane: number;
  /** Number of the context that moved, in the order of their appearance. */
  readonly pid: number;
  readonly context: string;
  /** What it did, e.g. "read out1.write_index". */
  readonly action: string;
  /** The value read or written, where it is known. */
  readonly value?: number;
  /** The kernel's function, where the step says it (inFunction). */
  readonly label?: string;
  /** A store that reached memory: right after it was made, or after it had waited in a store buffer. */
  readonly flush?: 'at once' | 'delayed';
  /** A store that others saw only later, when it left the store buffer. */
  readonly buffered?: boolean;
  /** No step of its own: the next read of the lane was early, and saw what was there before the last store so far. */
  readonly early?: boolean;
  /** A read that decided the outcome: had it come on the other side of another lane's write, all would be well. */
  readonly decisive?: boolean;
}

/** An execution, step by step. Plain data. */
export interface Trace {
  readonly lanes: readonly string[];
  readonly steps: readonly TraceStep[];
}

/** A broken property, with an execution that breaks it. Plain data. */
export interface Violation {
  readonly kind: ViolationKind;
  /** The property's name; for errors and deadlocks the kind. */
  readonly property: string;
  readonly message: string;
  readonly trace: Trace;
  /**
   * True if no execution with fewer preemptions and delayed stores breaks any property, nor one with as many but fewer
   * changes of lane, or steps.
   */
  readonly minimal: boolean;
}

/** What the parts of one search have in common. */
export interface Fingerprint {
  /** Stands for the code that ran. */
  readonly build: string;
  /** How it searched, in words. */
  readonly options: string;
}

/** What a search has found. Plain data: it can be written as JSON and read back. */
export interface Report {
  readonly model: string;
  readonly memory: MemoryModel;
  readonly strategy: string;
  readonly verdict: 'found' | 'none';
  /** True if nothing was left out: every execution was run, or one that differs only in the order of independent steps. */
  readonly complete: boolean;
  /** What was left out, if anything: bounds, limits, the part of the search that this was. */
  readonly limits: readonly string[];
  readonly executions: number;
  /** Executions given up because they only repeat others; not counted in `executions`. */
  readonly redundant: number;
  readonly steps: number;
  /** Executions that were cut at the step limit: what comes behind it is not known. */
  readonly cut: number;
  /** Of a search by states: how many were reached. */
  readonly states?: number;
  /** Steps of the longest execution. */
  readonly depth: number;
  readonly seconds?: number;
  /** How often each outcome was seen, sorted, in executions that break nothing; only if the model sums them up. */
  readonly outcomes?: readonly { readonly outcome: string | number; readonly count: number }[];
  /** With store buffers: the words whose stores went through them, sorted. Empty: nothing could be delayed. */
  readonly buffered?: readonly string[];
  /** With `sanitize`: what steps share without announcing it. Empty: nothing in the executions that were run. */
  readonly unannounced?: readonly Unannounced[];
  readonly witnesses: readonly { readonly name: string; readonly reached: boolean }[];
  /** For reports that are put together later: parts of different code or options make no whole. */
  readonly fingerprint?: Fingerprint;
  /** The violations found, each once; just one unless the search went on after the first. */
  readonly violations: readonly Violation[];
}
