import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants, existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';

// Tests with real programs on mounted files. They run when IRQLAB_MOUNT is set: 1 skips what this machine cannot do
// and says why, all fails then.

const wish = process.env.IRQLAB_MOUNT;
export const root = new URL('../..', import.meta.url).pathname;
const cli = join(root, 'dist/cli/cli.js');

const where = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

/** Why tests that need these programs cannot run; undefined: they can. */
function obstacle(programs: readonly string[]): string | undefined {
  if (wish === undefined) return 'IRQLAB_MOUNT is not set';
  if (!existsSync(cli)) return 'dist is missing: npm run build';
  if (process.geteuid?.() !== 0) return 'not root';
  try {
    closeSync(openSync('/dev/fuse', constants.O_RDWR));
  } catch {
    return 'no /dev/fuse';
  }
  const lacking = programs.filter((name) => spawnSync('which', [name], { env: where }).status !== 0);
  return lacking.length === 0 ? undefined : `not installed: ${lacking.join(' ')}`;
}

/** Tests that need root, /dev/fuse and some programs. */
export function describeReal(name: string, programs: readonly string[], tests: () => void): void {
  const reason = obstacle(programs);
  if (reason === undefined) describe(name, tests);
  else if (wish === 'all') throw new Error(`${name}: ${reason}`);
  else describe.skip(`${name} (skipped: ${reason})`, tests);
}

export interface Ended {
  status: number | null;
  out: string;
  err: string;
}

function collect(child: ChildProcess): Promise<Ended> {
  const ended: Ended = { status: null, out: '', err: '' };
  child.stdout?.setEncoding('latin1').on('data', (text: string) => (ended.out += text));
  child.stderr?.setEncoding('latin1').on('data', (text: string) => (ended.err += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ ...ended, status })));
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[]): Promise<Ended> {
  return collect(spawn(program, args, { env: where, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Runs a script of sh in `irqlab shell`. */
export function inShell(scenario: string, script: string, ...options: string[]): Promise<Ended> {
  return run(process.execPath, [cli, 'shell', scenario, ...options, '--', 'sh', '-c', script]);
}

/** Parts of an output that were separated by lines of ====. */
export function parts(out: string): string[] {
  return out.split('====\n');
}

/** A guest mounted by `irqlab mount`. */
export interface Mounted {
  readonly directory: string;
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Ends it as Ctrl-C does and takes the directory away. */
  stop(): Promise<Ended>;
}

/** The directories of this process begin so, as others have guests mounted at the same time. */
const OWN_MOUNT_POINTS = join(tmpdir(), `irqlab-mount-${process.pid}-`);

export async function mountGuest(scenario: string, ...options: string[]): Promise<Mounted> {
  const directory = mkdtempSync(OWN_MOUNT_POINTS);
  const child = spawn(process.execPath, [cli, 'mount', scenario, directory, ...options], {
    env: where,
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = collect(child);
  await Promise.race([new Promise((resolve) => child.stdout?.once('data', resolve)), ended]);
  const stop = async (): Promise<Ended> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    const result = await ended;
    rmSync(directory, { recursive: true });
    return result;
  };
  return { directory, process: child, ended, stop };
}

/**
 * Lines of this machine's list of mounts that are ours: of guests that this process has mounted, or of a shell, which
 * hides what it mounts. Others may have guests mounted elsewhere.
 */
export function ownMounts(): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter(
      (line) =>
        /^irqlab \/(?:proc|sys|dev|mnt)\b/.test(line) || line.startsWith(`irqlab ${OWN_MOUNT_POINTS}`),
    );
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something holds, for 10 s at most. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(20);
}
