import type { Node } from './syntax.js';

/** What the rules of rewriting have at hand. */
export interface Writing {
  /** The node's text, rewritten. */
  write(node: Node): string;
  /** The node as it stands. */
  text(node: Node): string;
  /** The node as it stands, but for its parts. @param write default: each is rewritten. */
  plain(node: Node, write?: (child: Node) => string): string;
  /** The source between two positions. */
  slice(from: number, to: number): string;
  /** An expression that numbers the place where the node stands, for the recorder. */
  site(node: Node): string;
  /** The variable that an identifier names, as arguments of the recorder, and its name; undefined unless it is shared. */
  variable(node: Node): { readonly args: string; readonly name: string } | undefined;
  /** A statement that makes the identity of the block's shared variables; empty if it has none. */
  env(block: Node): string;
  /** Runs `write` for what stands within the function or class `name`. */
  within(name: string, write: () => string): string;
}

/** Rewrites nodes of one type. */
export type Rule = (writing: Writing, node: Node) => string;

/** Parentheses around what a comma would split; a spread stands without. */
export function parenthesised({ type }: Node, text: string): string {
  return type === 'SpreadElement' ? text : `(${text})`;
}
