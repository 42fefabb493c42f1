import { expect, test } from '@jest/globals';
import { runScenarioFile, ScenarioError } from 'irqlab';

const file = 'examples/compare-offline.yaml';

test('runs a scenario file with its timeline, as irqlab run does', () => {
  const { guest, ok, steps, endNs } = runScenarioFile(file);
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

test('ends when it is told to', () => {
  const { guest, steps } = runScenarioFile(file, { runNs: 1_000 });
  expect(steps.map(({ outcome }) => outcome)).not.toContain('ok');
  expect(guest.cpu(3).isOnline).toBe(true);
});

test('says what is no option, and what is wrong with a file', () => {
  // @ts-expect-error: there is no such option.
  expect(() => runScenarioFile(file, { seconds: 1 })).toThrow(/unknown key "seconds"/);
  expect(() => runScenarioFile('test/run-scenario-file.test.ts')).toThrow(ScenarioError);
});
