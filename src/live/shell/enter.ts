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
function start(isIsolated: boolean): string {
  const enter = isIsolated ? `exec ${USER_NAMESPACE} "$@"` : `exec "$@"`;
  return `exec 3>&-
echo ${READY} >&4
read -r go <&4
exec 4>&-
${isIsolated ? '' : 'if command -v setpriv >/dev/null; then exec setpriv --pdeathsig HUP "$@"; fi'}
${enter}
`;
}
const forwarded = ['SIGTERM', 'SIGHUP'] as const;

/** What of this machine could be changed through files, and is read-only in the namespace where it can be made so. */
const sealed = ['/proc/sys', '/proc/sysrq-trigger', '/proc/bus', '/proc/fs', '/proc/acpi', '/sys'] as const;

/** Has the command in a PID namespace, with a /proc of it. */
const PID_NAMESPACE = ['--pid', '--fork', '--kill-child'] as const;
const OWN_PROC = 'mount -n -t proc -o nosuid,nodev,noexec proc /proc || exit 1\n';
/** In a user namespace of its own nobody can take what has been put over other files away again. */
const USER_NAMESPACE = 'unshare -U -r -m --';

/** libtracefs asks the list of mounts where tracefs is, and mounts one itself where there is none: over the guest's. */
const TRACEFS = '/sys/kernel/tracing';

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
 * @param processes is told where they are seen, if they are in a PID namespace of their own.
 * @param isIsolated it has a PID and a user namespace of its own as well.
 * @returns the command's exit status.
 * @throws UsageError if the files cannot be put in their places.
 */
export async function runOverlaid(
  command: readonly string[],
  paths: readonly string[],
  fd: number,
  session: FileSession,
  processes: { procfs: string },
  isIsolated = false,
): Promise<number> {
  const program = command.length > 0 ? command : [process.env.SHELL ?? '/bin/sh'];
  leaveTerminalSignals();
  const script = ['-m', ...(isIsolated ? PID_NAMESPACE : []), 'sh', '-c'];
  const text = (isIsolated ? OWN_PROC : '') + setUp(paths) + start(isIsolated);
  // Who waits for a PID namespace takes no SIGTERM, and nobody tells it of the end of this process.
  const [first, ...words] = isIsolated ? ['setpriv', '--pdeathsig', 'KILL', 'unshare'] : ['unshare'];
  const child = spawn(first, [...words, ...script, text, 'sh', ...program], {
    stdio: ['inherit', 'inherit', 'inherit', fd, 'pipe'],
    env: environment(),
  });
  for (const signal of forwarded) process.on(signal, () => child.kill(isIsolated ? 'SIGKILL' : signal));
  const ended = statusOf(child);
  const pipe = child.stdio[4] as Duplex;
  const ready = await readLine(pipe);
  if (ready !== READY) {
    await ended;
    session.stop();
    await session.ended;
    throw new UsageError("could not put the guest's files in their places");
  }
  if (isIsolated) processes.procfs = `/proc/${child.pid}/root/proc`;
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
mount -n -t tracefs tracefs ${TRACEFS} 2>/dev/null || true
${steps}umount -n -l ${STAGE}
${sealed.map(seal).join('')}`;
}

/** Makes what is there read-only, if this namespace may; what the guest has put into it stays as it is. */
function seal(path: string): string {
  const bind = path === '/sys' ? 'true' : `mount -n --rbind ${path} ${path}`;
  const readOnly = `mount -n -o remount,bind,ro,nosuid,nodev,noexec ${path}`;
  return `if [ -e ${path} ]; then { ${bind} && ${readOnly}; } 2>/dev/null || true; fi\n`;
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
