import { expect, test } from '@jest/globals';
import { readBytes, readText } from '../../src/command/named-file.js';
import type { Stdio } from '../../src/command/stdio.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const scratch = temporaryDirectory('named-file');
const stdio: Stdio = { out: () => {}, err: () => {}, readStdin: () => 'typed' };

test('a file is read whole, standard input is called by what it is', () => {
  const text = 'ä'.repeat(800_000);
  const file = scratch.file('long', text);
  expect(readText(file, stdio)).toEqual({ name: file, text });
  expect(readText('-', stdio)).toEqual({ name: '<stdin>', text: 'typed' });
});

test('what cannot be read says why', () => {
  expect(() => readBytes(`${scratch.path}/none`, stdio)).toThrow('there is no such file');
  expect(() => readBytes(scratch.path, stdio)).toThrow('it is a directory');
});

test('a file without an end is refused, not read for ever', () => {
  expect(() => readBytes('/dev/zero', stdio)).toThrow(
    '/dev/zero is longer than 64 MiB, the most that is read',
  );
});
