import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { InProcessRunner } from '../../src/cli/explore/in-process.js';
import { runExplore } from '../../src/cli/explore/run.js';
import type { Stdio } from '../../src/command/stdio.js';
import { irqlab, type Ran } from '../support/cli.js';
import { readPage } from './pages.js';

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

/** `irqlab explore` without threads, whose program has yet to be built; all other commands by the command line itself. */
async function runOf(command: string): Promise<Pick<Ran, 'status' | 'out' | 'err'>> {
  const [, name, ...args] = wordsOf(command);
  if (name !== 'explore') return irqlab([name, ...args]);
  const [race, variant] = args;
  const ran = { status: -1, out: '', err: '' };
  const io: Stdio = {
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    readStdin: () => '',
  };
  const limits = { preemptions: 2, depth: 3, seed: 1, executions: 10_000 } as const;
  ran.status = await runExplore(race, { ...limits, ...(variant && { variant }) }, io, new InProcessRunner(1));
  return ran;
}

const runs = new Map<string, ReturnType<typeof runOf>>();

describe.each(rows.filter(isRun))('$id: $command', ({ command, shows }) => {
  test('succeeds, and prints what the row says', async () => {
    expect(shows).not.toBe('');
    let run = runs.get(command);
    if (run === undefined) {
      run = runOf(command);
      runs.set(command, run);
    }
    const { status, out, err } = await run;
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain(shows);
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
