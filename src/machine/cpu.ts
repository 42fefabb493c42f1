import type { CpuId, Ns } from '../lib/brand.js';
import { clearBit, lastBit, nextBit, setBit } from '../lib/bitmap.js';
import type { Clock, ClockEvent } from './clock.js';
import type { IrqWork } from './irq-work.js';
import { drainStores } from './memory.js';
import { Softirqs } from './softirqs.js';
import type { TracePort } from '../trace/port.js';
import { isWatched, type SharedObject, SharedWord } from './step.js';
import type { Tasklet } from './tasklet.js';

/** What runs when an interrupt vector is raised on a CPU. */
export interface InterruptHandler {
  handleInterrupt(cpu: Cpu): void;
}

/** Number of interrupt vectors of a CPU, as on x86. Other architectures number their interrupt lines alike. */
export const NR_VECTORS = 256;

/** The vector that has a CPU do its irq_work (arch/x86/include/asm/irq_vectors.h). */
export const IRQ_WORK_VECTOR = 0xf6;

/** Whoever decides when tasklets and irq_work run, in the CPUs' stead. */
export interface TaskletRunner {
  /** `tasklet`, which was not scheduled, is now to run on `cpu`. */
  taskletScheduled(cpu: Cpu, tasklet: Tasklet): void;
  /** The tasklets that wait on `from`, which has gone offline, are to run on `to`. */
  taskletsTakenOver(from: Cpu, to: Cpu): void;
  /** `work`, which was not queued, is now to run in an interrupt of `cpu`. */
  irqWorkQueued(cpu: Cpu, work: IrqWork): void;
}

/** What a CPU needs of the machine that it is part of. */
export interface CpuMachine {
  readonly clock: Clock;
  /** How long an interrupt keeps its CPU from taking the next one, in ns. */
  readonly interruptNs: Ns;
  /** The CPU that the running context runs on. */
  thisCpu: CpuId;
  /** undefined: CPUs run their tasklets themselves. */
  readonly runner: TaskletRunner | undefined;
  /** A local APIC's order of vectors that wait; else the lowest is first, as with a GIC. */
  readonly highestVectorFirst: boolean;
  /** What waits for CPUs that keep interrupts off, or are in one. */
  readonly stopMachine: SharedObject;
  /** What tracepoints tell; undefined: they are off. */
  readonly tracePort: TracePort | undefined;
  /** What runs when `vector` is raised. @throws Error if nothing is installed. */
  vectorHandler(vector: number): InterruptHandler;
}

/**
 * One CPU's execution context: hard interrupts preempt tasklets and tasks unless they are off, and do not nest;
 * tasklets run when the interrupt has ended; an interrupt raised while they are off stays pending, once per vector.
 */
export class Cpu {
  online = false;
  /** How often interrupts have been disabled; an offline CPU has them off once for that. */
  private irqsOff = 1;
  private onlineSince: Ns = 0;
  private onlineBefore: Ns = 0;
  /** Hard interrupts taken so far. */
  hardirqs = 0;
  private inHardirq = false;
  private inSoftirq = false;
  private inNmi = false;
  private nextNmi: (() => void) | undefined;
  private anyPending = false;
  private readonly pending = new Uint32Array(NR_VECTORS / 32);
  /** What waits until the present interrupt is over: tasklets among it. */
  readonly softirqs: Softirqs;
  /** How often the running context has preemption disabled, besides what its being idle or an interrupt does. */
  preemptDepth = 0;
  private irqWorks: IrqWork[] = [];
  /** Names the state above to an explorer: who raises a vector here, and who keeps interrupts off, need not be the same. */
  private readonly interrupts = new SharedWord('interrupts of a CPU');
  private readonly reenable: ClockEvent = { fire: () => this.localIrqEnable() };

  constructor(
    private readonly machine: CpuMachine,
    readonly id: CpuId,
    /** CPUs of the machine that something waits for outside an interrupt, each once: it attends to them. */
    private readonly toAttend: Cpu[],
  ) {
    this.softirqs = new Softirqs(machine);
  }

  /** True while a hard interrupt or tasklet runs here, where sleeping is not allowed. */
  get inInterrupt(): boolean {
    return this.inHardirq || this.inSoftirq || this.inNmi;
  }

