import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { UsageError } from '../../command/usage-error.js';
import { fuseOptions, MOUNT_NAME } from '../fuse/mount.js';
import { environment, runProgram, statusOf } from '../programs.js';
import { hostFiles } from './host-files.js';
import { overlayScript, planOverlay } from './overlay.js';

/** Where the new namespace has its files while they are put in their places; empty again afterwards. */
const STAGE = '/mnt';
const stage = { mounted: `${STAGE}/mounted`, host: `${STAGE}/sys` };
/** What the script writes to descriptor 4 when everything is in its place. */
const READY = 'ready';
/**
 * Then it waits for permission to become the command. If this process dies the command gets SIGHUP, because the files
 * would answer nothing but ENOTCONN.
 */
const START = `exec 3>&-
echo ${READY} >&4
read -r go <&4
exec 4>&-
if command -v setpriv >/dev/null; then exec setpriv --pdeathsig HUP "$@"; fi
exec "$@"
`;
const forwarded = ['SIGTERM', 'SIGHUP'] as const;

/** What answers for the files. */
export interface FileSession {
  readonly ended: Promise<void>;
  /** Stops at the next request. */
  stop(): void;
}

/**
 * Runs this program again as root of a new user namespace, in which /dev/fuse must be opened, too.
 *
 * @returns its exit status.
 */
export async function runInUserNamespace(): Promise<number> {
  const args = ['-U', '-r', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  leaveTerminalSignals();
  const child = spawn('unshare', args, { stdio: 'inherit', env: environment() });
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  return statusOf(child);
}

/**
 * Runs a command in a mount namespace of its own, in which the files of a FUSE descriptor are at `paths`, until it has
 * ended.
 *
 * @param command a shell if empty.
 * @returns the command's exit status.
 * @throws UsageError if the files cannot be put in their places.
 */
export async function runOverlaid(
  command: readonly string[],
  paths: readonly string[],
  fd: number,
  session: FileSession,
): Promise<number> {
  const program = command.length > 0 ? command : [process.env.SHELL ?? '/bin/sh'];
  leaveTerminalSignals();
  const child = spawn('unshare', ['-m', 'sh', '-c', setUp(paths) + START, 'sh', ...program], {
    stdio: ['inherit', 'inherit', 'inherit', fd, 'pipe'],
    env: environment(),
  });
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  const ended = statusOf(child);
  const pipe = child.stdio[4] as Duplex;
  const ready = await readLine(pipe);
  if (ready !== READY) {
    await ended;
    session.stop();
    await session.ended;
    throw new UsageError("could not put the guest's files in their places");
  }
  const namespace = openSync(`/proc/${child.pid}/ns/mnt`, 'r');
  pipe.end('go\n');
  const status = await ended;
  await leave(session, namespace);
  return status;
}

/** The terminal sends its signals to the command as well, and what they do is the command's decision. */
function leaveTerminalSignals(): void {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {});
}

/** The script that mounts the files in their places. It is given /dev/fuse as descriptor 3. */
function setUp(paths: readonly string[]): string {
  const steps = overlayScript(planOverlay(paths, hostFiles), stage);
  return `set -e
mount -n -t tmpfs -o mode=755,size=64k irqlab ${STAGE}
mkdir ${stage.mounted} ${stage.host}
mount -n -i -t fuse.${MOUNT_NAME} -o ${fuseOptions(0, 0)} ${MOUNT_NAME} ${stage.mounted}
mount -n --rbind /sys ${stage.host}
${steps}umount -n -l ${STAGE}
`;
}

/** The first line, or what came of it before the stream ended. */
function readLine(stream: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const finish = (): void => resolve(text.split('\n')[0]);
    stream.on('error', finish).on('close', finish);
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) finish();
    });
  });
}

/**
 * Ends the session although processes that the command left behind may still use the files. The read() that waits for
 * the next request has to return first, so the files are touched once more.
 */
async function leave(session: FileSession, namespace: number): Promise<void> {
  session.stop();
  const looked = runProgram('nsenter', ['--mount=/proc/self/fd/3', 'stat', '/proc/stat'], namespace);
  closeSync(namespace);
  await Promise.all([looked, session.ended]);
}
