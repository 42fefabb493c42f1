// @ts-check
// A race of one's own for `irqlab explore`: two CPUs count an event in one shared counter, as the generic layer would if
// irq_desc had one count for all CPUs instead of kstat_irqs per CPU.
//
//   interrupt on CPU 0        interrupt on CPU 1
//   n = count                 n = count
//   count = n + 1             count = n + 1
//
// Forbidden: an event is not counted.
//
//   $ irqlab explore shared-count --plugin examples/plugin-race/plugin.js
//   $ irqlab explore shared-count --variant plain --save lost.json --plugin examples/plugin-race/plugin.js
//   $ irqlab replay lost.json --plugin examples/plugin-race/plugin.js
import { ContainerModule } from 'inversify';
import { defineRace, Lock, MemoryWord, RACE } from 'irqlab';

class Counter {
  count = new MemoryWord('count');
  lock = new Lock('desc->lock');

  /** What an interrupt does. @param {boolean} locked */
  *event(locked) {
    const { count, lock } = this;
    if (locked) yield* lock.lock();
    yield count.read;
    const n = count.load();
    yield count.write;
    count.store(n + 1);
    if (locked) yield* lock.unlock();
  }
}

/**
 * What the explorer is given: contexts that yield each access just before they do it, and what must hold.
 *
 * @param {boolean} locked
 */
const model = (locked) => ({
  /** @param {import('irqlab').World} world */
  setup(world) {
    const counter = new Counter();
    for (const cpu of [0, 1]) world.interrupt(cpu, 'event', () => counter.event(locked)).raise();
    return counter;
  },
  finally: {
    /** @param {Counter} counter */
    'every event is counted': ({ count }) => count.value === 2 || `2 events, counted ${count.value}`,
  },
  /** @param {Counter} counter */
  describe: ({ count }) => [`count=${count.value}`],
});

export const sharedCount = defineRace({
  id: 'shared-count',
  source: 'examples/plugin-race',
  property: 'every event is counted',
  variants: {
    plain: {
      summary: 'load, add, store',
      expected: 'found',
      message: 'counted 1',
      model: () => model(false),
    },
    locked: { summary: 'under desc->lock', expected: 'none', model: () => model(true) },
  },
});

export default new ContainerModule(({ bind }) => {
  bind(RACE).toConstantValue(sharedCount);
});
