import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { InProcessRunner } from '../../src/cli/explore/in-process.js';
import { runExplore } from '../../src/cli/explore/run.js';
import { runCompare } from '../../src/compare/run.js';
import { collected, irqlab, type Ran } from '../support/cli.js';
import { readPage } from './pages.js';
import { someOf } from '../support/long.js';

interface Row {
  readonly id: string;
  readonly command: string;
  readonly shows: string;
}

const rows: readonly Row[] = readPage('docs/seeds.md')
  .split('\n')
  .filter((line) => /^\| \d{3}-\d+ \|/.test(line))
  .map((line) => {
    const cells = line.split(' | ').map((cell) => cell.replace(/^\| | ?\|$/g, '').trim());
    return {
      id: cells[0],
      command: cells[2].replaceAll('`', ''),
      shows: (cells[3] ?? '').replaceAll('`', ''),
    };
  });

/** How many statements each letter makes. */
const statements = { '000': 5, '001': 12, '002': 11, '003': 4, '004': 24 } as const;

const isRun = ({ command }: Row): boolean => command.startsWith('irqlab ');
const isTest = ({ command }: Row): boolean => command.startsWith('npm test -- ');

test('each statement of the five letters has its row, and a command', () => {
  const ids = Object.entries(statements).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}-${i + 1}`),
  );
  expect(rows.map(({ id }) => id)).toEqual(ids);
  const without = rows.filter((row) => !isRun(row) && !isTest(row)).map(({ id }) => id);
  expect(without).toEqual([]);
});

/** The words of a command line; quotes keep blanks. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

type Run = Pick<Ran, 'status' | 'out' | 'err'>;

/** Several commands with `&&` between them, as a shell runs them. */
async function runAll(commands: string): Promise<Run> {
  const ran = { status: 0, out: '', err: '' };
  for (const command of commands.split(' && ')) {
    const { status, out, err } = await runOf(command);
    Object.assign(ran, { status, out: ran.out + out, err: ran.err + err });
    if (status !== 0) break;
  }
  return ran;
}

/**
 * `irqlab explore` and `compare --time` without their threads, whose programs have yet to be built; all other commands by
 * the command line itself.
 */
async function runOf(command: string): Promise<Run> {
  const [, name, ...args] = wordsOf(command);
  const { ran, io } = collected();
  if (name === 'explore') {
    const [race, variant] = args;
    const limits = { preemptions: 2, depth: 3, seed: 1, executions: 10_000 } as const;
    const options = { ...limits, ...(variant && { variant }) };
    ran.status = await runExplore(race, options, io, new InProcessRunner(1));
    return ran;
  }
  if (name !== 'compare' || !args.includes('--time')) return irqlab([name, ...args]);
  const [file, , vary] = args;
  expect(vary).toBe('relid-map');
  ran.status = await runCompare(file, { vary: 'relid-map', time: true }, io, async () => 1);
  return ran;
}

const runs = new Map<string, Promise<Run>>();

/** A text without what only lays it out: a row shows words of the output beside each other, and `…` for what is between. */
const words = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** The first part of `shows` that the output does not have behind those before it; undefined if it has them all. */
function missingPart(out: string, shows: string): string | undefined {
  let from = 0;
  for (const part of shows.split('…')) {
    const at = words(out).indexOf(words(part).trim(), from);
    if (at < 0) return part;
    from = at + part.trim().length;
  }
  return undefined;
}

test('parts of what a row shows must come in their order', () => {
  const out = 'a   1\n  b 2\nc 3\n';
  expect(missingPart(out, 'a 1 b … c 3')).toBeUndefined();
  expect(missingPart(out, 'c 3 … a 1')).toBe(' a 1');
  expect(missingPart(out, 'a 1 … a 1')).toBe(' a 1');
});

// CI runs them all.
describe.each(someOf(rows.filter(isRun), 4))('$id: $command', ({ command, shows }) => {
  test('succeeds, and prints what the row says', async () => {
    expect(shows).not.toBe('');
    let run = runs.get(command);
    if (run === undefined) {
      run = runAll(command);
      runs.set(command, run);
    }
    const { status, out, err } = await run;
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const missing = missingPart(out, shows);
    expect(missing === undefined ? '' : `${missing} in ${out}`).toBe('');
  });
});

describe.each(rows.filter(isTest))('$id: $command', ({ command }) => {
  test('is a test that there is', () => {
    const [, , , file, option, name] = wordsOf(command);
    expect(option).toBe('-t');
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain(name);
  });
});
