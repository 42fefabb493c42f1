import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadPlugins, noPlugins } from '../../src/command/plugins.js';
import { UsageError } from '../../src/command/usage-error.js';
import { irqlab as run } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('plugins');
const { file } = directory;

/** What is said of a plug-in that cannot be loaded, without the directory. */
async function refusal(path: string): Promise<readonly [string, string | undefined]> {
  try {
    await loadPlugins([path]);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [error.message.replaceAll(directory.path, ''), error.hint?.replaceAll(directory.path, '')];
  }
  return ['loaded', undefined];
}

/** One that adds something: a link in /proc. */
const aModule = moduleText('GuestFile', "{ path: '/proc/mine', node: { kind: 'symlink', target: '/' } }");

/** The text of a module that binds something to one of irqlab's tokens. */
function moduleText(token: string, value: string): string {
  return `{ load({ bind }) { bind(Symbol.for('irqlab.${token}')).toConstantValue(${value}); } }`;
}

test('no files are no plug-ins', async () => {
  expect(await loadPlugins([])).toBe(noPlugins);
});

test.each([
  ['the default export', `export default ${aModule};`, 1],
  ['a list', `export default [${aModule}, ${aModule}];`, 2],
  ['modules', `export const modules = [${aModule}];`, 1],
  ['plugin', `export const plugin = ${aModule};`, 1],
])('a module may be %s', async (what, text, count) => {
  const path = file(`${what.replaceAll(' ', '-')}.mjs`, text);
  const { files, modules } = await loadPlugins([path]);
  expect(files).toEqual([path]);
  expect(modules).toHaveLength(count);
});

describe('what cannot be loaded is told', () => {
  test('a file that is not there', async () => {
    expect(await refusal(join(directory.path, 'none.js'))).toEqual([
      'cannot load plug-in /none.js: there is no such file',
      undefined,
    ]);
  });

  test('a directory', async () => {
    mkdirSync(join(directory.path, 'folder'));
    expect(await refusal(join(directory.path, 'folder'))).toEqual([
      'cannot load plug-in /folder: it is no file',
      undefined,
    ]);
  });

  test('a file without a module', async () => {
    expect(await refusal(file('empty.mjs', 'export const x = 1;'))).toEqual([
      'plug-in /empty.mjs exports no module',
      'Expected an inversify ContainerModule, or a list of them, as default export.',
    ]);
    expect((await refusal(file('number.mjs', 'export default [1];')))[0]).toBe(
      'plug-in /number.mjs exports no module',
    );
  });

  test.each([
    ['v.yaml', 'cpus: 1\n', 'it is no module by its name', 'Expected an ES module, .js, .mjs or .ts, with'],
    ['slip.mjs', 'export default [\n  foo bar\n];\n', "SyntaxError: Unexpected identifier 'bar'", ':2:7'],
    [
      'enum.mjs',
      'throw new SyntaxError("TypeScript enum is not supported in strip-only mode");\n',
      /enum/,
      'Compile it first',
    ],
    ['lacks.mjs', 'import "no-such-package";\n', /Cannot find package/, 'npm install no-such-package'],
  ])('what does not load: %s', async (name, text, problem, hint) => {
    const [message, todo] = await refusal(file(name, text));
    expect(message).toMatch(problem);
    expect(todo).toContain(hint);
  });

  test('one that throws', async () => {
    const [message, hint] = await refusal(file('throws.mjs', '\nthrow new RangeError("too far");'));
    expect(message).toBe('cannot load plug-in /throws.mjs: RangeError: too far');
    expect(hint).toMatch(/throws\.mjs:2:/);
  });
});

