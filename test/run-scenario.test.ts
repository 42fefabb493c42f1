import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { Guest, runScenario, ScenarioError } from 'irqlab';
import { runScenario as runInBrowser } from '../src/browser.js';

const file = 'examples/compare-offline.yaml';

test('runs a scenario file with its timeline, as irqlab run does', () => {
  const { guest, ok, steps, endNs } = runScenario(file);
  expect(ok).toBe(true);
  expect(steps.map(({ action, outcome }) => `${action}: ${outcome}`)).toEqual([
    'offline 3: ok',
    'affinity of relid 18 to CPU 0: ok',
    'offline 3: ok',
    'read /sys/devices/system/cpu/online: ok',
  ]);
  expect(guest.cpu(3).isOnline).toBe(false);
  expect(endNs).toBe(2e9);
});

test('runs a text, which is no path', () => {
  const text = '{cpus: 2, timeline: [{at: 1ms, offline: 1}]}';
  expect(runScenario(text).guest.cpu(1).isOnline).toBe(false);
  expect(runInBrowser(text).ok).toBe(true);
  expect(() => runScenario('\ncpus: none\n')).toThrow(/^scenario:2:7: /);
  expect(runScenario('cpus: 2\n').ok).toBe(true);
  expect(() => runScenario('cpus: 2')).toThrow(
    /^cannot read cpus: 2: there is no such file; a scenario's text of one line wants a line break at its end$/,
  );
  for (const one of [text, 'cpus: 2', 'cpus: 2\n'])
    expect(() => Guest.load(one)).toThrow(
      /^Guest.load\(file\): expected a scenario's file, not its text; runScenario/,
    );
});

test('a file may be a URL', () => {
  const url = pathToFileURL(file);
  expect(runScenario(url, { runNs: 0 }).guest.cpu(3).isOnline).toBe(true);
  expect(Guest.load(url).cpu(3).isOnline).toBe(true);
});

test('a file that cannot be read is told as on the command line', () => {
  for (const read of [runScenario, Guest.load]) {
    expect(() => read('nope.yaml')).toThrow(/^cannot read nope.yaml: there is no such file$/);
    expect(() => read('nope.yaml')).toThrow(
      expect.objectContaining({
        name: 'Error',
        code: 'ENOENT',
        cause: expect.objectContaining({ code: 'ENOENT' }),
      }),
    );
    expect(() => read('')).toThrow(/^cannot read "": there is no such file$/);
    expect(() => read('.')).toThrow(/^cannot read \.: it is a directory$/);
  }
});

test('what is neither file nor text is named', () => {
  const given: readonly [unknown, string][] = [
    [undefined, 'undefined'],
    [3, '3'],
    [{}, 'an Object'],
    [Buffer.from(''), 'a Buffer'],
    [new URL('https://example.org/a.yaml'), 'https://example.org/a.yaml'],
  ];
  for (const [value, named] of given) {
    const wrong = value as string;
    const place = 'runScenario(scenario): expected a path, a file: URL or the text of a scenario';
    expect(() => runScenario(wrong)).toThrow(new TypeError(`${place}, not ${named}`));
    expect(() => Guest.load(wrong)).toThrow(
      new TypeError(`Guest.load(file): expected a scenario's path or its file: URL, not ${named}`),
    );
    expect(() => runInBrowser(wrong)).toThrow(/^runScenario\(text\): expected the text of a scenario, not /);
  }
});

test('ends when it is told to', () => {
  const { guest, steps } = runScenario(file, { runNs: 1_000 });
  expect(steps.map(({ outcome }) => outcome)).not.toContain('ok');
  expect(guest.cpu(3).isOnline).toBe(true);
});

test('says what is no option, and what is wrong with a file', () => {
  // @ts-expect-error: there is no such option.
  expect(() => runScenario(file, { seconds: 1 })).toThrow(/unknown key "seconds"/);
  expect(() => runScenario('test/run-scenario.test.ts')).toThrow(ScenarioError);
  for (const run of [runScenario, runInBrowser]) {
    expect(() => run('cpus: 2\n', 5 as unknown as object)).toThrow(
      new TypeError('options: expected an object such as {runNs: 1_000_000_000, modules: [plugin]}, not 5'),
    );
    expect(() => run('cpus: 2\n', { runNs: -1 })).toThrow(RangeError);
    expect(() => run('cpus: 2\n', { watch: 1 as unknown as () => void })).toThrow(
      /^options.watch: expected a function/,
    );
  }
});
