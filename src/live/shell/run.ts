import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { type CommandIo, exitStatus, UsageError } from '../../cli/command.js';
import { Control } from '../control/server.js';
import { ControlCommands } from '../control/commands.js';
import { openFuseDevice } from '../fuse/device.js';
import type { FuseSession } from '../fuse/session.js';
import type { LiveOptions } from '../options.js';
import { fuseOptions, MOUNT_NAME } from '../mounted.js';
import { namespaceRights } from './namespace.js';
import { hostFiles } from './host-files.js';
import { openGuest } from '../open-guest.js';
import { guestPaths, overlayScript, planOverlay } from './overlay.js';
import { environment, runProgram, statusOf } from './programs.js';
import { serve, type Service } from '../serve.js';

/** Where the new namespace has its files while they are put in their places; empty again afterwards. */
const STAGE = '/mnt';
const stage = { guest: `${STAGE}/guest`, host: `${STAGE}/sys` };
/** What the script says on descriptor 4 when all is in its place. */
const READY = 'ready';
/**
 * Then it waits until it may become the command, which is told to hang up if this process dies: its files would give
 * nothing but "Transport endpoint is not connected".
 */
const START = `exec 3>&-
echo ${READY} >&4
read -r go <&4
exec 4>&-
if command -v setpriv >/dev/null; then exec setpriv --pdeathsig HUP "$@"; fi
exec "$@"
`;
const forwarded = ['SIGTERM', 'SIGHUP'] as const;

/**
 * `irqlab shell`: a command in a mount namespace of its own, in which some files of /proc and /sys are the guest's.
 * This process answers for them and stays outside.
 *
 * @returns the command's exit status.
 */
export async function runShell(
  file: string,
  command: readonly string[],
  { speed, socket }: LiveOptions,
  io: CommandIo,
): Promise<number> {
  if (namespaceRights() === 'user') return inUserNamespace();
  const { guest, live } = await openGuest(file, speed, io);
  const fd = openFuseDevice();
  const service = serve(guest.fs, live, io, fd);
  let control: Control | undefined;
  try {
    if (socket !== undefined)
      control = await Control.listen(socket, new ControlCommands(guest, live), service.onDefect);
    const paths = guestPaths.filter((path) => guest.fs.exists(path));
    const status = await inNamespace(setUp(paths), command, fd, service);
    return service.defects.length > 0 ? exitStatus.defect : status;
  } finally {
    service.session.stop();
    service.stopTime();
    control?.close();
  }
}

/** The same again as root of a user namespace; what is mounted must be opened there, too. */
async function inUserNamespace(): Promise<number> {
  const args = ['-U', '-r', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {});
  const child = spawn('unshare', args, { stdio: 'inherit', env: environment() });
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  return statusOf(child);
}

/** Commands that mount the guest's files in their places; they begin with the FUSE descriptor as number 3. */
function setUp(paths: readonly string[]): string {
  const steps = overlayScript(planOverlay(paths, hostFiles), stage);
  return `set -e
mount -n -t tmpfs -o mode=755,size=64k irqlab ${STAGE}
mkdir ${stage.guest} ${stage.host}
mount -n -i -t fuse.${MOUNT_NAME} -o ${fuseOptions(0, 0)} ${MOUNT_NAME} ${stage.guest}
mount -n --rbind /sys ${stage.host}
${steps}umount -n -l ${STAGE}
`;
}

/** Runs the command behind the script in a new mount namespace and answers for the files until it has ended. */
async function inNamespace(
  script: string,
  command: readonly string[],
  fd: number,
  { session }: Service,
): Promise<number> {
  const program = command.length > 0 ? command : [process.env.SHELL ?? '/bin/sh'];
  // The terminal's signals go to the command, too, and it decides what they mean.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {});
  const child = spawn('unshare', ['-m', 'sh', '-c', script + START, 'sh', ...program], {
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

/** The first line that comes; what there is if none ends. */
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
 * Ends the service although processes that the command left behind may still use the files. The read that waits for
 * the next request has to come to its end first: the files are looked at once more.
 */
async function leave(session: FuseSession, namespace: number): Promise<void> {
  session.stop();
  const looked = runProgram('nsenter', ['--mount=/proc/self/fd/3', 'stat', '/proc/stat'], namespace);
  closeSync(namespace);
  await Promise.all([looked, session.ended]);
}
