import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { jsonVersions } from '../../src/command/json.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('json');
const examples = 'examples/';
const recording = `${examples}slow-vm/recording.tar.gz`;

/** What a value is made of: keys, and types of what has none. A list is what its items are, each once. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const shapes = new Map(value.map((item) => [JSON.stringify(shapeOf(item)), shapeOf(item)]));
    return [...shapes.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, shape]) => shape);
  }
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

const commands: Readonly<Record<string, readonly string[]>> = {
  run: ['run', `${examples}cpu-offline.yaml`, '--json'],
  cat: [
    'cat',
    `${examples}cpu-offline.yaml`,
    '/proc/irq/24/smp_affinity',
    '/proc/irq/24',
    '/proc/no',
    '--json',
  ],
  compare: ['compare', `${examples}compare-offline.yaml`, '--vary', 'offline-guard', '--json'],
  diff: ['diff', recording, recording, '--json'],
  explain: ['explain', recording, '--json'],
  import: ['import', recording, '--json'],
  litmus: ['litmus', `${examples}litmus/MP+dmb.ishst+addr.litmus`, '--json'],
  'explore-list': ['explore', '--json'],
  'explore-table': ['explore', 'affinity-vs-offline', '--json'],
  explore: ['explore', 'modchan-offline', '--variant', 'no-wait', '--json'],
};

async function json(name: string): Promise<Record<string, unknown>> {
  return JSON.parse((await irqlab(commands[name])).out) as Record<string, unknown>;
}

/** As it was when the version was last changed: who takes something away gives the format another version. */
const known = JSON.parse(readFileSync(new URL('json-shapes.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, unknown>
>;

test.each(Object.keys(commands))('%s --json says what it is, and has what it had', async (name) => {
  const { format, version, ...value } = await json(name);
  expect({ format, version }).toEqual({
    format: `irqlab-${name}`,
    version: jsonVersions[name as keyof typeof jsonVersions],
  });
  expect(shapeOf(value)).toEqual(known[name]);
});

test('a replay', async () => {
  const trace = join(directory.path, 'lost.json');
  await irqlab(['explore', 'modchan-offline', '--variant', 'no-wait', '--save', trace]);
  const { out } = await irqlab(['replay', trace, '--json']);
  expect(JSON.parse(out)).toMatchObject({
    format: 'irqlab-replay',
    version: 1,
    violation: { kind: 'finally' },
  });
});

test('all formats are on the page about them', () => {
  const page = readFileSync('docs/json.md', 'utf8');
  expect(Object.keys(jsonVersions).filter((name) => !page.includes(`\`irqlab-${name}\``))).toEqual([]);
});
