import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const directory = temporaryDirectory('init');

/** Runs `irqlab init` for a file in the directory. */
async function init(kind: string, name: string) {
  const path = join(directory.path, name);
  return { path, ...(await irqlab(['init', kind, path])) };
}

/** What it says is to be done next, as arguments of irqlab. */
function nextOf(out: string): string[][] {
  const commands = out.trim().split('\n').slice(1);
  return commands.map((command) => command.trim().split(' ').slice(1));
}

// Races are of own-race.test.ts. `npm run package` does all that is said to be next, with the packed package.
describe('irqlab init writes what works:', () => {
  test('scenario', async () => {
    const { status, out, err } = await init('scenario', 'guest.yaml');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const [run] = nextOf(out);
    expect(await irqlab(run)).toMatchObject({ status: 0, err: '' });
  });

  test.each([
    ['driver', 'driver.mjs'],
    ['design', 'design.mjs'],
  ])('%s, with a scenario, by the names that they have', async (kind, name) => {
    const { path, status, out, err } = await init(kind, name);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const scenario = path.replace('.mjs', '.yaml');
    expect(out).toContain(`; ${scenario} goes with it. Next:\n  irqlab run ${scenario} --plugin ${path}\n`);
    expect(readFileSync(path, 'utf8')).toContain(`//   $ irqlab run ${scenario} --plugin ${path}\n`);
    expect(existsSync(scenario)).toBe(true);
  });

  test('jest: a package.json, unless there is one', async () => {
    const { status, out } = await init('jest', 'guest.test.js');
    expect(status).toBe(0);
    expect(nextOf(out)).toHaveLength(2);
    const { scripts, devDependencies } = JSON.parse(
      readFileSync(join(directory.path, 'package.json'), 'utf8'),
    );
    expect(scripts.test).toContain('jest');
    // irqlab is on no registry; the one that wrote the test is where its package.json is.
    const at = devDependencies.irqlab.replace(/^file:/, '');
    expect(JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')).name).toBe('irqlab');
    const { out: second } = await init('jest', 'other.test.js');
    expect(second).toMatch(
      new RegExp(
        `other\\.test\\.js has a test of a guest\\. Next:\n  npm install --save-dev jest "file:${at}"\n`,
      ),
    );
  });
});

test('the schema of a scenario is named for editors', async () => {
  const { path } = await init('scenario', 'edited.yaml');
  const [, schema] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(path, 'utf8')) ?? [];
  expect(existsSync(join(directory.path, schema))).toBe(true);
});

test('nothing is overwritten, and nothing written if a part of it is there', async () => {
  directory.file('half.yaml', 'mine');
  const { path, status, err } = await init('driver', 'half.mjs');
  expect({ status, err }).toEqual({
    status: 2,
    err: `irqlab: ${path.replace('.mjs', '.yaml')} is there already\nName another file.\n`,
  });
  expect(existsSync(path)).toBe(false);
});

test.each([
  ['scenario', 'x.json', 'is no scenario by its name\nName it .yaml.\n'],
  ['driver', 'x.ts', 'is no module by its name\nName it .js or .mjs.\n'],
  ['jest', 'x.js', 'is no module by its name\nName it .test.js or .test.mjs.\n'],
])('%s %s is refused', async (kind, name, message) => {
  const { path, status, err } = await init(kind, name);
  expect({ status, err }).toEqual({ status: 2, err: `irqlab: ${path} ${message}` });
});
