import { afterEach, describe, expect, test } from '@jest/globals';
import { Lock } from '../../src/machine/lock.js';
import { memoryBarrier, MemoryWord, runWithStoreBuffer, StoreBuffer } from '../../src/machine/memory.js';
import { inFunction, labelSteps, type Procedure, runAtomic, SharedWord } from '../../src/machine/step.js';

afterEach(() => runWithStoreBuffer(undefined));

describe('a word without store buffers', () => {
  test('changes for all at once', () => {
    const word = new MemoryWord('x', 3);
    word.store(4);
    expect([word.load(), word.value]).toEqual([4, 4]);
    expect(word.exchange(6)).toBe(4);
    expect(word.add(-2)).toBe(4);
    expect(word.compareExchange(5, 9)).toBe(4);
    expect(word.value).toBe(4);
    expect(word.compareExchange(4, 9)).toBe(4);
    expect(word.value).toBe(9);
  });
});

describe('a store buffer', () => {
  test('hides stores from others until they reach memory, oldest first; the own CPU sees the youngest', () => {
    const buffer = new StoreBuffer();
    const x = new MemoryWord('x');
    const y = new MemoryWord('y');
    runWithStoreBuffer(buffer);
    x.store(1);
    y.store(2);
    x.store(3);
    expect([x.load(), y.load(), x.value, y.value]).toEqual([3, 2, 0, 0]);
    expect(buffer.size).toBe(3);
    expect([buffer.oldest, buffer.oldestValue(x)]).toEqual([x, 1]);
    buffer.commit(buffer.oldest);
    expect([x.load(), x.value, y.value]).toEqual([3, 1, 0]);
    buffer.commit(buffer.oldest);
    buffer.commit(buffer.oldest);
    expect([x.value, y.value, buffer.size]).toEqual([3, 2, 0]);
    expect([buffer.stores, buffer.commits]).toEqual([3, 3]);
    expect(() => buffer.commit(buffer.oldest)).toThrow('the store buffer is empty');
    x.store(5);
    runWithStoreBuffer(undefined);
    expect(x.load()).toBe(3);
    buffer.clear();
    expect([buffer.size, buffer.stores]).toEqual([0, 0]);
  });

  test('must be empty for an atomic operation', () => {
    runWithStoreBuffer(new StoreBuffer());
    const x = new MemoryWord('x');
    expect(x.exchange(1)).toBe(0);
    x.store(2);
    expect(() => x.add(1)).toThrow('an atomic operation with stores still buffered: word=x');
  });

  test('delays the unlocking of a lock', () => {
    const buffer = new StoreBuffer();
    runWithStoreBuffer(buffer);
    const lock = new Lock('lock');
    runAtomic(lock.lock());
    runAtomic(lock.unlock());
    expect(lock.isHeld).toBe(true);
    buffer.commit(buffer.oldest);
    expect(lock.isHeld).toBe(false);
  });
});

describe('what a step waits for', () => {
  test('reading, storing and unlocking do not wait for earlier stores; all else does', () => {
    const word = new MemoryWord('x');
    const plain = new SharedWord('p');
    const steps = [word.read, word.write, word.update, plain.read, plain.write, plain.update, memoryBarrier];
    expect(steps.map((step) => step.object.drains(step))).toEqual([
      false,
      false,
      true,
      false,
      true,
      true,
      true,
    ]);
    expect(steps.map((step) => step.object.buffers(step))).toEqual([
      false,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    const [acquire] = new Lock('a').lock();
    const lock = new Lock('b');
    runAtomic(lock.lock());
    const release = lock.unlock().next().value;
    expect([acquire, release].map((step) => step?.object.drains(step))).toEqual([true, false]);
    expect(release?.object.buffers(release)).toBe(true);
    expect(memoryBarrier.object.blocks(memoryBarrier)).toBe(false);
  });

  test('a spin loop blocks until it finds what it looks for', () => {
    const word = new MemoryWord('x');
    const step = word.readUntil((value) => value === 2);
    expect(word.blocks(step)).toBe(true);
    expect(word.blocks(word.read)).toBe(false);
    word.store(2);
    expect(word.blocks(step)).toBe(false);
  });
});

describe('inFunction', () => {
  function* inner(): Procedure<number> {
    yield memoryBarrier;
    return 7;
  }
  function* outer(): Procedure<number> {
    yield new SharedWord('x').read;
    return yield* inFunction('inner', inner());
  }

  afterEach(() => labelSteps(false));

  test('names the innermost function, and only for traces', () => {
    const labels = (): (string | undefined)[] => [...inFunction('outer', outer())].map(({ label }) => label);
    expect(labels()).toEqual([undefined, undefined]);
    labelSteps(true);
    expect(labels()).toEqual(['outer', 'inner']);
    expect(runAtomic(inFunction('outer', outer()))).toBe(7);
  });
});
