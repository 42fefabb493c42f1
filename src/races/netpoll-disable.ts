import {
  disableHardirq,
  disableIrq,
  disableIrqNosyncSteps,
  enableIrqSteps,
  type IrqCore,
  IRQ_HANDLED,
  requestIrq,
} from '../irq/index.js';
import { inFunction, type Procedure, runAtomic, SharedWord } from '../machine/step.js';
import type { CpuControl, Model } from '../explore/model.js';
import { handlerOf, RaceLine } from '../lab/race-line.js';
import { defineRace } from './race.js';

/** How the poll keeps the interrupt away; false: it may not poll now. */
type Disable = (core: IrqCore, irq: number) => Procedure<boolean>;

class Nic {
  /** Named by what a handler does to the device. */
  private readonly rings = new SharedWord('rings');
  private inside = 0;
  /** Most handlers that were inside at once. */
  most = 0;
  interrupts = 0;
  polls = 0;

  constructor(private readonly line: RaceLine) {}

  /** The driver's handler, as the interrupt or the poll calls it. */
  *handle(): Procedure<void> {
    yield this.rings.update;
    this.inside += 1;
    this.most = Math.max(this.most, this.inside);
    yield* this.line.pin.drive(false);
    yield this.rings.update;
    this.inside -= 1;
  }
}

interface Polled {
  readonly line: RaceLine;
  readonly nic: Nic;
}

/**
 * printk on CPU 0 sends a message over a network card by polling it, with interrupts off, while its interrupt comes to
 * CPU 1.
 *
 * ```
 * CPU 0 (netpoll, interrupts off)      CPU 1
 *                                      handle_fasteoi_irq: in progress
 * disable_irq_nosync                   the handler is at work
 * the handler once more
 * ```
 * Forbidden: the handler runs on both CPUs at once; the poll sleeps.
 */
function model(disable: Disable): Omit<Model<Polled>, 'name'> {
  return {
    setup(world): Polled {
      const line = new RaceLine(world);
      const nic = new Nic(line);
      request(line, nic);
      world.task('device', 'packet', line.pin.drive(true));
      world.task(0, 'netpoll', poll(line, nic, world.cpu(0), disable));
      return { line, nic };
    },
    finally: {
      'one handler at a time': ({ nic: { most } }) => most < 2 || 'the handler runs on both CPUs at once',
    },
    sometimes: {
      'the interrupt was handled': ({ nic: { interrupts } }) => interrupts > 0,
      'the card was polled': ({ nic: { polls } }) => polls > 0,
    },
    describe: ({ line }) => line.describe(),
  };
}

function request({ core, irq }: RaceLine, nic: Nic): void {
  const handler = handlerOf(function* () {
    yield* inFunction('e1000_intr', nic.handle());
    nic.interrupts += 1;
    return IRQ_HANDLED;
  });
  runAtomic(requestIrq(core, irq, handler, 0, 'eth0', nic));
}

function* poll(line: RaceLine, nic: Nic, cpu: CpuControl, disable: Disable): Procedure<void> {
  const { core, irq } = line;
  cpu.localIrqDisable();
  if (yield* inFunction('e1000_netpoll', disable(core, irq))) {
    yield* inFunction('e1000_intr', nic.handle());
    nic.polls += 1;
  }
  yield* inFunction('enable_irq', enableIrqSteps(core, irq));
  cpu.localIrqEnable();
}

function* nosync(core: IrqCore, irq: number): Procedure<boolean> {
  return (yield* disableIrqNosyncSteps(core, irq)) === 0;
}

function* waiting(core: IrqCore, irq: number): Procedure<boolean> {
  yield* disableIrq(core, irq);
  return true;
}

export const netpollDisable = defineRace({
  id: 'netpoll-disable',
  source:
    '“genirq: Provide disable_hardirq()”, February 2015, and “e1000: use disable_hardirq() for e1000_netpoll()”, December 2016',
  property: 'with the interrupt disabled, a poll has the device for itself; it does not sleep',
  variants: {
    'disable-irq-nosync': {
      summary: 'disable_irq_nosync: a handler that has begun goes on',
      expected: 'found',
      message: 'the handler runs on both CPUs at once',
      model: () => model(nosync),
    },
    'disable-irq': {
      summary: 'disable_irq, which also waits for threads: e1000 until 2016',
      expected: 'found',
      message: 'sleeping function called from invalid context: netpoll',
      model: () => model(waiting),
    },
    'disable-hardirq': {
      summary: 'disable_hardirq spins until the handler has ended: Linux',
      expected: 'none',
      model: () => model(disableHardirq),
    },
  },
});
