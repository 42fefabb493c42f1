import type { Irq, Ns } from '../../lib/brand.js';
import {
  IRQ_HANDLED,
  IRQ_NONE,
  IRQ_WAKE_THREAD,
  IRQF_ONESHOT,
  type IrqHandler,
  type ThreadFn,
  named,
  handlerNameOf,
} from '../../irq/data/irqaction.js';
import { sleep } from '../../machine/completion.js';
import type { Machine } from '../../machine/machine.js';
import type { LineDevice } from './line-device.js';
import type { Wire } from './wire.js';

/** How the driver of a device answers its interrupts. */
export interface HandlerOptions {
  /** `none`: it takes no interrupt for its own (IRQ_NONE), and leaves the device as it is; default: it serves the device. */
  readonly answers?: 'handled' | 'none';
  /** The device is served in a thread (request_threaded_irq); `alone`: with no handler of its own. Default: no thread. */
  readonly thread?: boolean | 'alone';
  /** How long the handler keeps its CPU from the next interrupt, in ns; default 0. */
  readonly costNs?: Ns;
  /** How long the thread takes for one run, in ns; default 0. */
  readonly threadCostNs?: Ns;
}

/** The driver of one device on a line, by what it answers. */
export class LineDriver {
  readonly handler: IrqHandler | null;
  readonly threadFn: ThreadFn | null;
  private readonly costNs: Ns;
  private readonly threadCostNs: Ns;
  /** The handler lowers the line; else the thread does, until when the line is masked. */
  private readonly servesInHandler: boolean;

  /** @param flags IRQF_*, as requested. */
  constructor(
    private readonly machine: Machine,
    private readonly wire: Wire,
    private readonly device: LineDevice,
    { answers = 'handled', thread = false, costNs = 0, threadCostNs = 0 }: HandlerOptions,
    flags: number,
  ) {
    this.costNs = costNs;
    this.threadCostNs = threadCostNs;
    this.servesInHandler = thread === false || (flags & IRQF_ONESHOT) === 0;
    const mine = answers === 'handled';
    this.handler = thread === 'alone' ? null : this.makeHandler(mine, thread ? IRQ_WAKE_THREAD : IRQ_HANDLED);
    this.threadFn = thread === false ? null : this.makeThread(mine);
  }

  private makeHandler(mine: boolean, answer: number): IrqHandler {
    const handler = (_irq: Irq): number => {
      const cpu = this.machine.runningCpu;
      // Forced into a thread it keeps nobody away.
      if (this.costNs > 0 && cpu.hardirq) cpu.holdIrqs(this.costNs);
      if (!mine || !this.isOwn()) return IRQ_NONE;
      if (this.servesInHandler) this.wire.lower(this.device, 'served');
      return answer;
    };
    return named(handler, handlerNameOf(this.device.name));
  }

  private makeThread(mine: boolean): ThreadFn {
    const { device, wire, threadCostNs } = this;
    const threadFn: ThreadFn = function* () {
      if (threadCostNs > 0) yield* sleep(threadCostNs);
      if (!mine) return IRQ_NONE;
      wire.lower(device, 'served');
      return IRQ_HANDLED;
    };
    return named(threadFn, `${device.name.replace(/\W+/g, '_')}_thread`);
  }

  private isOwn(): boolean {
    return this.device.isAsserting || !this.wire.isLevel;
  }
}
