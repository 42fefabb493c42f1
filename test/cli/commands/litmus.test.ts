import { expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';

const set = 'test/litmus';

test('tests are run, and their results compared with what their files say', async () => {
  const { status, out, err } = await irqlab([
    'litmus',
    `${set}/x86/SB.litmus`,
    `${set}/aarch64/MP+dmb.ishst+addr.litmus`,
  ]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out.match(/^Observation .*$/gm)).toEqual([
    'Observation SB Sometimes 1 3',
    'Observation MP+dmb.ishst+addr Never 0 3',
  ]);
});

test('what comes out otherwise is said, with status 1', async () => {
  const { status, out } = await irqlab(['litmus', `${set}/aarch64/LB.litmus`]);
  expect(status).toBe(1);
  expect(out).toContain(
    '\nDIFFERS: the file says Sometimes; what stores do before loads in front of them is not looked for',
  );
});

test('another memory is only asked, as JSON', async () => {
  const { status, out } = await irqlab(['litmus', '--memory', 'sc', '--json', `${set}/x86/SB.litmus`]);
  expect(status).toBe(0);
  const { tests } = JSON.parse(out) as { tests: unknown[] };
  expect(tests).toHaveLength(1);
  expect(tests[0]).toMatchObject({
    ...{ file: `${set}/x86/SB.litmus`, memory: 'sc', observation: 'Never', isOk: false, complete: true },
    states: ['0:EAX=0; 1:EAX=1;', '0:EAX=1; 1:EAX=0;', '0:EAX=1; 1:EAX=1;'],
  });
});

test('what cannot be read is refused', async () => {
  expect(await irqlab(['litmus', 'none.litmus'])).toMatchObject({ status: 2, out: '' });
  const { status, err } = await irqlab(['litmus', 'README.md']);
  expect({ status, err }).toEqual({
    status: 2,
    err: 'irqlab: README.md:1:1: this is no litmus test: one begins with an architecture and a name, such as AArch64 MP\n',
  });
});
