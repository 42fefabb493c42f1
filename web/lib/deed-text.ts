import type { ControlAnswer } from 'irqlab/browser';

/** A command as YAML in one line, as a scenario has it between braces: `offline: 3`. */
export function commandText(command: object | string): string {
  if (typeof command === 'string') return command.replace(/^\s*\{([\s\S]*)\}\s*$/, '$1').trim();
  return Object.entries(command)
    .map(([key, value]) => `${key}: ${flow(value)}`)
    .join(', ');
}

/** What came of a command, refusals as the kernel gives them. */
export function answerText(answer: ControlAnswer): string {
  if (!answer.ok) return `${answer.code}: ${answer.message}`;
  return answer.result === undefined ? 'done' : flow(answer.result);
}

/** A value in YAML's flow style. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => `${key}: ${flow(each)}`)
      .join(', ')}}`;
  if (typeof value === 'string' && isPlain(value)) return value;
  return JSON.stringify(value) ?? 'null';
}

/** True for a text that YAML reads as that text without quotes, in flow style too. */
function isPlain(text: string): boolean {
  return (
    /^([A-Za-z/][\w./-]*|\d+(\.\d+)?(s|ms|us|ns))$/.test(text) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
  );
}
