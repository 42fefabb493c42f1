import { ErrnoError } from '../../lib/errno.js';
import type { FileTree } from '../../view/tree.js';

/** A directory with all below it, as recordings have it: {mode, text | err | to | entries} by name. */
export function treeOf(fs: FileTree, path: string): Record<string, unknown> {
  const entries: Record<string, unknown> = {};
  for (const name of fs.readdir(path)) entries[name] = entryOf(fs, `${path.replace(/\/$/, '')}/${name}`);
  return entries;
}

function entryOf(fs: FileTree, path: string): Record<string, unknown> {
  const { kind, mode: bits } = fs.lstat(path);
  const mode = bits.toString(8).padStart(7, '0');
  if (kind === 'symlink') return { mode, to: fs.readlink(path) };
  if (kind === 'directory') return { mode, entries: treeOf(fs, path) };
  try {
    return { mode, text: fs.readFile(path) };
  } catch (error) {
    if (error instanceof ErrnoError) return { mode, err: error.code };
    throw error;
  }
}
