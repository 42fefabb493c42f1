/** Where in a YAML text something is typed, as far as a schema needs it. */
export interface YamlPlace {
  /** Keys from the top; `[]` is an item of a list. The key of a value is the last. */
  readonly path: readonly string[];
  /** What is typed there: a key, or the value of the last key of the path. */
  readonly kind: 'key' | 'value';
  /** What is typed of it so far. */
  readonly typed: string;
  /** The value is in braces or brackets. */
  readonly isFlow: boolean;
}

interface Open {
  readonly indent: number;
  readonly name: string;
}

/** The place at the end of a text; undefined within a comment or a quoted text. */
export function placeAtEnd(text: string): YamlPlace | undefined {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  if (/(^|\s)#/.test(last) || (last.match(/"/g)?.length ?? 0) % 2 === 1) return undefined;
  const open: Open[] = [];
  for (const line of lines) if (!/^\s*(#|$)/.test(line)) readLine(line, open);
  const rest = readLine(last, open);
  return inFlow(
    rest,
    open.map(({ name }) => name),
  );
}

/** Follows a line's items and keys. @returns what is behind the last key, or is to become one. */
function readLine(line: string, open: Open[]): string {
  let indent = 0;
  let rest = line;
  for (;;) {
    const [blanks] = /^ */.exec(rest) ?? [''];
    indent += blanks.length;
    rest = rest.slice(blanks.length);
    const item = /^-( |$)/.exec(rest);
    if (item !== null) {
      close(open, indent, true);
      open.push({ indent, name: '[]' });
      indent += 1;
      rest = rest.slice(1);
      continue;
    }
    close(open, indent, false);
    const [whole, name] = /^([\w.-]+):(?= |$)/.exec(rest) ?? [];
    if (whole === undefined || name === undefined) return rest;
    open.push({ indent, name });
    return rest.slice(whole.length);
  }
}

/** A list may stand as far left as the key that it belongs to. */
function close(open: Open[], indent: number, isItem: boolean): void {
  const isOver = ({ indent: own, name }: Open): boolean =>
    own > indent || (own === indent && !(isItem && name !== '[]'));
  while (open.length > 0 && isOver(open[open.length - 1] ?? { indent: 0, name: '' })) open.pop();
}

/** Follows braces and brackets behind a key. */
function inFlow(text: string, outside: readonly string[]): YamlPlace {
  const path = [...outside];
  /** Of each that is open, how long the path is in it. */
  const open: { readonly isList: boolean; readonly depth: number }[] = [];
  let typed = '';
  for (const sign of text) {
    const inner = open.at(-1);
    if (sign === '{' || sign === '[') {
      if (sign === '[') path.push('[]');
      open.push({ isList: sign === '[', depth: path.length });
      typed = '';
    } else if (sign === '}' || sign === ']') {
      path.length = inner?.depth ?? path.length;
      if (open.pop()?.isList === true) path.pop();
      typed = '';
    } else if (sign === ',' && inner !== undefined) {
      path.length = inner.depth;
      typed = '';
    } else if (sign === ':' && inner?.isList === false && path.length === inner.depth) {
      path.push(typed.trim());
      typed = '';
    } else typed += sign;
  }
  const inner = open.at(-1);
  const isValue =
    inner === undefined
      ? /^\s/.test(text) && path.at(-1) !== '[]'
      : inner.isList || path.length > inner.depth;
  return {
    path,
    kind: isValue ? 'value' : 'key',
    typed: typed.trimStart(),
    isFlow: inner !== undefined,
  };
}
