import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { readPage } from './pages.js';

const directory = temporaryDirectory('story');

interface Shown {
  readonly command: string;
  readonly output: string;
}

/** Commands of the page with what they print, both streams as on a terminal. */
const shown = [...readPage('docs/capture.md').matchAll(/```\n(\$ [^`]*)```/g)].flatMap(([, block]): Shown[] =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf('\n');
      return { command: text.slice(0, end), output: text.slice(end + 1) };
    }),
);

/** The parts of an output between lines that are left out must come in this order. */
function expectShown(output: string, wanted: string): void {
  let from = 0;
  for (const [at, part] of wanted.split('…\n').entries()) {
    const found = output.indexOf(part, from);
    expect(found < 0 || (at === 0 && found !== 0) ? output.slice(from) : part).toBe(part);
    from = found + part.length;
  }
  expect(output.slice(from)).toBe('');
}

/** What a command prints whose files of its own are in a directory of its own. */
async function run(command: string): Promise<string> {
  const [program, ...words] = command.split(' ');
  const args = words.map((word) => (/^[\w-]+\.(?:yaml|sh)$/.test(word) ? join(directory.path, word) : word));
  if (program === 'cat') return readFileSync(args[0], 'utf8');
  const { status, out, err } = await irqlab(args);
  expect({ command, status }).toEqual({ command, status: 0 });
  return command.includes(' import ') && !command.includes(' -o ') ? out : err + out;
}

test('the story is what the commands print, in this order', async () => {
  expect(shown.length).toBeGreaterThan(6);
  for (const { command, output } of shown) expectShown(await run(command), output);
});
