import { readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { type JsonHead, jsonText } from '../command/json.js';
import type { Stdio } from '../command/stdio.js';
import { withSchemaComment } from '../command/schema-comment.js';
import { UsageError } from '../command/usage-error.js';
import { didYouMean } from '../scenario/suggest.js';

/** Where the package has them. */
const directory = fileURLToPath(new URL('../../examples/', import.meta.url));
/** Files that print as they are; start/ is what `irqlab init` writes. */
const printed = /^(?!start\/).*\.(yaml|[jt]s|litmus|sh)$/;

/** An example that comes with irqlab. */
export interface Example {
  /** By which it is printed: its path below examples/, of a scenario that needs nothing else without `.yaml`. */
  readonly name: string;
  readonly kind: 'scenario' | 'plug-in' | 'race' | 'litmus' | 'script';
  /** What it says of itself, in a sentence. */
  readonly description: string;
}

/** What `irqlab examples --json` prints. */
export interface ExamplesJson extends JsonHead<'examples'> {
  readonly examples: readonly Example[];
}

export interface ExamplesOptions {
  /** List them as JSON. */
  readonly json?: boolean;
}

/**
 * `irqlab examples`: lists the examples that come with irqlab, or prints one to start from.
 *
 * @throws UsageError if there is none of the name.
 */
export function showExamples(
  name: string | undefined,
  { json = false }: ExamplesOptions,
  stdio: Stdio,
): ExitStatus {
  const files = exampleFiles();
  if (name === undefined) {
    const examples = files.map(exampleOf);
    const width = Math.max(...examples.map((each) => each.name.length));
    if (json) stdio.out(jsonText<ExamplesJson>('examples', { examples }));
    else for (const each of examples) stdio.out(`${each.name.padEnd(width)}  ${each.description}\n`);
    return exitStatus.ok;
  }
  if (json) throw new UsageError('--json is for the list of examples', 'Leave it out, or the name.');
  const text = textOf(fileNamed(name, files));
  stdio.out(text.startsWith('# yaml-language-server:') ? withSchemaComment(text) : text);
  return exitStatus.ok;
}

/** The examples by their names. */
export function exampleNames(): string[] {
  return exampleFiles().map(nameOf);
}

/** Their paths, with slashes; scenarios that need nothing else first. */
function exampleFiles(): string[] {
  const files = readdirSync(directory, { recursive: true })
    .map((file) => String(file).split(sep).join('/'))
    .filter((file) => printed.test(file))
    .sort();
  return [...files.filter(isAlone), ...files.filter((file) => !isAlone(file))];
}

/** @throws UsageError */
function fileNamed(name: string, files: readonly string[]): string {
  const sought = name.replace(/^(\.?.*[\\/])?examples[\\/]/, '').replaceAll('\\', '/');
  const found = files.find((file) => file === sought || nameOf(file) === sought);
  if (found !== undefined) return found;
  const inside = files.filter((file) => file.startsWith(`${sought}/`));
  if (inside.length > 0)
    throw new UsageError(`${name} is several files`, `Name one of them: ${inside.join(', ')}`);
  const names = files.map(nameOf);
  const longer = names.find((known) => known.startsWith(sought));
  const suggestion = longer === undefined ? didYouMean(sought, names) : `; did you mean "${longer}"?`;
  throw new UsageError(`there is no example ${name}${suggestion}`, 'Try "irqlab examples" for a list.');
}

function exampleOf(file: string): Example {
  return { name: nameOf(file), kind: kindOf(file), description: descriptionOf(file) };
}

function isAlone(file: string): boolean {
  return /^[^/]*\.yaml$/.test(file);
}

function nameOf(file: string): string {
  return isAlone(file) ? file.replace(/\.yaml$/, '') : file;
}

function kindOf(file: string): Example['kind'] {
  if (file.endsWith('.yaml')) return 'scenario';
  if (file.endsWith('.litmus')) return 'litmus';
  if (file.endsWith('.sh')) return 'script';
  return file.startsWith('plugin-') ? 'plug-in' : 'race';
}

function textOf(file: string): string {
  return readFileSync(`${directory}${file}`, 'utf8');
}

/** The first sentence of what the file says of itself. */
function descriptionOf(file: string): string {
  const text = textOf(file);
  if (file.endsWith('.litmus')) return `A litmus test: ${text.split('\n', 1)[0]}`;
  if (!file.endsWith('.yaml')) return sentenceOf(headOf(text), /^.*?\.(?=\s|$)/s);
  const { description = '' } = parse(text) as { readonly description?: string };
  return sentenceOf(description, /^.*?[.:](?=\s|$)/s);
}

function sentenceOf(text: string, sentence: RegExp): string {
  return (sentence.exec(text.trim())?.[0] ?? text.trim()).replace(/\s+/g, ' ');
}

/** The paragraph of comment that a program begins with. */
function headOf(text: string): string {
  const [, comment = ''] = /^(?:#!.*\n|\/\/ @ts-check\n)?((?:(?:\/\/|#) .*\n)+)/.exec(text) ?? [];
  return comment.replace(/^(\/\/|#) /gm, '');
}
