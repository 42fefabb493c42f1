import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { races } from '../../src/races/index.js';

const models = new URL('../../spin/', import.meta.url);
const files = readdirSync(models).filter((name) => name.endsWith('.pml'));

test('there are models of three races', () => {
  expect(files.sort()).toEqual(['modchan-offline.pml', 'relid-map.pml', 'ring-full-wakeup.pml']);
});

test.each(files)('%s has the variants of its race', (file) => {
  const race = races.find(({ id }) => `${id}.pml` === file);
  const text = readFileSync(new URL(file, models), 'utf8');
  const chain = text.slice(0, text.indexOf('#error'));
  const variants = [...chain.matchAll(/^#(?:el)?if defined\((\w+)\)$/gm)].map(([, name]) => name);
  expect(variants).toEqual(race?.variants.map(({ name }) => name.replaceAll('-', '_')));
});

const tool = new URL('../../tools/spin.js', import.meta.url).pathname;

test('where SPIN is not installed, that is said by name', () => {
  const { status, stderr } = spawnSync(process.execPath, [tool], {
    env: { PATH: '/nowhere' },
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^not installed: spin, gcc \(Debian: apt-get install spin gcc\)\n$/);
});
