import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import { defectText } from '../../src/command/defect.js';
import { sourceStack } from '../../src/command/source-stack.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const { file } = temporaryDirectory('source-stack');

let source = '';
let built = '';
let column = 0;

beforeAll(() => {
  source = file(
    'thrower.ts',
    'export const first = 1;\nexport const thrower = () => {\n  throw new Error();\n};\n',
  );
  built = source.replace('.ts', '.cjs');
  buildSync({ entryPoints: [source], outfile: built, sourcemap: 'external', minify: true });
  column = readFileSync(built, 'utf8').split('\n')[0].indexOf('throw ') + 1;
});

test.each(['path', 'URL'])('a place in a built file is shown as one in its source, named by %s', (kind) => {
  const name = kind === 'path' ? built : pathToFileURL(built).href;
  const stack = `Error: ${name} has failed\n    at thrower (${name}:1:${column})\n    at ${name}:1:${column}`;
  expect(sourceStack(stack)).toBe(
    `Error: ${name} has failed\n    at thrower (${source}:3:3)\n    at ${source}:3:3`,
  );
});

test('a place stays as it is where no source map says more', () => {
  const stack =
    'Error\n    at f (/nowhere/a.js:1:2)\n    at node:internal/modules:3:4\n    at eval (<anonymous>)';
  expect(sourceStack(stack)).toBe(stack);
  const beyond = `Error\n    at f (${built}.js:1:2)`;
  expect(sourceStack(beyond)).toBe(beyond);
});

test('a defect is told with places in the source', () => {
  const error = Object.assign(new Error('x'), { stack: `Error: x\n    at thrower (${built}:1:${column})` });
  expect(defectText(error)).toContain(`at thrower (${source}:3:3)`);
});
