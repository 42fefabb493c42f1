/** What a line of the shell asks for. */
export type ShellCommand =
  | { readonly kind: 'cat' | 'ls'; readonly paths: readonly string[] }
  | { readonly kind: 'echo'; readonly text: string; readonly to: string | undefined }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'wrong'; readonly message: string };

const known = 'cat FILE…, ls DIRECTORY and echo TEXT > FILE';

/** Reads a line as sh does, as far as it goes: words, quotes, one `>` or `>>`. */
export function parseShellLine(line: string): ShellCommand {
  const words = wordsOf(line);
  if (words === undefined) return { kind: 'wrong', message: 'sh: a quote is not closed' };
  const [name, ...rest] = words;
  if (name === undefined) return { kind: 'nothing' };
  switch (name.text) {
    case 'cat':
    case 'ls':
      return list(name.text, rest);
    case 'echo':
      return echo(rest);
    default:
      return { kind: 'wrong', message: `sh: ${name.text}: not found; there are ${known}` };
  }
}

interface Word {
  readonly text: string;
  readonly isOperator: boolean;
}

function wordsOf(line: string): Word[] | undefined {
  const words: Word[] = [];
  const pattern = /\s*(?:(>>?)|((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'">\\])+))/gy;
  for (let at = 0; at < line.trimEnd().length; at = pattern.lastIndex) {
    const match = pattern.exec(line);
    if (match === null) return undefined;
    const [, operator, word = ''] = match;
    words.push(
      operator === undefined
        ? { text: unquoted(word), isOperator: false }
        : { text: operator, isOperator: true },
    );
  }
  return words;
}

function unquoted(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
    (_, single, double, escaped) => single ?? escaped ?? String(double).replace(/\\(["\\$`])/g, '$1'),
  );
}

function list(kind: 'cat' | 'ls', words: readonly Word[]): ShellCommand {
  if (words.some(({ isOperator }) => isOperator))
    return { kind: 'wrong', message: `${kind}: it prints here; only echo writes to a file` };
  const paths = words.map(({ text }) => absolute(text));
  if (paths.length > 0) return { kind, paths };
  return kind === 'ls'
    ? { kind, paths: ['/'] }
    : { kind: 'wrong', message: 'cat: name a file, e.g. cat /proc/interrupts' };
}

function echo(words: readonly Word[]): ShellCommand {
  const noNewline = words[0]?.text === '-n' && !words[0].isOperator;
  const given = noNewline ? words.slice(1) : words;
  const at = given.findIndex(({ isOperator }) => isOperator);
  const said = (at < 0 ? given : given.slice(0, at)).map(({ text }) => text);
  const behind = at < 0 ? [] : given.slice(at + 1);
  const to = behind[0];
  if (at >= 0 && (to === undefined || to.isOperator))
    return { kind: 'wrong', message: 'sh: name a file behind >' };
  const extra = behind.slice(1);
  if (extra.some(({ isOperator }) => isOperator)) return { kind: 'wrong', message: 'sh: one > at a time' };
  const text = [...said, ...extra.map((word) => word.text)].join(' ') + (noNewline ? '' : '\n');
  return { kind: 'echo', text, to: to && absolute(to.text) };
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
