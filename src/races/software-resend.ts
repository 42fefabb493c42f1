import type { CpuId } from '../lib/brand.js';
import type { Interrupt, Model, World } from '../explore/model.js';
import { IRQ_HANDLED, IRQ_WAKE_THREAD, IRQF_ONESHOT } from '../irq/data/irqaction.js';
import { irqd } from '../irq/data/irqdata.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { irqs } from '../irq/data/istate.js';
import { irqStatus } from '../irq/data/settings.js';
import type { KernelBehaviour } from '../irq/kernel.js';
import { handleEdgeIrq, handleNestedIrq } from '../irq/line/flow.js';
import { genericHandleIrq, genericHandleIrqDescSteps } from '../irq/line/handle.js';
import { irqSetStatusFlags } from '../irq/management/chip.js';
import { disableIrqNosync, enableIrqSteps } from '../irq/management/enable.js';
import { requestIrq, requestThreadedIrq } from '../irq/management/request.js';
import { IrqGuest } from '../lab/irq-guest.js';
import { WaitQueue } from '../machine/completion.js';
import { inFunction, type Procedure, runAtomic, SharedWord } from '../machine/step.js';
import { anyState, defineRace } from './race.js';

/**
 * A driver disables its edge interrupt in the handler and enables it when it has polled its device, as ath11k does. The
 * first enable, on CPU 0, resends what came meanwhile; the next poll is on CPU 1.
 *
 * ```
 * CPU 0                                  CPU 1
 * enable_irq: puts the line into the list
 *                                        interrupt: clears IRQS_REPLAY; the handler disables the line
 *                                        interrupt: IRQS_PENDING
 *                                        enable_irq: puts the line into the list
 * resend_irqs
 * ```
 * Forbidden: the line is put in twice: it points to itself then, and the tasklet finds it for ever.
 */
class PolledDevice {
  readonly guest: IrqGuest;
  readonly desc: IrqDesc;
  handled = 0;
  /** CPUs on which it was. */
  readonly handledOn: CpuId[] = [];
  private readonly interrupt: Interrupt;
  private readonly wire = new SharedWord('wire of the device');
  private readonly handledOnce: WaitQueue;

  constructor(world: World, differences: Partial<KernelBehaviour>) {
    this.guest = new IrqGuest(world, { flow: handleEdgeIrq, behaviour: differences });
    const { core } = this.guest;
    this.desc = this.guest.line(1);
    const { irq } = this.desc;
    this.handledOnce = new WaitQueue('poll of the device', () => this.handled > 0);
    runAtomic(requestIrq(core, irq, () => this.handle(), 0, 'device', this));
    disableIrqNosync(core, irq);
    genericHandleIrq(core, irq);
    const { desc } = this;
    this.interrupt = world.interrupt(1, 'interrupt', () => genericHandleIrqDescSteps(desc));
    world.task('device', 'device', this.device());
    world.task(0, 'poll', inFunction('enable_irq', enableIrqSteps(core, irq)));
    world.task(1, 'poll', this.pollAgain());
  }

  private handle(): number {
    const { core } = this.guest;
    this.handled += 1;
    this.handledOn.push(core.machine.thisCpu);
    disableIrqNosync(core, this.desc.irq);
    this.handledOnce.wakeUp();
    return IRQ_HANDLED;
  }

  private *device(): Procedure<void> {
    for (let i = 0; i < 2; i++) {
      yield this.wire.update;
      this.interrupt.raise();
    }
  }

  private *pollAgain(): Procedure<void> {
    yield* this.handledOnce.wait();
    yield* inFunction('enable_irq', enableIrqSteps(this.guest.core, this.desc.irq));
  }
}

function polled(differences: Partial<KernelBehaviour>): Omit<Model<PolledDevice>, 'name'> {
  return {
    setup: (world) => new PolledDevice(world, differences),
    finally: {
      'a line that is enabled has nothing pending': ({ desc }) =>
        desc.data.has(irqd.IRQ_DISABLED) || (desc.istate & irqs.PENDING) === 0,
      'the device is polled for what it signals': ({ handled }) => handled > 0,
    },
    sometimes: {
      'the resend has the handler run': ({ handledOn }) => handledOn.includes(0),
      'the device has it run first': ({ handledOn }) => handledOn[0] === 1,
    },
    describe: ({ handled, desc }) => [
      `handled ${handled} times, depth ${desc.cold.depth}` +
        `${(desc.istate & irqs.PENDING) === 0 ? '' : ', pending'}${(desc.istate & irqs.REPLAY) === 0 ? '' : ', replay'}`,
    ],
  };
}

