import { describe, expect, test } from '@jest/globals';
import { AssertionError, assert, unreachable } from '../../src/lib/assert.js';

describe('assert', () => {
  test('what holds passes', () => {
    expect(() => assert(1, 'never told', { value: 1 })).not.toThrow();
  });

  test('what does not hold is told with its values', () => {
    expect(() => assert(0, 'not zero')).toThrow(new AssertionError('not zero'));
    expect(() => assert(undefined, 'lock taken twice', { lock: 'mutex', depth: 2, by: null })).toThrow(
      new AssertionError('lock taken twice: lock=mutex depth=2 by=null'),
    );
  });

  test('a forgotten case is told with its value', () => {
    expect(() => unreachable('odd' as never)).toThrow(new AssertionError('unreachable: odd'));
  });
});
