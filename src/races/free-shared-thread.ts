import {
  freeIrq,
  IRQ_HANDLED,
  IRQ_NONE,
  IRQ_WAKE_THREAD,
  IRQF_ONESHOT,
  IRQF_SHARED,
  requestIrq,
  requestThreadedIrq,
  type ThreadFn,
} from '../irq/index.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { RaceLine } from '../lab/race-line.js';
import { defineRace } from './race.js';

const FLAGS = IRQF_SHARED | IRQF_ONESHOT;

interface Hotplug {
  readonly line: RaceLine;
  removed: number;
}

/**
 * A port and the card behind it share an interrupt. The card is unplugged, so the port's interrupt thread takes the
 * card's driver away, which frees its interrupt.
 *
 * ```
 * thread of the port (threads_active is 1)
 * remove the card's driver
 * free_irq(card)
 * synchronize_irq: wait until threads_active is 0
 * ```
 * Forbidden: the thread waits for itself.
 */
function model(freeWaitsForThreads: boolean): Omit<Model<Hotplug>, 'name'> {
  return {
    setup(world): Hotplug {
      const line = new RaceLine(world, { behaviour: { freeWaitsForThreads } });
      const state: Hotplug = { line, removed: 0 };
      world.task(0, 'probe', probe(state));
      return state;
    },
    finally: { 'the card is gone': ({ removed }) => removed === 1 || `${removed} cards removed` },
    sometimes: { 'the card was removed': ({ removed }) => removed === 1 },
    // The port's thread then waits for its next interrupt.
    mayBlock: ({ removed }) => removed === 1,
    describe: ({ line }) => line.describe(),
  };
}

function* probe(state: Hotplug): Procedure<void> {
  const { core, irq, pin } = state.line;
  const card = { name: 'card' };
  const port = { name: 'port' };
  const pciehpIst: ThreadFn = function* () {
    yield* pin.drive(false);
    yield* inFunction('free_irq', freeIrq(core, irq, card));
    state.removed += 1;
    return IRQ_HANDLED;
  };
  yield* inFunction(
    'request_irq',
    requestIrq(core, irq, () => IRQ_NONE, FLAGS, 'nvme0q0', card),
  );
  const requested = requestThreadedIrq(core, irq, () => IRQ_WAKE_THREAD, pciehpIst, FLAGS, 'pciehp', port);
  yield* inFunction('request_threaded_irq', requested);
  yield* inFunction('the card is unplugged', pin.drive(true));
}

export const freeSharedThread = defineRace({
  id: 'free-shared-thread',
  source: '“genirq: Synchronize only with single thread on free_irq()”, June 2018',
  property: 'an interrupt thread can free another action of its own line',
  variants: {
    'all-threads': {
      summary: 'free_irq waits for all threads of the line: Linux until 4.18, and again since 6.6',
      expected: 'found',
      message: 'irq/10-pciehp',
      model: () => model(true),
    },
    'own-thread': {
      summary: 'free_irq waits for hard handlers, and for the thread of its own action: Linux 4.19 to 6.5',
      expected: 'none',
      model: () => model(false),
    },
  },
});