  /** True while a hard interrupt runs here, non-maskable ones among them (in_hardirq). */
  get hardirq(): boolean {
    return this.inHardirq || this.inNmi;
  }

  /** True while a non-maskable interrupt runs here (in_nmi). */
  get nmi(): boolean {
    return this.inNmi;
  }

  /** True while softirqs run here, or an interrupt within them (in_serving_softirq). */
  get servesSoftirq(): boolean {
    return this.inSoftirq;
  }

  /** True while an interrupt raised here would stay pending. */
  get irqsDisabled(): boolean {
    return this.irqsOff !== 0 || this.inHardirq;
  }

  /** Raises interrupt `vector`: handled before this returns if the CPU takes interrupts now, else when it does. */
  raise(vector: number): void {
    drainStores();
    if (isWatched()) this.announceWhetherStoppable();
    if (this.irqsOff !== 0 || this.inHardirq) {
      setBit(this.pending, vector);
      this.anyPending = true;
      return;
    }
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = this.id;
    this.handle(vector);
    if (this.anyPending || this.softirqs.isPending) this.interruptExit();
    machine.thisCpu = previous;
  }

  /** The kernel raises `vector` itself, where it keeps interrupts off: it is taken soon, once per vector. */
  sendIpi(vector: number): void {
    if (this.machine.runner !== undefined) {
      this.raise(vector);
      return;
    }
    drainStores();
    this.interrupts.announce();
    setBit(this.pending, vector);
    this.anyPending = true;
    if (!this.inInterrupt) this.attendSoon();
  }

  /**
   * A non-maskable interrupt: `handler` runs before this returns, whatever the CPU is doing. One that comes within
   * another waits for its end, and there is room for one.
   */
  raiseNmi(handler: () => void): void {
    this.nextNmi = handler;
    if (this.inNmi) return;
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = this.id;
    this.inNmi = true;
    while (this.nextNmi !== undefined) {
      const { nextNmi } = this;
      this.nextNmi = undefined;
      nextNmi();
    }
    this.inNmi = false;
    machine.thisCpu = previous;
  }

  /** How long the CPU has been online, all times together. */
  get onlineNs(): Ns {
    return this.onlineBefore + (this.online ? this.machine.clock.now - this.onlineSince : 0);
  }

  /** True if `vector` is raised and not yet handled. */
  isPending(vector: number): boolean {
    this.interrupts.announceRead();
    return ((this.pending[vector >>> 5] >>> (vector & 31)) & 1) !== 0;
  }

  /** The CPU begins to take interrupts; what was raised while it was offline is lost, as with a local APIC. */
  goOnline(): void {
    this.interrupts.announce();
    this.online = true;
    this.onlineSince = this.machine.clock.now;
    if (this.anyPending) this.pending.fill(0);
    this.anyPending = false;
    this.irqsOff -= 1;
  }

  /**
   * The CPU ends taking interrupts. Those that wait are handled first: in Linux nobody can stop a CPU before it has
   * enabled its interrupts again.
   */
  goOffline(): void {
    this.interrupts.announce();
    let held = 0;
    do {
      held += this.irqsOff;
      this.irqsOff = 0;
      this.handlePending();
    } while (this.anyPending);
    this.irqsOff += held + 1;
    this.onlineBefore = this.onlineNs;
    this.online = false;
  }

  /** The CPU is stopped for good: it takes no interrupt any more, and what is scheduled on it does not run. */
  halt(): void {
    this.irqsOff = Number.POSITIVE_INFINITY;
    this.softirqs.takeAll();
  }

  /** Keeps interrupts away until localIrqEnable; calls nest (local_irq_save). */
  localIrqDisable(): void {
    this.announceWhetherStoppable();
    this.irqsOff += 1;
  }

  /** Undoes one localIrqDisable; pending interrupts are handled before the outermost one returns. */
  localIrqEnable(): void {
    this.announceWhetherStoppable();
    if (this.irqsOff === (this.online ? 0 : 1))
      throw new Error(`interrupts of CPU ${this.id} are not disabled`);
    this.irqsOff -= 1;
    this.handlePending();
  }

  /** Interrupts off for the next `ns` ns: what the work of an interrupt keeps others waiting. */
  holdIrqs(ns: Ns): void {
    this.localIrqDisable();
    this.machine.clock.after(ns, this.reenable);
  }

