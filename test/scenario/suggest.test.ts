import { describe, expect, test } from '@jest/globals';
import { closest, didYouMean } from '../../src/scenario/suggest.js';

describe('suggestions', () => {
  test.each([
    ['hartbeat', 'heartbeat'],
    ['hertbaet', 'heartbeat'],
    ['NETVSC', 'netvsc'],
    ['cpu', 'cpus'],
    ['cpsu', 'cpus'],
  ])('%s → %s', (word, meant) => {
    expect(closest(word, ['cpus', 'netvsc', 'heartbeat', 'kvp'])).toBe(meant);
  });

  test('nothing is close to something else', () => {
    expect(closest('printer', ['cpus', 'netvsc', 'kvp'])).toBeUndefined();
    expect(didYouMean('printer', ['cpus'])).toBe('');
    expect(didYouMean('x', [])).toBe('');
  });
});
