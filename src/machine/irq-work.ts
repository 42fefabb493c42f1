import { type Procedure, SharedObject, type Step } from './step.js';

/**
 * Work for hard interrupt context, of this CPU or another one (struct irq_work, IRQ_WORK_INIT_HARD). Queued again before
 * it began it runs once; while it runs it can be queued again, on another CPU also to run beside itself.
 */
export class IrqWork extends SharedObject {
  /** Queued, and not begun (IRQ_WORK_PENDING). */
  isPending = false;
  /** CPUs that are in the middle of it. */
  private running = 0;
  private readonly syncStep: Step = { object: this, kind: 'read', found: () => !this.isBusy };

  constructor(
    name: string,
    private readonly run: () => void,
    /** The same work step by step, for whoever interleaves it with other contexts. */
    private readonly steps?: () => Procedure<void>,
  ) {
    super(name);
  }

  override blocks(step: Step): boolean {
    return step.kind === 'read' && this.isBusy;
  }

  /** Queued or running (IRQ_WORK_BUSY). */
  private get isBusy(): boolean {
    return this.isPending || this.running !== 0;
  }

  /** The CPU's interrupt has come to it (kernel/irq_work.c irq_work_single). */
  handle(): void {
    this.begin();
    this.run();
    this.end();
  }

  /** `handle`, for whoever interleaves it with other contexts. */
  *stepByStep(): Procedure<void> {
    this.begin();
    if (this.steps === undefined) this.run();
    else yield* this.steps();
    this.end();
  }

  /** Spins until it is neither queued nor running (kernel/irq_work.c irq_work_sync). */
  *sync(): Procedure<void> {
    yield this.syncStep;
  }

  private begin(): void {
    this.announce();
    this.isPending = false;
    this.running += 1;
  }

  private end(): void {
    this.running -= 1;
    this.wakeWaiters();
  }
}
