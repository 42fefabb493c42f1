import { expect, test } from '@jest/globals';
import { affinityWriteReplayer } from '../../../src/conformance/files/affinity-write.js';
import { procIrqTreeReplayer } from '../../../src/conformance/files/proc-irq-tree.js';
import type { CaseResult, Replayer } from '../../../src/conformance/replayer.js';
import { goldenCases } from '../../view/golden.js';

function failures(replayer: Replayer, cases: readonly unknown[]): CaseResult[] {
  return cases.map((recorded) => replayer.replay(recorded)).filter(({ outcome }) => outcome !== 'passed');
}

test('every recorded write to an affinity file', () => {
  const cases = goldenCases('affinity-write');
  expect(cases).toHaveLength(5204);
  expect(failures(affinityWriteReplayer, cases).slice(0, 5)).toEqual([]);
});

test('every recorded file of /proc/irq, /sys/kernel/irq, /proc/stat, /proc/softirqs and the CPUs', () => {
  const cases = goldenCases('proc-irq-tree');
  expect(cases).toHaveLength(984);
  expect(failures(procIrqTreeReplayer, cases).slice(0, 5)).toEqual([]);
});
