import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { InProcessRunner } from '../../src/cli/explore/in-process.js';
import { racesWith } from '../../src/command/races-with.js';
import { runExplore } from '../../src/cli/explore/run.js';
import { runFile } from '../../src/cli/run/run.js';
import type { Plugins } from '../../src/command/plugins.js';
import { runCompare } from '../../src/compare/run.js';
import { Guest } from 'irqlab';
import type { PluginModule } from '../../src/guest/container/contributions.js';
import { languageWith } from '../../src/guest/language.js';
import { parseCommand } from '../../src/steer/command-schema.js';
import { collected } from '../support/cli.js';

const examples = new URL('../../examples/', import.meta.url);
const folders = readdirSync(examples).filter((name) => name.startsWith('plugin-'));

/** A plug-in of the examples, as --plugin loads it. */
async function pluginOf(folder: string): Promise<Plugins> {
  const { default: module } = (await import(`../../examples/${folder}/plugin.js`)) as {
    default: PluginModule;
  };
  const modules = [module];
  return { files: [folder], modules, language: languageWith(modules) };
}

const scenarios = folders.flatMap((folder) =>
  readdirSync(new URL(folder, examples))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [folder, new URL(`${folder}/${name}`, examples).pathname] as const),
);

test('there is one of each kind', () => {
  expect(folders).toEqual([
    'plugin-driver',
    'plugin-echo',
    'plugin-irqdomain',
    'plugin-proc-file',
    'plugin-race',
    'plugin-relid-map',
    'plugin-scenario-action',
  ]);
});

test.each(scenarios)('the scenario of %s holds', async (folder, file) => {
  const { ran, io } = collected();
  const status = await runFile(file, { plugins: await pluginOf(folder) }, io);
  expect({ status, errors: ran.err }).toEqual({ status: 0, errors: '' });
});

test("a plug-in's relid map is compared with irqlab's own", async () => {
  const plugins = await pluginOf('plugin-relid-map');
  const [, file] = scenarios.find(([folder]) => folder === 'plugin-relid-map') ?? ['', ''];
  const { ran, io } = collected();
  expect(await runCompare(file, { vary: 'relid-map', plugins, json: true }, io)).toBe(0);
  const { rows } = JSON.parse(ran.out) as {
    rows: { choice: string; isOwn: boolean; dropped: number; problem?: string }[];
  };
  expect(rows.map(({ choice }) => choice)).toEqual([
    'irqdomain',
    'array',
    'percpu-list',
    'irqdomain-redirect',
    'irqdomain-global',
    'hash',
  ]);
  expect(rows.filter(({ isOwn }) => isOwn)).toMatchObject([{ choice: 'hash', dropped: 0 }]);
  expect(rows.filter(({ problem }) => problem !== undefined)).toEqual([]);
});

test("a top level that needs an irqdomain is told where a plug-in's map has none", async () => {
  const plugins = await pluginOf('plugin-relid-map');
  const [, file] = scenarios.find(([folder]) => folder === 'plugin-relid-map') ?? ['', ''];
  const { ran, io } = collected();
  expect(await runCompare(file, { vary: 'top-level', plugins }, io)).toBe(0);
  expect(ran.out).toContain(
    `percpu-nostat-hidden: ${file}: an IRQ for control messages needs the irqdomain as relid map\n`,
  );
});

describe("a plug-in's race", () => {
  const options = { preemptions: 2, depth: 3, seed: 1, executions: 100 };

  test('stands in the list behind all others', async () => {
    const { ran, io } = collected();
    const runner = new InProcessRunner(1, await racesWith((await pluginOf('plugin-race')).modules));
    expect(await runExplore(undefined, options, io, runner)).toBe(0);
    expect(ran.out).toMatch(/move-vs-close.*shared-count/s);
  });

  test('has the verdicts that it says', async () => {
    const { ran, io } = collected();
    const runner = new InProcessRunner(1, await racesWith((await pluginOf('plugin-race')).modules));
    expect(await runExplore('shared-count', options, io, runner)).toBe(0);
    expect(ran.out).toMatch(/^ok {3}shared-count\/plain .*\nok {3}shared-count\/locked /);
  });
});

test('a program loads scenarios that speak of plug-ins', async () => {
  const { modules } = await pluginOf('plugin-relid-map');
  const [, file] = scenarios.find(([folder]) => folder === 'plugin-relid-map') ?? ['', ''];
  const vm = Guest.load(file, { modules: [...modules] });
  vm.run({ seconds: 1 });
  expect(vm.channel(45).interrupts).toBe(300);
});

test("a plug-in's action can be given to a running guest", async () => {
  const { language } = await pluginOf('plugin-scenario-action');
  const parsed = parseCommand('{flap: 1, often: 2}', language);
  expect('step' in parsed && parsed.step.planned.describe()).toBe('flap 1 2 times');
});

test('the command lines in the comments name files that there are', () => {
  for (const folder of folders) {
    const names = readdirSync(new URL(folder, examples));
    const [source = ''] = names.filter((name) => name.startsWith('plugin.'));
    const commands = readFileSync(new URL(`${folder}/${source}`, examples), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('//   $ irqlab '));
    expect(commands).not.toEqual([]);
    for (const command of commands)
      expect(command).toMatch(new RegExp(`--plugin \\S*${folder}/plugin\\.js$`));
  }
});
