import { type ChildProcess, spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';

/** How a program ended. */
export interface Outcome {
  /** Exit status; as a shell has it, 128 and the signal's number for one that was killed. */
  readonly status: number;
  readonly stderr: string;
}

const PATH_DIRECTORIES = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment with the directories of the system's programs in its PATH. */
export function environment(): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return { ...process.env, PATH: PATH === undefined ? PATH_DIRECTORIES : `${PATH}:${PATH_DIRECTORIES}` };
}

/**
 * Runs a program to its end without blocking: mounted files may be looked at by it, and are answered meanwhile.
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

/** Exit status of a program that was started; 127 if it could not be. */
export function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

/** True if the program can be started with these arguments and succeeds. Not for what looks at mounted files. */
export function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', env: environment() }).status === 0;
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