/**
 * A line of a controller behind a slow bus: the controller's own interrupt has a thread, which finds out whose it was.
 * It was disabled when its interrupt came, and is enabled now, while the controller's interrupt comes once more.
 */
class NestedLine {
  readonly guest: IrqGuest;
  readonly nested: IrqDesc;
  handled = 0;

  constructor(world: World, differences: Partial<KernelBehaviour>) {
    this.guest = new IrqGuest(world, {
      // The controller's thread is there before the race begins.
      behaviour: { requestWaitsForThread: false, ...differences },
    });
    const { core } = this.guest;
    const parent = this.guest.line(1);
    this.nested = this.guest.line(2);
    const { irq } = this.nested;
    irqSetStatusFlags(core, irq, irqStatus.NESTED_THREAD);
    this.nested.cold.parentIrq = parent.irq;
    const demultiplex = (): Procedure<number> => this.demultiplex();
    const wake = (): number => IRQ_WAKE_THREAD;
    runAtomic(requestThreadedIrq(core, parent.irq, wake, demultiplex, IRQF_ONESHOT, 'controller', this));
    runAtomic(requestThreadedIrq(core, irq, null, () => this.handle(), IRQF_ONESHOT, 'device', this));
    disableIrqNosync(core, irq);
    runAtomic(handleNestedIrq(core, irq));
    // The threads are on CPU 0, and so is what wakes them.
    world.interrupt(0, 'interrupt', () => genericHandleIrqDescSteps(parent)).raise();
    world.task(1, 'driver', inFunction('enable_irq', enableIrqSteps(core, irq)));
  }

  private *demultiplex(): Procedure<number> {
    yield* handleNestedIrq(this.guest.core, this.nested.irq);
    return IRQ_HANDLED;
  }

  private *handle(): Procedure<number> {
    this.handled += 1;
    return IRQ_HANDLED;
  }
}

function nested(differences: Partial<KernelBehaviour>): Omit<Model<NestedLine>, 'name'> {
  return {
    setup: (world) => new NestedLine(world, differences),
    finally: {
      'a nested interrupt is handled in a thread': ({ guest }) => guest.said('Primary handler')[0] ?? true,
      'the interrupt is handled': ({ handled }) => handled > 0 || 'the interrupt that waited is lost',
    },
    sometimes: {
      'the interrupt is handled once': ({ handled }) => handled === 1,
    },
    // Threads of interrupts wait for the next one.
    mayBlock: () => true,
    describe: ({ handled, nested: { cold } }) => [`handled ${handled} times, depth ${cold.depth}`],
  };
}

const never = 'resend_irqs never ends';

export const softwareResend = defineRace<unknown>({
  id: 'software-resend',
  source:
    'Johan Hovold, "genirq: Fix software resend lockup and nested resend", August 2023 (9f5deb551655), after bc06a9e08742',
  property: 'a resend ends, and has the handler run where it may',
  variants: {
    'listed-again': {
      summary: 'a line that waits in irq_resend_list is put in once more: 6.5',
      expected: 'found',
      message: never,
      model: () => anyState(polled({ resendListing: 'again' })),
    },
    'listed-once': {
      summary: 'it stays where it is: since 6.6',
      expected: 'none',
      model: () => anyState(polled({})),
    },
    bitmap: {
      summary: 'a bitmap, in which a line is once: before 6.5',
      expected: 'none',
      model: () => anyState(polled({ resendOrder: 'byIrq' })),
    },
    'nested-itself': {
      summary: 'a nested line’s own flow handler is run: 6.5',
      expected: 'found',
      message: 'Primary handler called for nested irq',
      model: () => anyState(nested({ nestedResend: 'itself' })),
    },
    'nested-parent': {
      summary: 'its parent’s is run, whose thread looks whose interrupt it was: since 6.6, and before 6.5',
      expected: 'none',
      model: () => anyState(nested({})),
    },
  },
});
