import type { Irq } from '../../lib/brand.js';
import { WaitQueue } from '../../machine/completion.js';
import { CpuMask } from '../../machine/cpumask.js';
import { Lock } from '../../machine/lock.js';

/** Whoever wants to know of affinity changes of a line (struct irq_affinity_notify). */
export interface IrqAffinityNotify {
  /** Called in process context some time after a change, with the affinity of then. */
  notify(irq: Irq, mask: CpuMask): void;
}

/**
 * What of a descriptor (struct irq_desc) not every interrupt looks at.
 *
 * It is an object of its own so that IrqDesc stays small: what each interrupt reads and writes lies together in a few
 * cache lines, and with 2,047 channels those of all lines fit where with the rest between them they would push each
 * other out (docs/decisions/004). A field belongs in IrqDesc if a flow handler, handle_irq_event or the count of an
 * interrupt touches it whenever an interrupt comes and all is well; all others belong here.
 */
export class IrqDescCold {
  /** Name of the flow handler, shown in /proc/interrupts. */
  name: string | null = null;
  /** Number of disables that are not undone yet. */
  depth = 1;
  wakeDepth = 0;
  /** Interrupts since the last verdict about spurious ones. */
  irqCount = 0;
  /** Time of the last unhandled interrupt, in jiffies. */
  lastUnhandled = 0;
  threadsHandled = 0;
  threadsHandledLast = 0;
  /** Threads that have been woken and have not ended. */
  threadsActive = 0;
  nrActions = 0;
  forceResumeDepth = 0;
  noSuspendDepth = 0;
  condSuspendDepth = 0;
  affinityHint: CpuMask | null = null;
  affinityNotify: IrqAffinityNotify | null = null;
  /** CPUs that the interrupt is to go to when it comes next, while SETAFFINITY_PENDING is set. */
  readonly pendingMask: CpuMask;
  /** Waits in the list of software resends (resend_node). */
  resendQueued = false;
  /** The interrupt that this one is nested in, 0 for none. */
  parentIrq: Irq = 0;
  /** Those of its interrupts that the total of /proc/stat leaves out, per CPU; made for the first one. */
  countsOutsideStat: Uint32Array | undefined = undefined;
  private mutex: Lock | undefined = undefined;
  private threadsWait: WaitQueue | undefined = undefined;

  /** @param kstat interrupts per possible CPU, 32 bit. */
  constructor(
    private readonly irq: Irq,
    readonly kstat: Uint32Array,
  ) {
    this.pendingMask = new CpuMask(kstat.length);
  }

  /** Held while actions come and go. */
  get requestMutex(): Lock {
    this.mutex ??= new Lock(`request_mutex of IRQ ${this.irq}`);
    return this.mutex;
  }

  /** Where synchronize_irq waits for the threads. */
  get waitForThreads(): WaitQueue {
    this.threadsWait ??= new WaitQueue(`threads of IRQ ${this.irq}`, () => this.threadsActive === 0);
    return this.threadsWait;
  }

  /** A thread ended its work (kernel/irq/manage.c wake_threads_waitq). */
  threadDone(): void {
    this.threadsActive -= 1;
    if (this.threadsActive === 0) this.threadsWait?.wakeUp();
  }
}