  /** A hard interrupt begins or ends here, where whoever runs the contexts in the machine's stead runs it. */
  setHardirq(inside: boolean): void {
    this.machine.stopMachine.announceRead();
    this.inHardirq = inside;
  }

  /** As setHardirq, for a tasklet. */
  setSoftirq(inside: boolean): void {
    this.machine.stopMachine.announceRead();
    this.inSoftirq = inside;
  }

  /**
   * Has `tasklet` run on this CPU after the present interrupt, or soon if there is none (tasklet_schedule, whose
   * test_and_set_bit is a locked instruction).
   */
  taskletSchedule(tasklet: Tasklet): void {
    drainStores();
    tasklet.announce();
    if (tasklet.scheduled) return;
    tasklet.scheduled = true;
    const { runner } = this.machine;
    if (runner !== undefined) {
      runner.taskletScheduled(this, tasklet);
      return;
    }
    this.softirqs.add(tasklet);
    if (!this.inInterrupt) this.attendSoon();
  }

  /** Has the machine come to this CPU when the running context gives way. */
  private attendSoon(): void {
    if (!this.toAttend.includes(this)) this.toAttend.push(this);
  }

  /** What waits for this CPU outside an interrupt: interrupts that it sent itself or others, then tasklets. */
  attend(): void {
    this.handlePending();
    this.doSoftirq();
  }

  /** Runs the raised softirqs, and those that they raise, unless this CPU is in an interrupt already. */
  doSoftirq(): void {
    if (this.inInterrupt || !this.softirqs.isPending) return;
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = this.id;
    this.inSoftirq = true;
    this.softirqs.handle();
    this.inSoftirq = false;
    machine.thisCpu = previous;
  }

  /**
   * Has `work` run in a hard interrupt of this CPU, at once if it takes interrupts now (kernel/irq_work.c
   * irq_work_queue_on).
   *
   * @returns false if it is queued already, here or elsewhere.
   */
  queueIrqWork(work: IrqWork): boolean {
    drainStores();
    work.announce();
    if (work.isPending) return false;
    work.isPending = true;
    const { runner } = this.machine;
    if (runner !== undefined) {
      runner.irqWorkQueued(this, work);
      return true;
    }
    this.irqWorks.push(work);
    this.raise(IRQ_WORK_VECTOR);
    return true;
  }

  /** Does the queued irq_work, in the interrupt that was raised for it (kernel/irq_work.c irq_work_run). */
  runIrqWorks(): void {
    for (const work of this.irqWorks.splice(0)) work.handle();
  }

  /** Hands the tasklets left behind by an offline CPU to `other` (takeover_tasklets). */
  moveTaskletsTo(other: Cpu): void {
    const { runner } = this.machine;
    if (runner !== undefined) runner.taskletsTakenOver(this, other);
    for (const tasklet of this.softirqs.takeAll()) {
      tasklet.scheduled = false;
      other.taskletSchedule(tasklet);
    }
  }

  /** Two CPUs that begin or end to keep interrupts off do not mind each other, but whoever stops all CPUs minds both. */
  private announceWhetherStoppable(): void {
    this.interrupts.announce();
    this.machine.stopMachine.announceRead();
  }

  private handlePending(): void {
    if (!this.anyPending || this.irqsOff !== 0 || this.inHardirq) return;
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = this.id;
    this.interruptExit();
    machine.thisCpu = previous;
  }

  private handle(vector: number): void {
    const { machine } = this;
    this.hardirqs += 1;
    this.inHardirq = true;
    machine.vectorHandler(vector).handleInterrupt(this);
    if (machine.interruptNs !== 0) this.holdIrqs(machine.interruptNs);
    this.inHardirq = false;
  }

  /** After an interrupt: those that became pending meanwhile, then tasklets (irq_exit). */
  private interruptExit(): void {
    const { machine } = this;
    while (this.anyPending && this.irqsOff === 0) {
      const vector = machine.highestVectorFirst ? lastBit(this.pending) : nextBit(this.pending, 0);
      if (vector < 0) {
        this.anyPending = false;
        break;
      }
      clearBit(this.pending, vector);
      this.handle(vector);
    }
    if (this.softirqs.isPending) this.doSoftirq();
  }
}
