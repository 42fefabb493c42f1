import type { Irq } from '../../lib/brand.js';
import { WaitQueue } from '../../machine/completion.js';
import { CpuMask } from '../../machine/cpumask.js';
import { Lock, SpinLock } from '../../machine/lock.js';
import { inOneGo, type Procedure } from '../../machine/step.js';
import type { KernelBehaviour } from '../kernel.js';
import type { Ratelimits } from '../messages/ratelimit.js';
import type { Speaker } from '../messages/warn.js';
import { noIrqChip } from './dummychip.js';
import type { IrqAction } from './irqaction.js';
import { IrqData, type IrqDataDesc, irqd } from './irqdata.js';
import { irqs } from './istate.js';
import type { KstatPool } from './kstat-pool.js';

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

/** Whoever wants to know of affinity changes of a line (struct irq_affinity_notify). */
export interface IrqAffinityNotify {
  /** Called in process context some time after a change, with the affinity of then. */
  notify(irq: Irq, mask: CpuMask): void;
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
  readonly ratelimits: Ratelimits;
  /** CPUs that newly requested interrupts may go to. */
  readonly defaultAffinity: CpuMask;
  readonly kstatPool: KstatPool;
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
 * the model, which stands for desc->lock; what runs step by step takes `lock`. `requestMutex` keeps request_irq and
 * free_irq of one line apart.
 */
export class IrqDesc implements IrqDataDesc {
  // From here to kstatBase: what each interrupt touches, side by side in memory.
  readonly irq: Irq;
  /** Bits of `irqd`; what is not on the hot path asks IrqData. */
  state: number;
  /** What the line's owner keeps with it; what is not on the hot path asks IrqData. */
  handlerData: unknown;
  handleIrq: IrqFlowHandler;
  /** First requester; the others follow by `next`. */
  action: IrqAction | undefined;
  /** Bits of irqStatus. */
  status: number;
  /** Bits of irqs. */
  istate: number;
  irqsUnhandled: number;
  /** Interrupts in all, 32 bit; per-CPU flow handlers do not count here. */
  totCount: number;
  /** Where the line's counters are, see KstatPool. */
  readonly kstatChunk: Uint32Array;
  readonly kstatBase: number;
  readonly data: IrqData;
  /** Interrupts per possible CPU, 32 bit. */
  readonly kstat: Uint32Array;
  /** Name of the flow handler, shown in /proc/interrupts. */
  name: string | null;
  /** Number of disables that are not undone yet. */
  depth: number;
  wakeDepth: number;
  /** Interrupts since the last verdict about spurious ones. */
  irqCount: number;
  /** Time of the last unhandled interrupt, in jiffies. */
  lastUnhandled: number;
  threadsHandled: number;
  threadsHandledLast: number;
  /** Threads that have been woken and have not ended. */
  threadsActive: number;
  /** Bits of the actions whose threads the masked line waits for. */
  threadsOneshot: number;
  nrActions: number;
  forceResumeDepth: number;
  noSuspendDepth: number;
  condSuspendDepth: number;
  affinityHint: CpuMask | null;
  affinityNotify: IrqAffinityNotify | null;
  readonly pendingMask: CpuMask;
  /** CPUs that have enabled a per-CPU interrupt; null unless irq_set_percpu_devid was called. */
  percpuEnabled: CpuMask | null;
  /** Waits in the list of software resends (resend_node). */
  resendQueued: boolean;
  /** The interrupt that this one is nested in, 0 for none. */
  parentIrq: Irq;
  /** Those of its interrupts that the total of /proc/stat leaves out. */
  countsOutsideStat: number;
  private mutex: Lock | undefined;
  private threadsWait: WaitQueue | undefined;
  private spinLock: SpinLock | undefined;
  private handlersWait: WaitQueue | undefined;

  /** An unused descriptor (kernel/irq/irqdesc.c desc_set_defaults). */
  constructor(
    readonly core: IrqDescCore,
    irq: Irq,
    node: number,
    affinity: IrqAffinityDesc | null,
    handleIrq: IrqFlowHandler,
  ) {
    const { nrCpuIds } = core.machine;
    const managed = affinity?.managed ? irqd.AFFINITY_MANAGED | irqd.MANAGED_SHUTDOWN : 0;
    const state = irqd.IRQ_DISABLED | irqd.IRQ_MASKED | (affinity ? irqd.AFFINITY_SET : 0) | managed;
    const mask = (affinity?.mask ?? core.defaultAffinity).clone();
    this.irq = irq;
    this.state = state;
    this.handlerData = null;
    this.handleIrq = handleIrq;
    this.action = undefined;
    this.status = 0;
    this.istate = irqs.SYSFS;
    this.irqsUnhandled = 0;
    this.totCount = 0;
    this.kstatChunk = core.kstatPool.chunkOf(irq);
    this.kstatBase = core.kstatPool.baseOf(irq);
    this.data = new IrqData(this, irq, noIrqChip, mask, new CpuMask(nrCpuIds), node);
    this.kstat = this.kstatChunk.subarray(this.kstatBase, this.kstatBase + nrCpuIds);
    this.kstat.fill(0);
    this.name = null;
    this.depth = 1;
    this.wakeDepth = 0;
    this.irqCount = 0;
    this.lastUnhandled = 0;
    this.threadsHandled = 0;
    this.threadsHandledLast = 0;
    this.threadsActive = 0;
    this.threadsOneshot = 0;
    this.nrActions = 0;
    this.forceResumeDepth = 0;
    this.noSuspendDepth = 0;
    this.condSuspendDepth = 0;
    this.affinityHint = null;
    this.affinityNotify = null;
    this.pendingMask = new CpuMask(nrCpuIds);
    this.percpuEnabled = null;
    this.resendQueued = false;
    this.parentIrq = 0;
    this.countsOutsideStat = 0;
    this.mutex = undefined;
    this.threadsWait = undefined;
    this.spinLock = undefined;
    this.handlersWait = undefined;
  }

  /** Held while actions come and go. */
  get requestMutex(): Lock {
    this.mutex ??= new Lock(`request_mutex of IRQ ${this.irq}`);
    return this.mutex;
  }

  /** desc->lock, for procedures that run step by step; what runs in one go needs none. */
  get lock(): SpinLock {
    this.spinLock ??= new SpinLock(`lock of IRQ ${this.irq}`);
    return this.spinLock;
  }

  /** `handleIrq` step by step. @primitive */
  handleIrqSteps(desc: IrqDesc): Procedure<void> {
    const { handleIrq } = this;
    return handleIrq.steps?.(desc) ?? inOneGo(() => handleIrq(desc));
  }

  /** Where synchronize_irq waits for handlers, which are in the middle of their work only if they run step by step. */
  get waitForHandlers(): WaitQueue {
    this.handlersWait ??= new WaitQueue(
      `handlers of IRQ ${this.irq}`,
      () => (this.state & irqd.IRQ_INPROGRESS) === 0,
    );
    return this.handlersWait;
  }

  /** The handlers have run step by step. */
  handlersDone(): void {
    this.handlersWait?.wakeUp();
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

  /** True if the flow handler was installed as chained: it feeds other interrupts and has no actions of its own. */
  get isChained(): boolean {
    return this.action !== undefined && this.action === this.core.chainedAction;
  }

  /** The actions in the order they were requested. */
  *actions(): Generator<IrqAction, void, void> {
    for (let { action } = this; action !== undefined; action = action.next) yield action;
  }
}
