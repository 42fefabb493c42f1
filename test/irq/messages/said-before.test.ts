import { expect, test } from '@jest/globals';
import { SaidBefore } from '../../../src/irq/messages/said-before.js';

test('each place is counted for itself', () => {
  const said = new SaidBefore();
  expect([said.isFirst('a'), said.isFirst('a'), said.isFirst('b')]).toEqual([true, false, true]);
});

test('so many times and no more', () => {
  const said = new SaidBefore();
  expect(Array.from({ length: 4 }, () => said.isAmongFirst(3, 'a'))).toEqual([true, true, true, false]);
});
