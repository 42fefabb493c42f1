import { expect, test } from '@jest/globals';
import { runScenario, ScenarioError } from 'irqlab';
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
  expect(() => runScenario('cpus: 2')).toThrow(/ENOENT/);
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
});
