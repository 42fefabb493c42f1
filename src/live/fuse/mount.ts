import { type ChildProcess, spawn } from 'node:child_process';
import { UsageError } from '../../command/usage-error.js';
import type { FuseSession } from './session.js';
import { environment, runProgram } from '../programs.js';

/** What /proc/mounts shows as device and as type. */
export const MOUNT_NAME = 'irqlab';

/** Options for mount(8) that is handed /dev/fuse as file descriptor 3. */
export function fuseOptions(uid: number, gid: number): string {
  return `fd=3,rootmode=40000,user_id=${uid},group_id=${gid},default_permissions,allow_other,nosuid,nodev,noexec`;
}

/**
 * Mounts the filesystem of a FUSE descriptor on a directory.
 *
 * @throws UsageError if it cannot be mounted.
 */
export async function mountFuse(fd: number, directory: string): Promise<void> {
  const args = ['-i', '-t', `fuse.${MOUNT_NAME}`, '-o', fuseOptions(0, 0), MOUNT_NAME, directory];
  const { status, stderr } = await runProgram('mount', args, fd);
  if (status === 0) return;
  if (status === 127) throw new UsageError('there is no mount(8)', 'Install util-linux.');
  throw new UsageError(`cannot mount on ${directory}: ${stderr || `mount failed with status ${status}`}`);
}

/** Unmounts. Who still uses the files gets ENOTCONN ("Transport endpoint is not connected") from then on. */
export async function unmount(directory: string, session: FuseSession): Promise<void> {
  const { status } = await runProgram('umount', [directory]);
  if (status === 0) return;
  session.stop();
  const looked = runProgram('stat', [directory]);
  await Promise.all([looked, session.ended]);
  await runProgram('umount', ['-l', directory]);
}

/**
 * A process that outlives this one by a moment: if this process dies without calling `release`, it unmounts.
 * Otherwise a dead mount would stay, which answers everything with ENOTCONN.
 */
export class UnmountWatch {
  private readonly watcher: ChildProcess;

  constructor(directory: string) {
    const script = 'read -r done || exec umount -l "$1"';
    this.watcher = spawn('sh', ['-c', script, 'sh', directory], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: environment(),
    });
    this.watcher.on('error', () => {});
    this.watcher.unref();
  }

  /** Ends the watch without unmounting. */
  release(): void {
    this.watcher.stdin?.on('error', () => {});
    this.watcher.stdin?.end('done\n');
  }
}
