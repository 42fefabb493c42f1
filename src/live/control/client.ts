import { type JsonHead, jsonText } from '../../command/json.js';
import { connect } from 'node:net';
import { parse } from 'yaml';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import type { ControlAnswer } from '../../steer/answer.js';

/** Commands whose value is a mapping, which KEY=VALUE arguments fill. */
const withMapping: ReadonlySet<string> = new Set([
  'affinity',
  'offer',
  'channels',
  'count',
  'host',
  'workload',
  'latency',
]);

/**
 * The command that the words of a command line stand for.
 *
 * @throws UsageError for a word too many and a key that is given twice.
 */
export function commandOf(name: string, args: readonly string[]): Record<string, unknown> {
  if (withoutValue.has(name)) {
    if (args.length > 0) throw new UsageError(`${name} takes no value`, 'Try "irqlab ctl --help".');
    return { [name]: true };
  }
  const pairs: Record<string, unknown> = {};
  let value: unknown;
  for (const arg of args) {
    const [, key, text] = /^([A-Za-z]+)=(.*)$/s.exec(arg) ?? [];
    if (key !== undefined) {
      if (Object.hasOwn(pairs, key))
        throw new UsageError(`"${key}" is given twice`, 'Leave out one of the two.');
      pairs[key] = scalar(text);
    } else if (value === undefined) value = scalar(arg);
    else throw new UsageError(`"${arg}" is too much: ${name} takes one value`, 'Try "irqlab ctl --help".');
  }
  // Of an action of a plug-in the guest's side knows more; pairs without a value are a mapping of it, too.
  const isMapping = withMapping.has(name) || Object.keys(pairs).length > 0;
  if (isMapping && value === undefined) return { [name]: pairs };
  return { [name]: value ?? null, ...pairs };
}

function scalar(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' }) ?? text;
  } catch {
    return text;
  }
}

const withoutValue: ReadonlySet<string> = new Set(['status', 'dmesg']);

/** What `irqlab ctl --json` prints: what the guest answered. */
export type CtlJson = JsonHead<'ctl'> & ControlAnswer;

export interface CtlOptions {
  /** The whole answer as JSON. */
  readonly json?: boolean;
}

/** `irqlab ctl`: gives a running guest a command and shows its answer. @throws UsageError */
export async function sendCommand(
  path: string,
  name: string,
  args: readonly string[],
  { json = false }: CtlOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const answer = await ask(path, commandOf(name, args));
  if (json) stdio.out(jsonText<CtlJson>('ctl', answer));
  else if (answer.ok) {
    const { result } = answer;
    if (typeof result === 'string') stdio.out(result);
    else if (result !== undefined) stdio.out(`${JSON.stringify(result, undefined, 2)}\n`);
  }
  if (answer.ok) return exitStatus.ok;
  if (answer.code === 'usage') throw new UsageError(answer.message, 'Try "irqlab ctl --help".');
  if (!json) stdio.err(`irqlab: ${answer.code}: ${answer.message}\n`);
  return answer.code === 'defect' ? exitStatus.defect : exitStatus.failed;
}

function ask(path: string, command: object): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(command)}\n`));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      socket.end();
      resolve(JSON.parse(text) as ControlAnswer);
    });
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      const nobody = code === 'ENOENT' || code === 'ECONNREFUSED';
      reject(new UsageError(nobody ? `nobody listens on ${path}` : `${path}: ${message}`));
    });
    socket.on('close', () => reject(new UsageError(`${path}: the guest went away before it answered`)));
  });
}
