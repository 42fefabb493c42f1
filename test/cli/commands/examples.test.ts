import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';

const directory = new URL('../../../examples/', import.meta.url);

test('all examples are listed, with what they say of themselves', async () => {
  const { status, out } = await irqlab(['examples']);
  expect(status).toBe(0);
  const scenarios = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  const lines = out.trimEnd().split('\n');
  const names = lines.map((line) => line.split(' ')[0]);
  expect(names.filter((name) => !/[./]/.test(name)).map((name) => `${name}.yaml`)).toEqual(scenarios);
  const programs = ['move-channels.sh', 'own-race/race.ts', 'plugin-echo/echo.yaml', 'plugin-echo/plugin.js'];
  expect(names).toEqual(expect.arrayContaining(programs));
  expect(names.filter((name) => name.startsWith('start/'))).toEqual([]);
  for (const line of lines) expect(line).toMatch(/^\S+ {2,}\S.{10,190}$/);
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

test.each(['plugin-echo/plugin.js', 'examples/plugin-echo/echo.yaml', './examples/own-race/race.ts'])(
  '%s is printed as it is',
  async (name) => {
    const text = readFileSync(new URL(name.replace(/.*examples\//, ''), directory), 'utf8');
    expect(await irqlab(['examples', name])).toMatchObject({ status: 0, out: text, err: '' });
  },
);

test('of several files one has to be named', async () => {
  const { status, err } = await irqlab(['examples', 'plugin-echo']);
  expect({ status, err }).toEqual({
    status: 2,
    err: 'irqlab: plugin-echo is several files\nName one of them: plugin-echo/echo.yaml, plugin-echo/plugin.js\n',
  });
});

test('--json is for the list', async () => {
  expect(await irqlab(['examples', 'cpu-offline', '--json'])).toMatchObject({ status: 2, out: '' });
});

test('a name of none is refused', async () => {
  const { status, err } = await irqlab(['examples', 'nothing']);
  expect({ status, err }).toEqual({
    status: 2,
    err: 'irqlab: there is no example nothing\nTry "irqlab examples" for a list.\n',
  });
});
