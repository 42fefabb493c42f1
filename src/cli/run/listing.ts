import type { FileTree } from '../../view/tree.js';

const typeLetters: Readonly<Record<string, string>> = { directory: 'd', file: '-', symlink: 'l' };

/** `drwxr-xr-x` and the like, as ls and find write it. */
function modeText(kind: string, mode: number): string {
  const bits = [0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001];
  return (
    (typeLetters[kind] ?? '?') + bits.map((bit, at) => ((mode & bit) !== 0 ? 'rwx'[at % 3] : '-')).join('')
  );
}

/** All files below `path`: mode and path on a line, depth first, by name; links with what they point to. */
export function treeText(fs: FileTree, path = '/'): string {
  const lines: string[] = [];
  walk(fs, path, lines);
  return lines.map((line) => `${line}\n`).join('');
}

function walk(fs: FileTree, path: string, lines: string[]): void {
  const { kind, mode } = fs.lstat(path);
  const target = kind === 'symlink' ? ` -> ${fs.readlink(path)}` : '';
  lines.push(`${modeText(kind, mode)} ${path}${target}`);
  if (kind !== 'directory') return;
  const base = path === '/' ? '' : path;
  for (const name of fs.readdir(path)) walk(fs, `${base}/${name}`, lines);
}
