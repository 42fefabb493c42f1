import { expect, test } from '@jest/globals';
import { irqlab } from '../support/cli.js';

const scenario = 'examples/cpu-offline.yaml';

// Options that cannot mean anything together are refused, and nothing is done: silence would be taken for an answer.
test.each([
  [['run', scenario, '--events', 'irq'], '--events: no trace is written; add --trace FILE'],
  [['run', scenario, '--from', '1s', '--to', '2s'], '--from, --to: no trace is written; add --trace FILE'],
  [
    ['run', scenario, '--trace', '-', '--trace-format', 'ftrace'],
    '--trace -: a trace is written to a file, since standard output has what the command prints',
  ],
  [
    ['explore', 'modchan-offline', 'no-wait', '--trace', '-'],
    '--trace -: a trace is written to a file, since standard output has what the command prints',
  ],
  [['run', scenario, '--trace-format', 'dat'], '--trace-format: no trace is written; add --trace FILE'],
  [['run', scenario, '--trace-buffer', '64'], '--trace-buffer: no trace is written; add --trace FILE'],
  [
    ['run', scenario, '--trace', 'no-such-directory/x.txt', '--from', '2s', '--to', '1s'],
    '--to 1s is before --from 2s: no event would be written',
  ],
  [['explore', '--variant', 'no-wait'], '--variant: name a race to search'],
  [['explore', 'modchan-offline', '--save', 'no-such-directory/x'], '--save: a table searches each variant'],
  [['explore', 'modchan-offline', '--all'], '--all'],
  [['run', scenario, '--seconds', '1', '--seconds=2'], '--seconds is given twice; leave out one of the two'],
  [['cat', scenario, '--at', '1s', '--at', '1s', '/proc/stat'], '--at is given twice'],
  [['compare', scenario, '--vary', 'relid-map', '--vary', 'top-level'], '--vary is given twice'],
  [['conformance', 'test/golden', '--only', 'hotplug', '--only', 'interrupts'], '--only is given twice'],
  [['explore', 'merge', 'a.json', '--save', 'b', '--save', 'c'], '--save is given twice'],
  [['mount', scenario, '/mnt', '--speed', '1', '--speed', '2'], '--speed is given twice'],
  [['shell', scenario, '--socket', 'a', '--socket', 'b', '--', 'true'], '--socket is given twice'],
  [['import', '--lsvmbus', 'a', '--lsvmbus', 'b', '/proc/interrupts'], '--lsvmbus is given twice'],
  [['import', '-', '--lsvmbus', '-'], 'standard input (-) is given twice'],
  [['import', '--check', '-', '-'], 'standard input (-) is given twice'],
  [['import', '--check', '-o', 'no-such-directory/x', '/proc/interrupts'], '--check writes no scenario'],
] as const)('%j is refused', async (args, said) => {
  const { status, out, err } = await irqlab(args);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain(`irqlab: ${said}`);
});
