import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import { CpuMask } from '../../machine/cpumask.js';
import { Lock, SpinLock } from '../../machine/lock.js';
import { inOneGo, type Procedure } from '../../machine/step.js';
import type { IrqAffinityNotify } from '../management/affinity.js';
import type { IrqCore } from '../core.js';
import { handleBadIrq } from '../line/badirq.js';
import type { IrqAction } from './irqaction.js';
import { noIrqChip } from './irqchip.js';
import { IrqData, irqd } from './irqdata.js';
import { irqs } from './istate.js';
import { kstatIrqsInStat } from './kstat.js';

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

/**
 * An interrupt line (struct irq_desc).
 *
 * Access rules: handlers and chip callbacks run with interrupts off and are never preempted by another context of
 * the model, which stands for desc->lock; what runs step by step takes `lock`. `requestMutex` keeps request_irq and
 * free_irq of one line apart.
 */
export class IrqDesc {
  // From here to kstatBase: what each interrupt touches, side by side in memory.
  readonly irq: Irq;
  /** Bits of `irqd`, for IrqData and the hot path. */
  state: number;
  /** What the line's owner keeps with it, for IrqData and the hot path. */
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
  /** For kstat.ts only: where the line's counters are, see KstatPool. */
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
    readonly core: IrqCore,
    irq: Irq,
    node: number,
    affinity: IrqAffinityDesc | null,
  ) {
    const { nrCpuIds } = core.machine;
    const managed = affinity?.managed ? irqd.AFFINITY_MANAGED | irqd.MANAGED_SHUTDOWN : 0;
    const state = irqd.IRQ_DISABLED | irqd.IRQ_MASKED | (affinity ? irqd.AFFINITY_SET : 0) | managed;
    const mask = (affinity?.mask ?? core.defaultAffinity).clone();
    this.irq = irq;
    this.state = state;
    this.handlerData = null;
    this.handleIrq = handleBadIrq;
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

/**
 * Allocates `cnt` descriptors in a row (kernel/irq/irqdesc.c __irq_alloc_descs).
 *
 * @param at the first number, or -1 for any free ones from `from` on.
 * @param affinity one entry per descriptor, or null.
 * @returns the first number, or a negative errno.
 */
export function allocDescs(
  core: IrqCore,
  at: number,
  from: number,
  cnt: number,
  affinity: readonly IrqAffinityDesc[] | null = null,
  node = -1,
): number {
  if (cnt === 0) return errnoValue('EINVAL');
  let first = from;
  if (at >= 0) {
    if (from > at) return errnoValue('EINVAL');
    first = at;
  } else {
    first = core.dynirqLowerBound ?? from;
  }
  const start = core.findFreeArea(first, cnt);
  if (at >= 0 && start !== at) return errnoValue('EEXIST');
  if (start + cnt > core.nrIrqs) {
    const { maxIrqs, beyondMaxIrqs } = core.behaviour;
    if (start + cnt > maxIrqs) return errnoValue(at >= 0 ? beyondMaxIrqs : 'ENOMEM');
    core.nrIrqs = start + cnt;
  }
  if (affinity?.some((desc) => desc.mask.isEmpty)) return errnoValue('EINVAL');
  const { topology } = core.machine;
  for (let i = 0; i < cnt; i++) {
    const wanted = affinity?.[i] ?? null;
    const home = wanted ? topology.node[wanted.mask.first()] : node;
    core.insertDesc(new IrqDesc(core, start + i, home, wanted));
  }
  return start;
}

/** Gives descriptors back, with whatever is still in them (kernel/irq/irqdesc.c irq_free_descs). */
export function freeDescs(core: IrqCore, irq: Irq, cnt: number): void {
  for (let i = irq; i < irq + cnt; i++) {
    const desc = core.desc(i);
    if (desc === undefined) continue;
    core.proc.unregisterIrq(desc);
    core.goneInStat += kstatIrqsInStat(desc);
    core.removeDesc(desc);
  }
}
