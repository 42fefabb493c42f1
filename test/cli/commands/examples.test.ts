import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';

const directory = new URL('../../../examples/', import.meta.url);

test('all examples are listed, with what they say of themselves', async () => {
  const { status, out } = await irqlab(['examples']);
  expect(status).toBe(0);
  const names = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  const lines = out.trimEnd().split('\n');
  expect(lines.map((line) => `${line.split(' ')[0]}.yaml`)).toEqual(names);
  for (const line of lines) expect(line).toMatch(/^\S+ {2,}\S.{10,150}$/);
});

test.each([['cpu-offline'], ['cpu-offline.yaml'], ['examples/cpu-offline.yaml']])(
  '%s is printed',
  async (name) => {
    const text = readFileSync(new URL('cpu-offline.yaml', directory), 'utf8').replace(
      '$schema=../schema/',
      '$schema=./node_modules/irqlab/schema/',
    );
    expect(await irqlab(['examples', name])).toMatchObject({ status: 0, out: text, err: '' });
  },
);

test('a name of none is refused', async () => {
  const { status, err } = await irqlab(['examples', 'nothing']);
  expect({ status, err }).toEqual({
    status: 2,
    err: 'irqlab: there is no example nothing\nTry "irqlab examples" for a list.\n',
  });
});
