import { posix } from 'node:path';

/** An entry of a directory of this machine. */
export interface HostEntry {
  readonly name: string;
  readonly kind: 'directory' | 'file' | 'symlink';
  /** Where a symbolic link points. */
  readonly target?: string;
}

/** The files of this machine, as far as a plan needs them. */
export interface HostFiles {
  kindOf(path: string): 'directory' | 'file' | undefined;
  entries(directory: string): readonly HostEntry[];
}

/** A step of putting mounted files over those of this machine. */
export type OverlayStep =
  /** An empty tmpfs over `path`: in sysfs itself nobody can add an entry. */
  | { readonly kind: 'rebuild'; readonly path: string }
  /** Makes a rebuilt directory read-only. */
  | { readonly kind: 'seal'; readonly path: string }
  | { readonly kind: 'makeDirectory' | 'makeFile'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** Binds what this machine has at `path`, underneath all of this, to `path`. */
  | { readonly kind: 'bindHost'; readonly path: string }
  | { readonly kind: 'bindMounted'; readonly path: string };

/**
 * Plans how the mounted files come to `paths`. Where this machine has nothing at such a path, the directory above it is
 * rebuilt from its own entries and the new one.
 */
export function planOverlay(paths: readonly string[], host: HostFiles): OverlayStep[] {
  const missing = paths.filter((path) => host.kindOf(path) === undefined);
  const rebuilt = new Map<string, string[]>();
  for (const path of missing) {
    let child = path;
    let parent = posix.dirname(path);
    while (host.kindOf(parent) === undefined) {
      child = parent;
      parent = posix.dirname(parent);
    }
    const children = rebuilt.get(parent) ?? [];
    rebuilt.set(parent, [...children, child]);
  }
  const steps: OverlayStep[] = [];
  // Parents before children, so that a rebuilt child stands in its rebuilt parent.
  const parents = [...rebuilt.keys()].sort();
  for (const parent of parents) {
    steps.push({ kind: 'rebuild', path: parent });
    for (const entry of host.entries(parent)) steps.push(...copyEntry(parent, entry));
  }
  for (const path of missing) steps.push({ kind: 'makeDirectory', path });
  for (const parent of parents) steps.push({ kind: 'seal', path: parent });
  for (const path of paths) steps.push({ kind: 'bindMounted', path });
  return steps;
}

function copyEntry(parent: string, { name, kind, target = '' }: HostEntry): OverlayStep[] {
  const path = posix.join(parent, name);
  if (kind === 'symlink') return [{ kind: 'link', path, target }];
  return [
    { kind: kind === 'directory' ? 'makeDirectory' : 'makeFile', path },
    { kind: 'bindHost', path },
  ];
}

/** Where the mounted files and this machine's are while the steps are done. */
export interface Stage {
  readonly mounted: string;
  readonly host: string;
}

/** The steps as commands for a shell. */
export function overlayScript(steps: readonly OverlayStep[], stage: Stage): string {
  return steps.map((step) => `${command(step, stage)}\n`).join('');
}

function command(step: OverlayStep, { mounted, host }: Stage): string {
  const at = quote(step.path);
  switch (step.kind) {
    case 'rebuild':
      return `mount -n -t tmpfs -o mode=755,size=64k,nosuid,nodev,noexec irqlab ${at}`;
    case 'seal':
      return `mount -n -o remount,bind,ro,nosuid,nodev,noexec ${at}`;
    case 'makeDirectory':
      return `mkdir -p ${at}`;
    case 'makeFile':
      return `: > ${at}`;
    case 'link':
      return `ln -s ${quote(step.target)} ${at}`;
    case 'bindHost':
      return `mount -n --rbind ${quote(host + step.path.replace(/^\/sys/, ''))} ${at}`;
    default:
      return `mount -n --bind ${quote(mounted + step.path)} ${at}`;
  }
}

/** A word of the shell that stands for exactly this text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