describe('the command line', () => {
  const scenario = 'cpus: 1\nprint: [interrupts]\n';

  async function irqlab(...args: string[]) {
    const { status, out, err } = await run(args, scenario);
    return { status, out, err };
  }

  test('wants a file behind --plugin', async () => {
    for (const args of [
      ['run', '-', '--plugin'],
      ['run', '-', '--plugin='],
      ['--plugin', '--', 'run'],
    ]) {
      expect(await irqlab(...args)).toEqual({
        status: 2,
        out: '',
        err: 'irqlab: --plugin needs a file\nExample: irqlab explore --plugin ./my-race.js\n',
      });
    }
  });

  test('refuses plug-ins where they change nothing', async () => {
    const path = file('fine.mjs', `export default ${aModule};`);
    expect(await irqlab('import', '-', '--plugin', path)).toMatchObject({
      status: 2,
      err: 'irqlab: irqlab import takes no plug-ins\n',
    });
    expect(await irqlab('run', '-', `--plugin=${path}`)).toMatchObject({ status: 0, err: '' });
  });

  test('has the commands of plug-ins', async () => {
    const path = file(
      'command.mjs',
      `const token = Symbol.for('irqlab.Command');
const command = {
  configure(command, stdio, finish, plugins) {
    command.argument('<name>').action((name) => {
      stdio.out(\`hello \${name}, \${plugins.files.length} plug-in\\n\`);
      finish(0);
    });
  },
};
export default {
  load({ bind }) {
    bind(token).toConstantValue({ name: 'greet', summary: 'say hello', load: async () => ({ ...command }) });
  },
};`,
    );
    expect(await irqlab('--plugin', path, 'greet', 'irq')).toEqual({
      status: 0,
      out: 'hello irq, 1 plug-in\n',
      err: '',
    });
    expect((await irqlab('--plugin', path, '--help')).out).toMatch(/^ {2}greet +say hello$/m);
  });

  test.each([
    ['a race', 'Race', '{}', 'what is bound to RACE cannot be used: it is not what defineRace makes'],
    ['a driver', 'VmbusDriver', '42', 'what is bound to VMBUS_DRIVER cannot be used: it is 42'],
    [
      'a command',
      'Command',
      '{}',
      'what is bound to COMMAND cannot be used: a command needs name, summary and load',
    ],
    [
      'nothing of irqlab',
      'nobody',
      '{}',
      'it binds nothing that irqlab knows, only Symbol(irqlab.nobody); docs/plugins.md lists the tokens, such as VMBUS_DRIVER, that irqlab exports',
    ],
  ])('checks %s whatever the command needs', async (_what, token, value, message) => {
    const path = file(`${token}.mjs`, `export default ${moduleText(token, value)};`);
    for (const command of ['run', 'replay'])
      expect(await irqlab(command, '-', '--plugin', path)).toEqual({
        status: 2,
        out: '',
        err: `irqlab: plug-in ${path}: ${message}\n`,
      });
  });

  test('says which of two plug-ins came second to what both want, and which one came twice', async () => {
    const first = file('first.mjs', `export default ${aModule};`);
    const second = file('second.mjs', `export default ${aModule};`);
    expect(await irqlab('run', '-', '--plugin', first, '--plugin', second)).toEqual({
      status: 2,
      out: '',
      err: `irqlab: plug-in ${second}: what is bound to GUEST_FILE cannot be used: there is /proc/mine already; choose another path\n`,
    });
    expect(await irqlab('run', '-', '--plugin', first, '--plugin', first)).toEqual({
      status: 2,
      out: '',
      err: `irqlab: plug-in ${first} is given twice\nLeave one of them out.\n`,
    });
  });

  test('says what a plug-in throws once it is used, and where', async () => {
    const driver = `{
  name: 'hv_mine', classIds: ['57164f39-9115-4e78-ab55-382f3bd5422d'],
  *probe() { throw new Error('boom'); },
  *remove() {},
}`;
    const path = file('boom.mjs', `export default ${moduleText('VmbusDriver', driver)};`);
    const ran = await run(
      ['run', '-', '--plugin', path],
      'cpus: 1\ndevices: [{driver: heartbeat, relid: 7}]\n',
    );
    expect(ran).toMatchObject({ status: 2, out: '' });
    expect(ran.err.replaceAll(directory.path, '')).toMatch(
      /^irqlab: plug-in \/boom\.mjs: Error: boom\n {2}at .*boom\.mjs:3:.*\n$/,
    );
  });

  test.each([
    ['an action', 'timeline: [{zapping: 1}]', /unknown key "zapping"/],
    ['a design', 'design: {relidMap: zapping}', /not "zapping"$/m],
    ['an architecture', 'arch: zapping', /not "zapping"$/m],
  ])('hints at --plugin for %s that irqlab does not have', async (_what, line, message) => {
    const hint = "A plug-in's actions, designs and architectures must be loaded with --plugin FILE.\n";
    const { status, err } = await run(['run', '-'], `cpus: 1\n${line}\n`);
    expect(status).toBe(2);
    expect(err).toMatch(message);
    expect(err.endsWith(hint)).toBe(true);
  });

  test('hints at it for a race, and not for what is misspelt', async () => {
    const { status, err } = await run(['explore', 'zapping'], '');
    expect(status).toBe(2);
    expect(err).toMatch(
      /there is no race "zapping"\nRaces: .+\nA plug-in's must be loaded with --plugin FILE\.\n$/,
    );
    expect((await run(['run', '-'], 'cpus: 1\ntimeline: [{oflline: 0}]\n')).err).not.toMatch(/--plugin/);
  });

  test('says which plug-in binds what cannot be used', async () => {
    const path = file(
      'nameless.mjs',
      `export default { load({ bind }) { bind(Symbol.for('irqlab.RelidMap')).toConstantValue(() => {}); } };`,
    );
    expect(await irqlab('run', '-', '--plugin', path)).toEqual({
      status: 2,
      out: '',
      err: `irqlab: plug-in ${path}: something is bound to RELID_MAP without a name; add .whenNamed('a name of yours')\n`,
    });
  });
});
