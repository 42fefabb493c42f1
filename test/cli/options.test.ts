import { expect, test } from '@jest/globals';
import { irqlab } from '../support/cli.js';

const scenario = 'examples/cpu-offline.yaml';

// Options that cannot mean anything together are refused, and nothing is done: silence would be taken for an answer.
test.each([
  [['run', scenario, '--events', 'irq'], '--events: no trace is written; add --trace FILE'],
  [['run', scenario, '--from', '1s', '--to', '2s'], '--from, --to: no trace is written; add --trace FILE'],
  [['run', scenario, '--trace-format', 'dat'], '--trace-format: no trace is written; add --trace FILE'],
  [['run', scenario, '--trace-buffer', '64'], '--trace-buffer: no trace is written; add --trace FILE'],
  [
    ['run', scenario, '--trace', 'no-such-directory/x.txt', '--from', '2s', '--to', '1s'],
    '--to 1s is before --from 2s: no event would be written',
  ],
  [['explore', '--variant', 'no-wait'], '--variant: name a race to search'],
  [['explore', 'modchan-offline', '--save', 'no-such-directory/x'], '--save: a table searches each variant'],
  [['explore', 'modchan-offline', '--all'], '--all'],
  [['import', '--check', '-o', 'no-such-directory/x', '/proc/interrupts'], '--check writes no scenario'],
] as const)('%j is refused', async (args, said) => {
  const { status, out, err } = await irqlab(args);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain(`irqlab: ${said}`);
});
