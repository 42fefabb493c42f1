/** A procedure that cannot be taken into plain form. */
export class TwinError extends Error {}

/** `source` with the plain form of each procedure behind it, not formatted. @throws TwinError */
export function withTwins(source: string, file: string): string;

/** A text before the character `at` of a source, for what stands between two. */
export interface Insertion {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The plain forms that belong into a source without them, and where, with `insertions` in their order. @throws TwinError */
export function twinsOf(
  bare: string,
  file: string,
  insertions?: readonly Insertion[],
): { readonly at: number; readonly twin: string }[];

/** `source` without the plain forms that were put into it. */
export function withoutTwins(source: string, file: string): string;
