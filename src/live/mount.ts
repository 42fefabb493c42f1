import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CommandIo, exitStatus, UsageError } from '../cli/command.js';
import { Control } from './control/server.js';
import { ControlCommands } from './control/commands.js';
import { openFuseDevice } from './fuse/device.js';
import type { LiveOptions } from './options.js';
import { mountFuse, unmount, UnmountWatch } from './mounted.js';
import { openGuest } from './open-guest.js';
import { serve } from './serve.js';

export type MountOptions = LiveOptions;

/** `irqlab mount`: the guest's files on a directory until it is unmounted or this process is told to end. */
export async function mountGuest(
  file: string,
  directory: string,
  { speed, socket }: MountOptions,
  io: CommandIo,
): Promise<number> {
  const target = resolve(directory);
  requireRoot();
  requireDirectory(target);
  const { guest, live } = await openGuest(file, speed, io);
  const fd = openFuseDevice();
  const service = serve(guest.fs, live, io, fd);
  const { session } = service;
  let watch: UnmountWatch | undefined;
  let control: Control | undefined;
  try {
    if (socket !== undefined)
      control = await Control.listen(socket, new ControlCommands(guest, live), service.onDefect);
    await mountFuse(fd, target);
    watch = new UnmountWatch(target);
    const leave = (): void => void unmount(target, session);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
    io.out(`${target}/proc ${target}/sys\n`);
    if (io.progress !== undefined) io.err('Ctrl-C ends it.\n');
    await session.ended;
  } finally {
    session.stop();
    service.stopTime();
    control?.close();
    watch?.release();
  }
  return service.defects.length > 0 ? exitStatus.defect : exitStatus.ok;
}

function requireRoot(): void {
  if (process.platform !== 'linux') throw new UsageError('a guest can be mounted on Linux only');
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
