import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { parseShellLine, type ShellCommand } from '../../lib/shell-line.js';
import { act } from '../../store/guest.js';
import { ask } from '../../store/worker.js';

/** What was typed, with what came of it. */
const lines = signal<readonly string[]>([]);
const typed = signal('');
/** Earlier lines, to go back to with the arrow keys. */
const history: string[] = [];

/** A line of shell: cat, ls, echo. */
export function ShellPane() {
  const output = useRef<HTMLPreElement>(null);
  const at = useRef(history.length);
  useLayoutEffect(() => {
    output.current?.scrollTo(0, output.current.scrollHeight);
  }, [lines.value]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    at.current = Math.min(history.length, Math.max(0, at.current + step));
    typed.value = history[at.current] ?? '';
  };
  const onSubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const line = typed.value;
    typed.value = '';
    if (line.trim() !== '') history.push(line);
    at.current = history.length;
    lines.value = [...lines.value, `# ${line}\n`, await run(parseShellLine(line))];
  };
  return (
    <section class="shell pane" aria-labelledby="shell-title">
      <h2 id="shell-title" class="label">
        Shell
      </h2>
      <pre ref={output} role="log" tabIndex={0} aria-label="What the shell printed">
        {lines.value.join('')}
      </pre>
      <form onSubmit={onSubmit}>
        <label>
          <span aria-hidden="true"># </span>
          <input
            aria-label="Line of shell"
            placeholder="echo 4 > /proc/irq/39/smp_affinity"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={typed.value}
            onInput={({ currentTarget }) => {
              typed.value = currentTarget.value;
            }}
            onKeyDown={onKeyDown}
          />
        </label>
      </form>
    </section>
  );
}

async function run(command: ShellCommand): Promise<string> {
  switch (command.kind) {
    case 'nothing':
      return '';
    case 'wrong':
      return `${command.message}\n`;
    case 'echo': {
      const { text, to } = command;
      if (to === undefined) return text;
      const { answer } = await act({ write: to, data: text });
      return answer.ok ? '' : `echo: write error: ${answer.code}: ${answer.message}\n`;
    }
    case 'cat':
      return (await Promise.all(command.paths.map(cat))).join('');
    case 'ls':
      return (await Promise.all(command.paths.map(ls))).join('');
  }
}

async function cat(path: string): Promise<string> {
  const read = await ask<'read'>({ kind: 'read', path });
  return read.ok ? read.text : `cat: ${path}: ${read.code}: ${read.message}\n`;
}

async function ls(path: string): Promise<string> {
  const listed = await ask<'list'>({ kind: 'list', path });
  if (!listed.ok) return `ls: ${path}: ${listed.code}: ${listed.message}\n`;
  return listed.entries
    .map(({ name, target }) => `${name}${target === undefined ? '' : ` -> ${target}`}\n`)
    .join('');
}
