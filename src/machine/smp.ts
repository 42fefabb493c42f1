import { type MemoryWord, memoryBarrier, readBarrier, writeBarrier } from './memory.js';
import type { Order, Procedure, View } from './step.js';

// The kernel's words for memory that several CPUs share (Documentation/memory-barriers.txt, atomic_t.txt), each a procedure
// of its own step: `yield* WRITE_ONCE(flag, 1)`. They are right under each memory of an explorer; arm64's orders are those of
// arch/arm64/include/asm/{barrier,atomic*,cmpxchg}.h of 6.12. Values are numbers; as of MemoryWord nothing wraps.

/**
 * READ_ONCE: a load that only its address orders.
 *
 * @param after what its address depends on, as viewOfLoad() said behind that load. Default: nothing.
 */
export function* READ_ONCE(word: MemoryWord, after?: View): Procedure<number> {
  yield after === undefined ? word.read : word.stepOf('read', undefined, after);
  return word.load();
}

/** WRITE_ONCE: a store that nothing orders but others to the same word. */
export function* WRITE_ONCE(word: MemoryWord, value: number): Procedure<void> {
  yield word.write;
  word.store(value);
}

/** smp_load_acquire: no load or store behind it comes before it. */
export function* smp_load_acquire(word: MemoryWord): Procedure<number> {
  yield word.readAcquire;
  return word.load();
}

/** smp_store_release: it comes behind all loads and stores before it. */
export function* smp_store_release(word: MemoryWord, value: number): Procedure<void> {
  yield word.writeRelease;
  word.store(value);
}

/** smp_store_mb: a store, and a full barrier behind it. */
export function* smp_store_mb(word: MemoryWord, value: number): Procedure<void> {
  yield* WRITE_ONCE(word, value);
  yield memoryBarrier;
}

/**
 * smp_cond_load_acquire: loads again and again until `found` holds of what was loaded, and waits without steps meanwhile.
 *
 * @returns the value that it holds of.
 */
export function* smp_cond_load_acquire(
  word: MemoryWord,
  found: (value: number) => boolean,
): Procedure<number> {
  yield word.readUntil(found, 'acquire');
  return word.load();
}

/** smp_mb: all loads and stores before it come before all behind it. */
export function* smp_mb(): Procedure<void> {
  yield memoryBarrier;
}

/** smp_rmb: loads before it come before loads behind it. */
export function* smp_rmb(): Procedure<void> {
  yield readBarrier;
}

/** smp_wmb: stores before it come before stores behind it. */
export function* smp_wmb(): Procedure<void> {
  yield writeBarrier;
}

/** Stores a value and gives the one that was there. */
export type Exchange = (word: MemoryWord, value: number) => Procedure<number>;

function exchanging(order?: Order): Exchange {
  return function* (word, value) {
    yield word.stepOf('update', order);
    return word.exchange(value);
  };
}

/** xchg: stores `value` and returns what was there; a full barrier. */
export const xchg: Exchange = exchanging();
/** xchg_relaxed: without order. */
export const xchg_relaxed: Exchange = exchanging('relaxed');
/** xchg_acquire: its load is an acquire. */
export const xchg_acquire: Exchange = exchanging('acquire');
/** xchg_release: its store is a release. */
export const xchg_release: Exchange = exchanging('release');

/** Stores a value if the expected one is there, and gives the one that was there. */
export type CompareExchange = (word: MemoryWord, expected: number, value: number) => Procedure<number>;

function comparing(order?: Order): CompareExchange {
  return function* (word, expected, value) {
    yield word.stepOf('update', order);
    return word.compareExchange(expected, value);
  };
}

/** cmpxchg: stores `value` if `expected` is there, and returns what was there; a full barrier if it stores. */
export const cmpxchg: CompareExchange = comparing();
/** cmpxchg_relaxed: without order. */
export const cmpxchg_relaxed: CompareExchange = comparing('relaxed');
/** cmpxchg_acquire: its load is an acquire. */
export const cmpxchg_acquire: CompareExchange = comparing('acquire');
/** cmpxchg_release: its store is a release. */
export const cmpxchg_release: CompareExchange = comparing('release');

/** Adds to a word and gives its new value. */
export type Add = (amount: number, word: MemoryWord) => Procedure<number>;

function adding(order?: Order): Add {
  return function* (amount, word) {
    yield word.stepOf('update', order);
    return word.add(amount);
  };
}

/** atomic_add_return: returns the new value; a full barrier. */
export const atomic_add_return: Add = adding();
/** atomic_add_return_relaxed: without order. */
export const atomic_add_return_relaxed: Add = adding('relaxed');
/** atomic_add_return_acquire: its load is an acquire. */
export const atomic_add_return_acquire: Add = adding('acquire');
/** atomic_add_return_release: its store is a release. */
export const atomic_add_return_release: Add = adding('release');

/** atomic_add: returns nothing, and orders nothing on arm64; on x86 it is a locked instruction. */
export function* atomic_add(amount: number, word: MemoryWord): Procedure<void> {
  yield word.stepOf('update', 'noReturn');
  word.add(amount);
}
