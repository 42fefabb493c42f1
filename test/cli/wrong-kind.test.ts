import { expect, test } from '@jest/globals';
import { irqlab } from '../support/cli.js';

const scenario = 'examples/cpu-offline.yaml';
const notKnown = /:1:1: expected .*\nNothing says that it is one of these: a recording of irqlab record/;

// Who takes a file for what it is not is told what is taken.
test.each([
  [['import', scenario], notKnown],
  [['explain', 'examples/plugin-echo/plugin.js'], notKnown],
  [['plan', 'offline', '1'], 'Try "irqlab plan offline --help".\n'],
  [['examples', 'rfc-gen2'], 'there is no example rfc-gen2; did you mean "rfc-gen2-8vcpu"?'],
  [['examples', 'cpu-ofline'], 'there is no example cpu-ofline; did you mean "cpu-offline"?'],
  [['litmus', scenario], 'this is no litmus test'],
  [['explore', 'tsconfig.json'], 'tsconfig.json is no file of a race by its name\nSuch a file ends in .ts'],
] as const)('%j', async (args, said) => {
  const { status, out, err } = await irqlab(args);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  if (typeof said === 'string') expect(err).toContain(said);
  else expect(err).toMatch(said);
});

test('import --check takes no archives', async () => {
  const archive = 'examples/slow-vm/recording.tar.gz';
  expect(await irqlab(['import', '--check', archive])).toMatchObject({
    status: 1,
    out: `${archive}: it is an archive; --check takes texts, such as those in it\n`,
  });
});
