import {
  freeIrq,
  IRQ_HANDLED,
  IRQ_WAKE_THREAD,
  IRQF_ONESHOT,
  type KernelBehaviour,
  requestThreadedIrq,
  synchronizeIrq,
  type ThreadFn,
} from '../irq/index.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { RaceLine } from '../lab/race-line.js';
import { defineRace } from './race.js';

interface Opened {
  readonly line: RaceLine;
  served: number;
  isClosed: boolean;
}

/**
 * A port is opened and closed at once; its interrupt, with a thread, comes meanwhile.
 *
 * ```
 * CPU 0 (open, close)               CPU 1                     thread
 * request_irq: created, woken                                 (has not run yet)
 *                                   RUNTHREAD, active + 1
 * free_irq: kthread_stop                                      ends without having come to its function
 * synchronize_irq: active is 1
 * ```
 * Forbidden: threads_active keeps the one that nobody will take back, and synchronize_irq waits for ever.
 */
function model(behaviour: Partial<KernelBehaviour>): Omit<Model<Opened>, 'name'> {
  return {
    setup(world): Opened {
      const line = new RaceLine(world, { behaviour });
      const state: Opened = { line, served: 0, isClosed: false };
      world.task('device', 'device', line.pin.drive(true));
      world.task(0, 'setserial', openAndClose(state));
      return state;
    },
    finally: { 'the port was closed': ({ isClosed }) => isClosed },
    sometimes: {
      'the thread has served the device': ({ served }) => served > 0,
      'the port was closed before anything came': ({ served }) => served === 0,
    },
    describe: ({ line }) => line.describe(),
  };
}

function* openAndClose(state: Opened): Procedure<void> {
  const { core, irq, pin } = state.line;
  const threadFn: ThreadFn = function* () {
    yield* inFunction('serial8250_interrupt', pin.drive(false));
    state.served += 1;
    return IRQ_HANDLED;
  };
  const requested = requestThreadedIrq(
    core,
    irq,
    () => IRQ_WAKE_THREAD,
    threadFn,
    IRQF_ONESHOT,
    'ttyS0',
    state,
  );
  yield* inFunction('request_threaded_irq', requested);
  yield* inFunction('free_irq', freeIrq(core, irq, state));
  yield* inFunction('uart_port_shutdown', synchronizeIrq(core, irq));
  state.isClosed = true;
}

export const threadStart = defineRace({
  id: 'thread-start',
  source: '“genirq: Synchronize interrupt thread startup”, May 2022',
  property: 'closing a port just opened ends, whenever its interrupt comes',
  variants: {
    'woken-only': {
      summary:
        'request_irq wakes the thread and returns; free_irq waits for hard handlers only: Linux 4.19 to 5.18',
      expected: 'found',
      message: 'setserial (CPU 0) waits',
      model: () => model({ requestWaitsForThread: false, freeWaitsForThreads: false }),
    },
    'waits-until-ready': {
      summary: 'request_irq waits until the thread has come to its function: Linux',
      expected: 'none',
      model: () => model({ requestWaitsForThread: true, freeWaitsForThreads: false }),
    },
  },
});
