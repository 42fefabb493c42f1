// What the page and its worker tell each other of traces; part of protocol.ts.
import type { TimelineEvent, TraceFormat } from 'irqlab/browser';

export type TraceRequest =
  /** Traces the guest from now on: names as set_event takes them. */
  | { readonly kind: 'trace'; readonly events: readonly string[] }
  /** Ends that; what was traced is kept. */
  | { readonly kind: 'untrace' }
  /** What was traced. */
  | { readonly kind: 'traced' }
  /** The same as a file. */
  | { readonly kind: 'traceFile'; readonly format: SavedFormat };

/** The forms in which the page saves traces. */
export type SavedFormat = Extract<TraceFormat, 'chrome' | 'ftrace'>;

export interface TraceAnswers {
  /** A refusal, as the kernel gives it; undefined: it is traced. */
  readonly trace: string | undefined;
  readonly untrace: undefined;
  readonly traced: Traced;
  readonly traceFile: Uint8Array;
}

export interface Traced {
  readonly isOn: boolean;
  /** As Perfetto's viewer takes them. */
  readonly events: readonly TimelineEvent[];
  /** How many older ones had to make room. */
  readonly overwritten: number;
}
