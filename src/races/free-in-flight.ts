import { freeIrq, IRQ_HANDLED, requestIrq } from '../irq/index.js';
import { inFunction, runAtomic } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { handlerOf, RaceLine, type RaceLineOptions } from '../lab/race-line.js';
import { defineRace } from './race.js';

interface Freed {
  readonly line: RaceLine;
  handled: number;
}

/**
 * The device asks for service while its driver frees the interrupt.
 *
 * ```
 * CPU 0                          IO-APIC             CPU 1
 *                                sends to CPU 1
 * free_irq: mask, shutdown                           takes no interrupts yet
 * synchronize_irq: none runs
 * the vector is given back
 *                                                    common_interrupt
 * ```
 * Forbidden: CPU 1 finds nobody behind the vector, and the pin is never ended.
 */
function model(options: RaceLineOptions): Omit<Model<Freed>, 'name'> {
  return {
    setup(world): Freed {
      const line = new RaceLine(world, options);
      const state: Freed = { line, handled: 0 };
      const handler = handlerOf(function* () {
        yield* inFunction('handler', line.pin.drive(false));
        state.handled += 1;
        return IRQ_HANDLED;
      });
      runAtomic(requestIrq(line.core, line.irq, handler, 0, 'device', state));
      world.task('device', 'device', line.pin.drive(true));
      world.task(0, 'remove', inFunction('free_irq', freeIrq(line.core, line.irq, state)));
      return state;
    },
    finally: {
      'an interrupt on its way still finds its vector': ({ line: { unknownVectors } }) =>
        unknownVectors === 0 || 'No irq handler for vector',
    },
    sometimes: {
      'the handler ran': ({ handled }) => handled > 0,
      'the line was free before the handler ran': ({ handled }) => handled === 0,
    },
    describe: ({ line }) => line.describe(),
  };
}

export const freeInFlight = defineRace({
  id: 'free-in-flight',
  source:
    '“genirq: Delay deactivation in free_irq()” and “genirq: Add optional hardware synchronization for shutdown”, June 2019',
  property: 'an interrupt that is on its way to another CPU while free_irq runs still finds its vector',
  variants: {
    'deactivate-first': {
      summary: 'the line is deactivated when it is shut down, before the handlers are waited for',
      expected: 'found',
      message: 'No irq handler for vector',
      model: () => model({ behaviour: { freeDeactivatesLast: false }, answersActive: false }),
    },
    'handlers-only': {
      summary:
        'deactivated last, but only handlers that have begun are waited for: the chip cannot tell more',
      expected: 'found',
      message: 'No irq handler for vector',
      model: () => model({ answersActive: false }),
    },
    'asks-chip': {
      summary: 'the chip is asked, too, whether the interrupt is on its way: Linux since 5.3',
      expected: 'none',
      model: () => model({}),
    },
  },
});
