import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

/** Notices changes of files. A change while nobody waits for one is told when somebody does. */
export class Changes {
  private readonly watchers: readonly FSWatcher[];
  private changed: string | undefined;
  private wake = (): void => {};

  /** @param paths files, and directories whose scenarios count. */
  constructor(
    paths: readonly string[],
    private readonly signal: AbortSignal,
  ) {
    this.watchers = paths.map((path) => this.watch(path));
    signal.addEventListener('abort', () => this.wake());
  }

  /** The name of a file that has changed, one for each burst of changes; undefined once the signal has come. */
  async next(): Promise<string | undefined> {
    while (this.changed === undefined && !this.signal.aborted)
      await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.signal.aborted) return undefined;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const file = this.changed;
    this.changed = undefined;
    return file;
  }

  close(): void {
    for (const watcher of this.watchers) watcher.close();
  }

  private watch(path: string): FSWatcher {
    const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    // Of a file its directory is watched: editors put a new file in the place of the old one.
    const directory = isDirectory ? path : dirname(path);
    return watch(directory, { recursive: isDirectory }, (_event, name) => {
      const file = join(directory, name ?? '');
      if (isDirectory ? !/\.ya?ml$/.test(file) : relative(file, path) !== '') return;
      this.changed = file;
      this.wake();
    });
  }
}
