import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitStatus } from '../command/exit-status.js';
import { isTerminal, type Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import { linuxOnly } from './linux-only.js';
import { mountFuse, unmount, UnmountWatch } from './fuse/mount.js';
import { type LiveOptions, LiveService } from './service.js';

/** `irqlab mount`: the guest's files on a directory until it is unmounted or this process is told to end. */
export async function mountGuest(
  file: string,
  directory: string,
  options: LiveOptions,
  stdio: Stdio,
): Promise<number> {
  const target = resolve(directory);
  requireRoot();
  requireDirectory(target);
  const service = await LiveService.open(file, options, stdio);
  const { fd, session } = service;
  let watch: UnmountWatch | undefined;
  try {
    await mountFuse(fd, target);
    watch = new UnmountWatch(target);
    const leave = (): void => void unmount(target, session);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
    stdio.out(`${target}/proc ${target}/sys ${target}/dev\n`);
    if (isTerminal(stdio)) stdio.err('Ctrl-C ends it.\n');
    await session.ended;
  } finally {
    service.close();
    watch?.release();
  }
  return service.status(exitStatus.ok);
}

function requireRoot(): void {
  linuxOnly('a guest can be mounted');
  if (process.geteuid?.() === 0) return;
  throw new UsageError(
    'only root may mount',
    'irqlab shell works without, and so does irqlab mount in a namespace of your own: unshare -r -m',
  );
}

function requireDirectory(path: string): void {
  let isDirectory = false;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTCONN') {
      throw new UsageError(`${path} is a mount whose program has died`, `Take it away: umount -l ${path}`);
    }
    if (code !== 'ENOENT') throw new UsageError(`cannot mount on ${path}: ${message}`);
  }
  if (!isDirectory) throw new UsageError(`${path} is no directory`, `Make it: mkdir -p ${path}`);
}
