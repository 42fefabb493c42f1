import {
  IRQ_HANDLED,
  IRQ_WAKE_THREAD,
  IRQF_ONESHOT,
  irqSetAffinitySteps,
  requestThreadedIrq,
  type ThreadFn,
} from '../irq/index.js';
import { Completion } from '../machine/completion.js';
import { CpuMask } from '../machine/cpumask.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { handlerOf, RaceLine } from '../lab/race-line.js';
import { defineRace } from './race.js';

interface Moved {
  readonly line: RaceLine;
  readonly requested: Completion;
  hard: number;
  served: number;
}

/**
 * The affinity of a oneshot interrupt is written while it is handled. It can only move when the interrupt comes, masked;
 * but it is masked already, until its thread has quietened the device.
 *
 * ```
 * CPU 1 (handle_fasteoi_irq)        CPU 0
 * mask; the handler wakes the thread
 *                                   irq_set_affinity: waits for the next interrupt
 * eoi: irq_move_irq
 *   mask, move, unmask
 * ```
 * Forbidden: the line is unmasked while the device still drives it, and interrupts again and again until the thread
 * gets to run.
 */
function model(moveKeepsMask: boolean): Omit<Model<Moved>, 'name'> {
  return {
    setup(world): Moved {
      const line = new RaceLine(world, { behaviour: { moveKeepsMask } });
      const state: Moved = { line, requested: new Completion('requested'), hard: 0, served: 0 };
      world.task(1, 'probe', probe(state));
      world.task(0, 'smp_affinity', write(state));
      return state;
    },
    always: {
      'the line is masked until its thread has served the device': ({ hard, served }) =>
        hard <= served + 1 || 'the interrupt comes again before its thread has run',
    },
    sometimes: {
      'the interrupt has moved': ({ line: { pin } }) => pin.cpu === 0,
      'it has not moved yet': ({ line: { pin } }) => pin.cpu === 1,
    },
    // The thread then waits for the next interrupt.
    mayBlock: ({ hard, served }) => hard === served,
    describe: ({ line }) => line.describe(),
  };
}

function* probe(state: Moved): Procedure<void> {
  const { core, irq, pin } = state.line;
  const handler = handlerOf(function* () {
    state.hard += 1;
    return IRQ_WAKE_THREAD;
  });
  const threadFn: ThreadFn = function* () {
    yield* pin.drive(false);
    state.served += 1;
    return IRQ_HANDLED;
  };
  const requested = requestThreadedIrq(core, irq, handler, threadFn, IRQF_ONESHOT, 'device', state);
  yield* inFunction('request_threaded_irq', requested);
  yield* inFunction('the device wants service', pin.drive(true));
  state.requested.complete();
}

function* write(state: Moved): Procedure<void> {
  const { core, irq, machine } = state.line;
  yield* state.requested.wait();
  yield* inFunction('irq_set_affinity', irqSetAffinitySteps(core, irq, CpuMask.of(machine.nrCpuIds, [0])));
}

export const oneshotMove = defineRace({
  id: 'oneshot-move',
  source: '“genirq: Prevent irq storm on migration”, February 2011',
  property:
    'a oneshot interrupt stays masked until its thread has served the device, though its affinity is written',
  variants: {
    'unmask-always': {
      summary: 'moving masks and unmasks the line whatever it was before',
      expected: 'found',
      message: 'the interrupt comes again before its thread has run',
      model: () => model(false),
    },
    'keep-mask': {
      summary: 'a line that is masked stays so: Linux',
      expected: 'none',
      model: () => model(true),
    },
  },
});
