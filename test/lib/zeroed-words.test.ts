import { expect, test } from '@jest/globals';
import { CommonMemory, zeroedWords } from '../../src/lib/zeroed-words.js';

test('arrays are zeros that no other array has, however many are asked for', () => {
  const arrays: Uint32Array[] = [];
  for (let i = 1; i <= 600; i++) {
    const words = zeroedWords(1 + (i % 100));
    expect(words).toHaveLength(1 + (i % 100));
    expect(words.every((word) => word === 0)).toBe(true);
    words.fill(i);
    arrays.push(words);
  }
  arrays.forEach((words, i) => {
    expect(words.every((word) => word === i + 1)).toBe(true);
  });
});

test('a large array keeps no others in memory, nor they it', () => {
  expect(zeroedWords(2).buffer).toBeInstanceOf(CommonMemory);
  const large = zeroedWords(100_000);
  expect(large.buffer.byteLength).toBe(400_000);
});
