import { expect, test } from '@jest/globals';
import { interruptsReplayer } from '../../../src/conformance/files/interrupts.js';
import { goldenCases } from '../../view/golden.js';

const cases = goldenCases<{ id: string }>('interrupts');

test.each(cases.map((recorded) => [recorded.id, recorded] as const))('%s', (_, recorded) => {
  expect(interruptsReplayer.replay(recorded)).toEqual({ outcome: 'passed' });
});
