import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('run-trace');

test.each([
  ['channel-affinity', ['--to', '10ms'], /^$/, /vmbus_send_modifychannel/],
  [
    'channel-affinity',
    ['--from', '3s', '--seconds', '1'],
    /^irqlab: \S+ has no event: the run was over after 1 s, before --from 3 s\n$/,
    /\n#( {2,}\|[ |]*)\n$/,
  ],
  [
    'rfc-gen2-8vcpu',
    ['--trace-buffer', '1', '--seconds', '1'],
    /^irqlab: \S+ has the latest events only: \d+ were overwritten/,
    /entries-written: \d+\//,
  ],
])('what is said of a trace of %s with %j', async (name, options, said, written) => {
  const file = join(directory.path, 'run.txt');
  const { status, err } = await irqlab(['run', `examples/${name}.yaml`, '--trace', file, ...options]);
  expect(status).toBe(0);
  expect(err).toMatch(said);
  expect(readFileSync(file, 'utf8')).toMatch(written);
});
