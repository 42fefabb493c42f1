import { type ChildProcess, spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';

/** How a program ended. */
export interface Outcome {
  /** Exit status; 128 plus the signal's number for a program that was killed, as in a shell. */
  readonly status: number;
  readonly stderr: string;
}

const PATH_DIRECTORIES = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment, its PATH extended by the system's directories: mount(8) may be in /sbin. */
export function environment(): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return { ...process.env, PATH: PATH === undefined ? PATH_DIRECTORIES : `${PATH}:${PATH_DIRECTORIES}` };
}

/**
 * Runs a program to its end without blocking the event loop: it may read mounted files, which this process answers.
 *
 * @param fd handed to it as file descriptor 3.
 */
export function runProgram(program: string, args: readonly string[], fd?: number): Promise<Outcome> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', ...(fd === undefined ? [] : [fd])];
  const child = spawn(program, args, { stdio, env: environment() });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return statusOf(child).then((status) => ({ status, stderr: stderr.trim() }));
}

/** Exit status of a child process; 127 if it could not be started. */
export function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

/** True if the program succeeds. It blocks this process, so the program must not read mounted files. */
export function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', env: environment() }).status === 0;
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
