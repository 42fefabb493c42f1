import type { Irq } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import { SpinLock } from '../../machine/lock.js';
import { SpinWait } from '../../machine/spin-wait.js';
import { inOneGo, isWatched, type Procedure, SharedWord } from '../../machine/step.js';
import type { KernelBehaviour } from '../kernel.js';
import type { Ratelimits } from '../messages/ratelimit.js';
import type { Speaker } from '../messages/warn.js';
import { noIrqChip } from './dummychip.js';
import type { IrqAction } from './irqaction.js';
import { IrqData, type IrqDataDesc, irqd } from './irqdata.js';
import { IrqDescCold } from './irqdesc-cold.js';
import { irqs } from './istate.js';

/** Decides what an interrupt does to its line: acks, masks, and when its actions run. */
export interface IrqFlowHandler {
  (desc: IrqDesc): void;
  /** The same step by step; missing: all of it is one step. */
  readonly steps?: (desc: IrqDesc) => Procedure<void>;
}

/** CPUs that a mapping's interrupt is meant for (struct irq_affinity_desc). */
export interface IrqAffinityDesc {
  readonly mask: CpuMask;
  /** The kernel alone decides; user space may not move it, and it sleeps while all its CPUs are offline. */
  readonly managed: boolean;
}

/** The lines whose interrupts software sends again soon. */
export interface ResendList {
  /** Has the line's flow handler run soon on this CPU. */
  add(desc: IrqDesc): void;
  remove(desc: IrqDesc): void;
}

/** What a descriptor, and those who have nothing but a descriptor, need of their interrupt layer. */
export interface IrqDescCore extends Speaker {
  readonly behaviour: KernelBehaviour;
  /** Handlers are forced into threads. */
  readonly threadirqs: boolean;
  readonly ratelimits: Ratelimits;
  /** CPUs that newly requested interrupts may go to. */
  readonly defaultAffinity: CpuMask;
  /** The action of all chained interrupts, so that they count as taken. */
  readonly chainedAction: IrqAction;
  readonly resend: ResendList;
  /** The line with number `irq`, if allocated. */
  desc(irq: Irq): IrqDesc | undefined;
}

/**
 * An interrupt line (struct irq_desc).
 *
 * Access rules: handlers and chip callbacks run with interrupts off and are never preempted by another context of
 * the model, which stands for desc->lock; what runs step by step takes `lock`. `cold.requestMutex` keeps request_irq
 * and free_irq of one line apart.
 */
export class IrqDesc implements IrqDataDesc {
  // What each interrupt touches comes first, side by side in memory: the constructor's properties, then these.
  /** What the line's owner keeps with it; what is not on the hot path asks IrqData. */
  handlerData: unknown = null;
  /** First requester; the others follow by `next`. */
  action: IrqAction | undefined = undefined;
  /** Bits of irqStatus. */
  status = 0;
  /** Bits of irqs. */
  istate: number = irqs.SYSFS;
  irqsUnhandled = 0;
  /** Interrupts in all, 32 bit; per-CPU flow handlers do not count here. */
  totCount = 0;
  /** Bits of the actions whose threads the masked line waits for. */
  threadsOneshot = 0;
  /** CPUs that have enabled a per-CPU interrupt; null unless irq_set_percpu_devid was called. */
  percpuEnabled: CpuMask | null = null;
  private spinLock: SpinLock | undefined = undefined;
  private handlersWait: SpinWait | undefined = undefined;
  private actionWord: SharedWord | undefined = undefined;
  readonly data: IrqData;
  readonly cold: IrqDescCold;

  constructor(
    readonly irq: Irq,
    /** Bits of `irqd`; what is not on the hot path asks IrqData. */
    public state: number,
    public handleIrq: IrqFlowHandler,
    readonly core: IrqDescCore,
    /** Where the line's counters are, from kstatBase on, see KstatPool. */
    readonly kstatChunk: Uint32Array,
    readonly kstatBase: number,
    affinity: CpuMask,
    node: number,
  ) {
    const { nrCpuIds } = affinity;
    this.data = new IrqData(this, irq, noIrqChip, affinity, new CpuMask(nrCpuIds), node);
    this.cold = new IrqDescCold(irq, kstatChunk.subarray(kstatBase, kstatBase + nrCpuIds));
  }

  /** desc->lock, for procedures that run step by step; what runs in one go needs none. */
  get lock(): SpinLock {
    this.spinLock ??= new SpinLock(`lock of IRQ ${this.irq}`);
    return this.spinLock;
  }

  /**
   * Somebody looks at the line, or changes it, in one go: what its lock guards is one thing for an explorer. Who takes
   * the lock step by step need not say so.
   */
  announce(): void {
    if (isWatched()) this.lock.announce();
  }

  /** `handleIrq` step by step. @primitive */
  handleIrqSteps(desc: IrqDesc): Procedure<void> {
    const { handleIrq } = this;
    return handleIrq.steps?.(desc) ?? inOneGo(() => handleIrq(desc));
  }

  /** The list of actions, which handlers are taken from without desc->lock. */
  get actionList(): SharedWord {
    this.actionWord ??= new SharedWord(`actions of IRQ ${this.irq}`);
    return this.actionWord;
  }

  /** Where synchronize_irq waits for handlers, which are in the middle of their work only if they run step by step. */
  get waitForHandlers(): SpinWait {
    this.handlersWait ??= new SpinWait(
      `handlers of IRQ ${this.irq}`,
      () => (this.state & irqd.IRQ_INPROGRESS) === 0,
    );
    return this.handlersWait;
  }

  /** The handlers have run step by step. */
  handlersDone(): void {
    this.handlersWait?.changed();
  }

  /** True if the flow handler was installed as chained: it feeds other interrupts and has no actions of its own. */
  get isChained(): boolean {
    return this.action !== undefined && this.action === this.core.chainedAction;
  }

  /** The actions in the order they were requested. */
  *actions(): Generator<IrqAction, void, void> {
    for (let { action } = this; action !== undefined; action = action.next) yield action;
  }
}
