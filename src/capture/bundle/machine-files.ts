/** What made a recording. */
export type RecordingKind = 'irqlab record' | 'sosreport' | 'files of a machine';

/** Files of a machine, as `irqlab record`, sos or somebody by hand has copied them. */
export interface Recording {
  readonly kind: RecordingKind;
  /** By their paths on the machine. */
  readonly files: MachineFiles;
}

/** An entry of a recording: a file with its bytes, a symbolic link with its target, or a directory. */
export type MachineEntry =
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' };

/** So many symbolic links lead to one file at most, as in Linux (MAXSYMLINKS). */
const MOST_LINKS = 40;

/**
 * Files that were copied from a machine, by the paths that they had there: `/proc/interrupts`. Links lead nowhere but to
 * other files of the recording.
 */
export class MachineFiles {
  /** Paths of files that are too long to be looked at. */
  readonly tooLong: string[] = [];
  private readonly children = new Map<string, Set<string>>();
  private readonly entries = new Map<string, MachineEntry>();

  /** @param name what messages call the recording. */
  constructor(readonly name: string) {}

  /** Adds an entry, with the directories above it. @param path absolute, without `.`, `..` and empty parts. */
  add(path: string, entry: MachineEntry): void {
    if (entry.kind === 'directory' && this.entries.has(path)) return;
    this.entries.set(path, entry);
    for (let child = path; child !== '/'; ) {
      const parent = parentOf(child);
      const names = this.children.get(parent);
      const name = child.slice(child.lastIndexOf('/') + 1);
      if (names?.has(name)) return;
      this.children.set(parent, (names ?? new Set()).add(name));
      child = parent;
    }
  }

  /** A file's text, in which what is no UTF-8 is U+FFFD; undefined if there is no such file, or it is empty. */
  text(path: string): string | undefined {
    const entry = this.entries.get(this.real(path) ?? '');
    if (entry?.kind !== 'file' || entry.bytes.length === 0) return undefined;
    return new TextDecoder().decode(entry.bytes);
  }

  /** A file's bytes; undefined if there is no such file. */
  bytes(path: string): Uint8Array | undefined {
    const entry = this.entries.get(this.real(path) ?? '');
    return entry?.kind === 'file' ? entry.bytes : undefined;
  }

  /** The first line of a file, without blanks around it; undefined if there is none. */
  line(path: string): string | undefined {
    const [first = ''] = this.text(path)?.split('\n', 1) ?? [];
    return first.trim() === '' ? undefined : first.trim();
  }

  /** A whole number that a file says, in C's notation; undefined if it says none. */
  number(path: string): number | undefined {
    const line = this.line(path);
    if (line === undefined || !/^(?:-?\d{1,15}|0x[0-9a-f]{1,12})$/i.test(line)) return undefined;
    return Number(line);
  }

  /** Names in a directory, in the order of their numbers where they have some; none if there is no such directory. */
  list(path: string): string[] {
    const names = this.children.get(this.real(path) ?? '');
    return [...(names ?? [])].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** The last part of what a symbolic link points to, such as the name of a driver; undefined if it is no link. */
  linkName(path: string): string | undefined {
    const parent = this.real(parentOf(path));
    const entry =
      parent === undefined
        ? undefined
        : this.entries.get(join(parent, path.slice(path.lastIndexOf('/') + 1)));
    return entry?.kind === 'link' ? entry.target.slice(entry.target.lastIndexOf('/') + 1) : undefined;
  }

  /** Where a path leads if links are followed; undefined if nothing is there. */
  real(path: string): string | undefined {
    let links = 0;
    let at = '/';
    const rest = path.split('/').reverse();
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = parentOf(at);
        continue;
      }
      const next = join(at, part);
      const entry = this.entries.get(next);
      if (entry?.kind !== 'link') {
        at = next;
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) return undefined;
      if (entry.target.startsWith('/')) at = '/';
      rest.push(...entry.target.split('/').reverse());
    }
    return at === '/' || this.entries.has(at) || this.children.has(at) ? at : undefined;
  }

  /** Paths of all files, in the order in which they were added. */
  *files(): Generator<string> {
    for (const [path, { kind }] of this.entries) if (kind === 'file') yield path;
  }

  /** The same recording, seen from one of its directories. */
  below(root: string): MachineFiles {
    const seen = new MachineFiles(this.name);
    seen.tooLong.push(...this.tooLong);
    const prefix = root === '/' ? '/' : `${root}/`;
    for (const [path, entry] of this.entries)
      if (path.startsWith(prefix)) seen.add(`/${path.slice(prefix.length)}`, entry);
    return seen;
  }
}

function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0)) || '/';
}
