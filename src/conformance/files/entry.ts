import type { FileTree } from '../../view/tree.js';

/** A file or directory as the recordings write it: its mode in octal, and its text or entries. */
export interface Entry {
  readonly mode: string;
  readonly text?: string;
  readonly entries?: Readonly<Record<string, Entry>>;
}

/** The text without what depends on the moment of the recording. */
function withoutTime(text: string): string {
  return text.replace(/last_unhandled [1-9]\d* ms/, 'last_unhandled <jiffies> ms');
}

/** A part of the tree as the recordings write it: modes in octal, and texts. */
export function entryOf(tree: FileTree, path: string): Entry | null {
  if (!tree.exists(path)) return null;
  const { kind, mode } = tree.stat(path);
  const shown = mode.toString(8).padStart(7, '0');
  if (kind === 'file') return { mode: shown, text: withoutTime(tree.readFile(path)) };
  const entries: Record<string, Entry> = {};
  for (const name of tree.readdir(path)) {
    const entry = entryOf(tree, `${path}/${name}`);
    if (entry !== null) entries[name] = entry;
  }
  return { mode: shown, entries };
}

/** The entry with all names in order. */
export function sorted(entry: Entry | null): Entry | null {
  if (entry?.entries === undefined) return entry;
  const entries: Record<string, Entry> = {};
  for (const name of Object.keys(entry.entries).sort()) {
    const inner = sorted(entry.entries[name]);
    if (inner !== null) entries[name] = inner;
  }
  return { mode: entry.mode, entries };
}
