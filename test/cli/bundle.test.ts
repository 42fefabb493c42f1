import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { mayLoadUserCode } from '../../src/cli/user-code.js';
import { sourceStack } from '../../src/command/source-stack.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

// The command as the build makes it, one file, beside the modules that it is made of.

const root = new URL('../../', import.meta.url).pathname;
const cli = join(root, 'dist/cli/cli.js');
const bundle = join(root, 'dist/bundle/irqlab.cjs');
const whereBuilt = existsSync(bundle) ? describe : describe.skip;
const directory = temporaryDirectory('bundle');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function node(...args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return { status, stdout, stderr };
}

const bundled = (...args: readonly string[]): Ended => node(cli, ...args);

/**
 * What the command line does, from its modules: one after the other in one process, as they take a second to load.
 * @param isShared code of the user's own may be loaded.
 */
function fromModules(commands: readonly (readonly string[])[], isShared: boolean): Map<string, Ended> {
  const module = (name: string): string => JSON.stringify(join(root, 'dist', name));
  const over = '\0';
  const file = directory.file(
    'start.mjs',
    `${isShared ? `(await import(${module('command/share-packages.js')})).sharePackages();` : ''}
const { start } = await import(${module('cli/start.js')});
for (const args of ${JSON.stringify(commands)}) {
  await start(args);
  process.stdout.write('${over}' + process.exitCode + '${over}');
  process.stderr.write('${over}');
}`,
  );
  const { stdout, stderr } = node(file);
  const [out, err] = [stdout.split(over), stderr.split(over)];
  return new Map(
    commands.map((args, i) => [
      args.join(' '),
      { status: Number(out[2 * i + 1]), stdout: out[2 * i], stderr: err[i] },
    ]),
  );
}

/** Prints what of irqlab and its packages was loaded as a module of its own. */
function modulesLoaded(...args: readonly string[]): readonly string[] {
  const hooks = directory.file(
    'hooks.mjs',
    `import { writeSync } from 'node:fs';
export async function load(url, context, next) { writeSync(2, 'module ' + url + '\\n'); return next(url, context); }`,
  );
  const register = directory.file(
    'register.mjs',
    `import { register } from 'node:module'; register(${JSON.stringify(`file://${hooks}`)});`,
  );
  const { stderr } = node('--import', register, cli, ...args);
  return [...stderr.matchAll(/^module .*\/dist\/(.*)$/gm)].map(([, name]) => name);
}

