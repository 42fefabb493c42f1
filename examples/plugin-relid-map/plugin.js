// @ts-check
// A relid map of one's own: events find their channel in a hash table with chained buckets. It has the name `hash`, by
// which a scenario chooses it and `irqlab compare` lists it beside irqlab's own maps.
//
//   $ irqlab run examples/plugin-relid-map/hash.yaml --plugin examples/plugin-relid-map/plugin.js
//   $ irqlab compare examples/plugin-relid-map/hash.yaml --vary relid-map --plugin examples/plugin-relid-map/plugin.js
import { ContainerModule } from 'inversify';
import { inFunction, MemoryWord, PlainRelidMap, RELID_MAP } from 'irqlab';

const BUCKETS = 16;

/** What is not about finding a channel, PlainRelidMap has: counting events without one, lifetimes, cpu files. */
export class HashRelidMap extends PlainRelidMap {
  /** Channels by bucket, and the word by which other CPUs see the bucket's chain change. */
  buckets = Array.from({ length: BUCKETS }, (_, i) => ({
    /** @type {import('irqlab').VmbusChannel[]} */
    chain: [],
    head: new MemoryWord(`bucket[${i}]`),
  }));

  /** From now on events find the channel. @param {import('irqlab').VmbusChannel} channel */
  *map(channel) {
    const { chain, head } = this.bucket(channel.relid);
    yield* inFunction('hash_add', change(head));
    chain.push(channel);
    head.store(chain.length);
    return true;
  }

  /** Events do not find it any more. @param {import('irqlab').VmbusChannel} channel */
  *unmap(channel) {
    const { chain, head } = this.bucket(channel.relid);
    yield* inFunction('hash_del', change(head));
    chain.splice(chain.indexOf(channel), 1);
    head.store(chain.length);
  }

  /** @param {number} relid */
  relid2channel(relid) {
    return this.bucket(relid).chain.find((channel) => channel.relid === relid);
  }

  /** The look-up of an event, for explorers: each access that another CPU can come before is yielded. @param {number} relid */
  *findSteps(relid) {
    yield this.bucket(relid).head.read;
    return this.relid2channel(relid);
  }

  /** The same in one go. @param {number} relid */
  find(relid) {
    return this.relid2channel(relid);
  }

  /** Nothing here depends on the CPU that a channel interrupts. */
  *moved() {}

  remove() {}

  /** @param {number} relid */
  bucket(relid) {
    return this.buckets[relid % BUCKETS];
  }
}

/** @param {MemoryWord} word */
function* change(word) {
  yield word.write;
}

export default new ContainerModule(({ bind }) => {
  bind(RELID_MAP)
    .toConstantValue((_connection, lifetime, mover) => new HashRelidMap(lifetime, mover))
    .whenNamed('hash');
});
