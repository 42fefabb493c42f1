import { describe, expect, test } from '@jest/globals';
import { check, type MemoryModel, violationText } from 'irqlab';
import { doorbell, type DoorbellVariant } from '../../examples/own-race/doorbell.js';

describe('the example of an own race', () => {
  test.each<[DoorbellVariant, MemoryModel, 'found' | 'none']>([
    ['careless', 'sc', 'found'],
    ['careless', 'tso', 'found'],
    ['rechecks', 'sc', 'none'],
    ['rechecks', 'tso', 'found'],
    ['barrier', 'sc', 'none'],
    ['barrier', 'tso', 'none'],
  ])('%s, %s: %s', (variant, memory, verdict) => {
    const report = check(doorbell(variant), { memory });
    expect(report.verdict).toBe(verdict);
    expect(report.complete).toBe(verdict === 'none');
    if (verdict === 'none') {
      expect(report.witnesses).toEqual([{ name: 'the driver slept and was woken', reached: true }]);
    }
  });

  test('shows how the driver falls asleep', () => {
    const [violation] = check(doorbell('rechecks'), { memory: 'tso' }).violations;
    expect(violationText(violation)).toBe(`\
the driver handles the work: the driver sleeps, and there is work
A minimal interleaving:

#  CPU 0                                CPU 1
-  -----------------------------------  -------------------------------------
1  driver: read work = 0 <== decides
2  driver: write asleep = 1 (buffered)
3  driver: read work = 0 <== decides
4                                       doorbell: begins
5                                       doorbell: write work = 1
6                                       doorbell: read asleep = 0 <== decides
7  flush asleep = 1
`);
  });
});