whereBuilt('the command as one file', () => {
  const commands = [
    ['run', 'examples/cpu-offline.yaml', '--json'],
    ['run', 'examples/arm64-4vcpu.yaml', '--tree'],
    ['run', 'examples/kvm-level-irqfd.yaml', '--dmesg'],
    ['cat', 'examples/two-node-16vcpu.yaml', '/proc/interrupts', '/proc/none'],
    ['explore', 'modchan-offline', '--variant', 'no-wait'],
    ['explore', 'affinity-vs-offline', '--workers', '2'],
    ['--help'],
    ['run', 'no-such.yaml'],
    ['rum', 'x'],
    ['--version'],
    ['-V'],
  ];
  let ended = new Map<string, Ended>();
  beforeAll(() => {
    ended = fromModules(commands, false);
  });

  test.each(commands.map((args) => args.join(' ')))('does what its modules do: %s', (line) => {
    const modules = ended.get(line);
    if (modules === undefined) throw new Error(`${line} was not done`);
    expect(withoutTimes(bundled(...line.split(' ')))).toEqual(withoutTimes(modules));
  });

  test.each([['--version'], ['-V']])('says its version: %s', (option) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(bundled(option)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('refuses a word in IRQLAB_CHECKS that means nothing', () => {
    const { IRQLAB_CHECKS: before } = process.env;
    process.env['IRQLAB_CHECKS'] = 'some';
    try {
      const stderr = 'irqlab: IRQLAB_CHECKS is "some"; expected full, or nothing\n';
      for (const args of [['--help'], ['run', 'examples/cpu-offline.yaml'], ['explore', '--workers', '2']])
        expect(bundled(...args)).toEqual({ status: 2, stdout: '', stderr });
    } finally {
      if (before === undefined) delete process.env['IRQLAB_CHECKS'];
      else process.env['IRQLAB_CHECKS'] = before;
    }
  });

  test('loads nothing of irqlab but itself', () => {
    const loaded = modulesLoaded('run', 'examples/rfc-gen2-8vcpu.yaml');
    expect(loaded).toEqual(['cli/cli.js', 'cli/bundle.js', 'cli/user-code.js', 'cli/explore/race-file.js']);
  });

  test('gives way to its modules where a plug-in may import them', () => {
    const loaded = modulesLoaded(
      'run',
      'examples/plugin-driver/sensor.yaml',
      '--plugin',
      'dist/examples/plugin-driver/plugin.js',
    );
    expect(loaded).toContain('index.js');
    expect(loaded).toContain('guest/guest.js');
    expect(loaded.filter((name) => name.startsWith('bundle/'))).toEqual([]);
  });

  test('names the lines of the source where it fails', () => {
    const lines = readFileSync(bundle, 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes('there is a command '));
    const column = lines[line].indexOf('there is a command ');
    expect(sourceStack(`at x (${bundle}:${line + 1}:${column})`)).toMatch(
      /\/src\/cli\/commands-with\.ts:\d+:\d+\)$/,
    );
  });
});

// What cli.ts does where code of the user's own may be loaded, but in one process.
whereBuilt('plug-ins and races of one’s own', () => {
  const commands: readonly (readonly [string, readonly string[]])[] = [
    [
      'a driver',
      ['run', 'examples/plugin-driver/sensor.yaml', '--plugin', 'dist/examples/plugin-driver/plugin.js'],
    ],
    ['a race', ['explore', 'shared-count', '--plugin', 'examples/plugin-race/plugin.js']],
    [
      'a file of /proc',
      [
        'cat',
        'examples/rfc-gen2-8vcpu.yaml',
        '/proc/interrupts',
        '--plugin',
        'examples/plugin-proc-file/plugin.js',
      ],
    ],
    ['an own race in TypeScript', ['explore', 'examples/own-race/race.ts', 'irqdomain']],
    ['an own race in threads', ['explore', 'examples/own-race/race.js', 'irqdomain', '--workers', '2']],
  ];
  let failing: readonly string[] = [];
  let ended = new Map<string, Ended>();
  beforeAll(() => {
    const guest = directory.file('guest.yaml', 'cpus: 1\n');
    const plugin = directory.file(
      'plugin.mjs',
      `import { ContainerModule } from 'inversify';
import { ErrnoError, Guest, SCENARIO_ACTION } from 'irqlab';
const guest = Guest.create({ cpus: 1 });
try { guest.cpu(0).offline(); } catch (error) {
  console.log(error instanceof ErrnoError ? 'the same class' : 'another class');
}
export default new ContainerModule(({ bind }) => {
  bind(SCENARIO_ACTION).toDynamicValue(() => { throw new Error('as bound'); });
});
`,
    );
    failing = ['run', guest, '--plugin', plugin];
    ended = fromModules([...commands.map(([, args]) => args), failing], true);
  });

  test.each(commands)('%s', (_, args) => {
    expect(mayLoadUserCode(args)).toBe(true);
    const { status, stdout, stderr } = ended.get(args.join(' ')) ?? {};
    expect(stderr).toBe('');
    expect(stdout).not.toBe('');
    expect([0, 1]).toContain(status);
  });

  test('an error of irqlab is one to a plug-in, wherever the plug-in lies', () => {
    expect(mayLoadUserCode(failing)).toBe(true);
    const { status, stdout, stderr } = ended.get(failing.join(' ')) ?? {};
    expect(stdout).toBe('the same class\n');
    expect(stderr).toContain('as bound');
    expect(status).toBe(2);
  });
});

function withoutTimes({ status, stdout, stderr }: Ended): Ended {
  const plain = (text: string) => text.replace(/[\d.,]+( ?)(ns|µs|ms|s|seconds)\b/g, 'TIME');
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}
