import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { irqlab, type Ran } from '../support/cli.js';
import { isLong } from '../support/long.js';
import {
  type Block,
  blocksOf,
  commandsOf,
  findShown,
  languages,
  moduleOf,
  whyNotRun,
  wordsOf,
} from './blocks.js';
import { pages, readPage, root } from './pages.js';

const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** Takes seconds, or threads: only the long form runs it, with what `npm run build` has made. */
const slow =
  /--sanitize|relid-map|explore (?:merge|modchan-offline$)|dropped|^irqlab test|my-race\.ts|compare /;
/** Takes minutes; test/races and `npm run sanitize` do it. */
const minutes = /--all/;
const cli = fileURLToPath(new URL('dist/cli/cli.js', root));

const modules = fileURLToPath(new URL('build/doc-blocks/', root));
const from = process.cwd();

/** What the last block, or command, has printed; undefined: the long form only runs it. */
let printed: string | undefined;

/** A block as a module in a file, for which `irqlab` is what it is for tests. */
function writeModule(block: Block): string {
  mkdirSync(modules, { recursive: true });
  const path = join(modules, `${block.place.replaceAll(/[^\w]/g, '-')}.${block.language}`);
  writeFileSync(path, moduleOf(block));
  return path;
}

async function runModule(block: Block): Promise<void> {
  printed = '';
  const { log } = console;
  console.log = (...values: readonly unknown[]) => {
    printed += `${values.map(String).join(' ')}\n`;
  };
  try {
    await import(`${pathToFileURL(writeModule(block)).href}?${block.place}`);
  } catch (error) {
    // A comment in the block says what is thrown.
    const { message } = error as Error;
    if (!block.text.includes(message)) throw error;
  } finally {
    console.log = log;
  }
}

async function runCommand(line: string): Promise<void> {
  for (const command of line.split(' && ')) await runSimpleCommand(command);
}

async function runSimpleCommand(command: string): Promise<void> {
  const [, plain, target] = /^(.*?)(?: *> *([\w.-]+))?$/.exec(command) ?? ['', '', ''];
  const [program, ...args] = wordsOf(plain.replace(/^npx /, ''));
  switch (program) {
    case 'irqlab': {
      printed = undefined;
      if (minutes.test(command) || (slow.test(command) && !isLong)) return;
      const { status, out, err } = slow.test(command) ? builtIrqlab(args) : await irqlab(args);
      expect({ command, status, err: status === 0 ? '' : err }).toEqual({ command, status: 0, err: '' });
      printed = args[0] === 'import' && !args.includes('-o') ? out : err + out;
      if (target !== undefined) writeFileSync(target, printed);
      return;
    }
    case 'cat':
      printed = readFileSync(args[0], 'utf8');
      return;
    case 'npm':
      // What CI runs of it is more than once enough.
      expect(['ci', 'test', 'start', ...Object.keys(scripts)]).toContain(
        args[0] === 'run' ? args[1] : args[0],
      );
      return;
    default:
      throw new Error(
        `${command}: no test runs ${program}; say "not run: REASON" behind the block's language`,
      );
  }
}

function builtIrqlab(args: readonly string[]): Pick<Ran, 'status' | 'out' | 'err'> {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  return { status: status ?? -1, out: stdout, err: stderr };
}

async function runScenario({ text, rest }: Block): Promise<void> {
  const base = /^of (\S+)$/.exec(rest)?.[1];
  const source = base === undefined ? text : stringify({ ...parse(readPage(base)), ...parse(text) });
  const { status, err } = await irqlab(['run', '-'], source);
  expect({ status, err }).toEqual({ status: 0, err: '' });
}

async function runBlock(block: Block): Promise<void> {
  switch (block.language) {
    case 'sh':
    case 'console':
      for (const { command, output } of commandsOf(block)) {
        await runCommand(command);
        if (output !== undefined && printed !== undefined) {
          const { found, wanted } = findShown(printed, output);
          expect(found).toBe(wanted);
        }
      }
      return;
    case 'ts':
    case 'js':
      return await runModule(block);
    case 'yaml':
      return await runScenario(block);
    case 'output': {
      if (printed === undefined) return;
      const { found, wanted } = findShown(printed.replace(/\n+$/, '\n'), block.text);
      expect(found).toBe(wanted);
      return;
    }
  }
}

const isTest = ({ text }: Block): boolean => text.includes("from '@jest/globals'");
const isModule = (block: Block): boolean =>
  ['ts', 'js'].includes(block.language) && whyNotRun(block) === undefined;

/** What people fill in has no code. */
const all = pages
  .filter((page) => !page.startsWith('.github/'))
  .map((page) => ({ page, blocks: blocksOf(page) }));

describe.each(all.filter(({ blocks }) => blocks.length > 0))('blocks of $page', ({ blocks }) => {
  /** Where users are: a folder with the examples. What blocks write stays in it. */
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'irqlab-blocks-'));
    symlinkSync(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
    process.chdir(folder);
  });

  afterAll(() => {
    process.chdir(from);
    rmSync(folder, { recursive: true });
  });

  test('say what they are', () => {
    const unknown = blocks.filter(({ language }) => !languages.includes(language));
    expect(unknown.map(({ place, language }) => `${place} ${language}`)).toEqual([]);
  });

  const shown = blocks.filter(
    (block) =>
      !['text', 'mermaid'].includes(block.language) && whyNotRun(block) === undefined && !isTest(block),
  );
  if (shown.length > 0) test.each(shown)('$place, $language', runBlock);
});

// These have tests of their own, which become tests of this file.
for (const block of all.flatMap(({ blocks }) => blocks).filter(isTest)) await import(writeModule(block));

if (isLong)
  test('modules in blocks compile strictly', () => {
    for (const block of all.flatMap(({ blocks }) => blocks).filter(isModule)) writeModule(block);
    const config = join(modules, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }));
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root));
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
