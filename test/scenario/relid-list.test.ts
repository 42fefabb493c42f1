import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { relidListProblem, relidListText, relidsOfList } from '../../src/scenario/relid-list.js';

test('ranges of relids, in the order in which they are written', () => {
  expect(relidsOfList('16-18,20,3-4')).toEqual([16, 17, 18, 20, 3, 4]);
  expect(relidsOfList([9, 7])).toEqual([9, 7]);
});

test.each([
  ['18-16', 'the range 18-16 goes down: write 16-18'],
  ['0-3', 'relid 0 is not in 1..2047'],
  ['5,2040-2048', 'relid 2048 is not in 1..2047'],
])('%s', (text, problem) => {
  expect(relidListProblem(text)).toBe(problem);
});

test('relids are written as ranges where three or more count up, and read again', () => {
  expect(relidListText([16, 17, 18, 20, 21, 5])).toBe('16-18,20,21,5');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2047 }), { minLength: 1 }), (relids) => {
      const text = relidListText(relids);
      expect(relidListProblem(text)).toBeUndefined();
      expect(relidsOfList(text)).toEqual(relids);
    }),
  );
});
