import { readPage } from './pages.js';

/**
 * A block of code in a page. Its first word says what it is, and what a test does with it:
 *
 * - `sh`: commands, a line each, which are run.
 * - `console`: commands behind `$ ` with what they print; `…` stands for lines that are left out.
 * - `ts`, `js`: a module, which is run, and compiled strictly. `vm` is the RFC's guest where the block has none of its own.
 * - `yaml`: a scenario, which is run; `of FILE`: keys in the place of those of that scenario.
 * - `output`: what the block before it has printed, `…` as above.
 * - `text`, `mermaid`: no code.
 *
 * `not run: REASON` behind it says why a test cannot.
 */
export interface Block {
  /** Where it stands, as in `README.md:29`. */
  readonly place: string;
  readonly language: string;
  /** What else the line says that it begins with. */
  readonly rest: string;
  readonly text: string;
}

/** What can stand behind ```. */
export const languages = ['sh', 'console', 'ts', 'js', 'yaml', 'output', 'text', 'mermaid'];

const fence = /^( *)```(\S*) *(.*)\n([\s\S]*?)^\1```$/gm;

/** The blocks of a page, in its order. */
export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(fence)].map(({ index, 1: indent, 2: language, 3: rest, 4: code }) => ({
    place: `${page}:${text.slice(0, index).split('\n').length}`,
    language,
    rest,
    text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** Why a block is not run, if it is not. */
export function whyNotRun({ rest }: Block): string | undefined {
  return /^not run: (.+)$/.exec(rest)?.[1];
}

/** A command with what it prints, as a `console` shows it; `undefined`: that is not shown. */
export interface Shown {
  readonly command: string;
  readonly output: string | undefined;
}

export function commandsOf({ language, text }: Block): Shown[] {
  if (language === 'sh')
    return text
      .split('\n')
      .map((line) => ({ command: line.replace(/ +#.*$/, ''), output: undefined }))
      .filter(({ command }) => command !== '');
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((shown) => {
      const end = shown.indexOf('\n');
      return {
        command: shown.slice(0, end).replace(/ +#.*$/, ''),
        output: shown.slice(end + 1) || undefined,
      };
    });
}

/** A command's words, as a shell takes them apart that knows no more than quotes. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
}

/** A module made of a block: `vm` is the RFC's guest where the block has none of its own. */
export function moduleOf({ text }: Block): string {
  const needsGuest = /\bvm\b/.test(text) && !/\bconst vm\b/.test(text);
  const prelude = needsGuest
    ? "import { Guest as RfcGuest } from 'irqlab';\nconst vm = RfcGuest.load('examples/rfc-gen2-8vcpu.yaml');\n"
    : '';
  return `${prelude}${text}\nexport {};\n`;
}

/** The lines of `wanted` are those of `printed`, in this order; between parts that `…` separates others may stand. */
export function findShown(
  printed: string,
  wanted: string,
): { readonly found: string; readonly wanted: string } {
  let from = 0;
  for (const [at, part] of wanted.split('…\n').entries()) {
    const found = printed.indexOf(part, from);
    if (found < 0 || (at === 0 && found !== 0)) return { found: printed.slice(from), wanted: part };
    from = found + part.length;
  }
  return { found: wanted.endsWith('…\n') ? '' : printed.slice(from), wanted: '' };
}
