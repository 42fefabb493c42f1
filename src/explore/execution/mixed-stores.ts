import type { StoreNotes } from '../../machine/memory.js';

/**
 * A model cannot be explored with store buffers: some of its words go through them, and another one, written by a plain
 * store, does not, so that its write would be a barrier that no CPU has.
 */
export class MixedStoresError extends Error {
  override readonly name = 'MixedStoresError';

  /** @param model its name. */
  constructor(model: string, word: string, atOnce: string) {
    super(
      `${model}: with store buffers (tso, arm64) stores to "${word}" are buffered, but "${atOnce}" changes for all CPUs at ` +
        `once, as if a barrier stood before it. Make "${atOnce}" a MemoryWord; or yield its "update" in place of "write", ` +
        'if Linux has an atomic operation there; or explore the model with sequentially consistent memory (sc)',
    );
  }
}

/** @throws MixedStoresError if both kinds of stores were made. */
export function refuseMixture(model: string, { words, atOnce }: StoreNotes): void {
  if (atOnce === undefined || words.size === 0) return;
  const [word] = words;
  throw new MixedStoresError(model, word, atOnce);
}
