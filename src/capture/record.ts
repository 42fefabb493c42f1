import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Stdio } from '../command/stdio.js';
import { isTerminal } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';

/** The recorder, a script for any POSIX shell. */
const script = fileURLToPath(new URL('../../share/record.sh', import.meta.url));

export interface RecordOptions {
  /** An archive, `.tar.gz` or `.tgz`, or a directory that is not there yet. */
  readonly output?: string;
  /** For how long counts are taken. */
  readonly seconds?: string;
  /** Seconds between two times. */
  readonly every?: string;
  /** Names and addresses are recorded as well. */
  readonly names?: boolean;
  /** Print the recorder instead of running it. */
  readonly script?: boolean;
}

/**
 * `irqlab record`: has a shell record this machine's interrupts, or prints the script that does.
 *
 * @returns the script's exit status: 0 done, 2 it could not, 130 ended by Ctrl-C.
 * @throws UsageError where there is no shell.
 */
export async function runRecord(options: RecordOptions, stdio: Stdio): Promise<number> {
  if (options.script) {
    stdio.out(readFileSync(script, 'utf8'));
    return 0;
  }
  const { output, seconds, every, names } = options;
  const args = [
    ...(output === undefined ? [] : ['-o', output]),
    ...(seconds === undefined ? [] : ['--seconds', seconds]),
    ...(every === undefined ? [] : ['--every', every]),
    ...(names ? ['--names'] : []),
  ];
  // Ctrl-C goes to the script as well, which takes away what it has begun.
  const leave = (): void => {};
  process.on('SIGINT', leave);
  try {
    return await runScript(args, stdio);
  } finally {
    process.off('SIGINT', leave);
  }
}

function runScript(args: readonly string[], stdio: Stdio): Promise<number> {
  const child = spawn('sh', [script, ...args], {
    stdio: ['ignore', 'ignore', isTerminal(stdio) && process.stderr.isTTY ? 'inherit' : 'pipe'],
  });
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => stdio.err(text.replace(/^record: /gm, 'irqlab: ')));
  return new Promise((resolve, reject) => {
    child.on('error', ({ message }) =>
      reject(
        new UsageError(`cannot run sh: ${message}`, 'Recording needs a machine with Linux and a shell.'),
      ),
    );
    child.on('close', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 2)));
  });
}
