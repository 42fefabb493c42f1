import type { CpuId, Ns } from '../../lib/brand.js';
import type { Cpu } from '../../machine/cpu.js';
import type { IrqWork } from '../../machine/irq-work.js';
import type { BufferedStore, StoreBuffer } from '../../machine/memory.js';
import type { Tasklet } from '../../machine/tasklet.js';
import { type Procedure, SharedObject, type Step } from '../../machine/step.js';

export const contextKind = { TASK: 0, SOFTIRQ: 1, HARDIRQ: 2, COMMIT: 3, EARLY: 4 } as const;

/** What a context is to its CPU: see `contextKind`. */
export type ContextKind = (typeof contextKind)[keyof typeof contextKind];

/** No deadline: the context waits for no point of time. */
export const NO_DEADLINE: Ns = -1;

/** What an interrupt or tasklet is to those who raise it: the object of the step by which it begins. */
export class Entry extends SharedObject {
  readonly enter: Step = { object: this, kind: 'acquire' };
  /** A tasklet that may be scheduled on several CPUs runs on one at a time. */
  running = false;

  override blocks(): boolean {
    return this.running;
  }

  /** Tells those who watch that it was raised, or has ended. */
  changed(): void {
    this.wakeWaiters();
  }
}

/** A CPU, or a thread of execution beside them: a column of the trace. */
export class Lane {
  /** -1 if this is no CPU. */
  cpu: CpuId = -1;
  name = '';
  buffer: StoreBuffer | undefined;
  /** The phantom contexts that let stores of `buffer` reach memory: one, or on arm64 one for each word. */
  readonly commits: Context[] = [];
  /** On arm64, the phantom context that has the next load read an older store. */
  early: Context | undefined;
  hardirq: Context | undefined;
  softirq: Context | undefined;
  /** The task that ran last. */
  current: Context | undefined;
  /** The task that keeps other contexts away by irqsOff or bhOff. */
  owner: Context | undefined;
  irqsOff = 0;
  bhOff = 0;
  /** A tasklet must run before a task goes on. */
  softirqDue = false;
  /** An interrupt has returned, which lets the CPU go on only once all its stores are visible. */
  mustDrain = false;
  /** Number of contexts that share the CPU, phantoms not counted. */
  contexts = 0;
  /** The attached machine's CPU. */
  machineCpu: Cpu | undefined;

  constructor(readonly index: number) {}

  reset(cpu: CpuId, name: string, buffer: StoreBuffer | undefined): void {
    this.cpu = cpu;
    this.name = name;
    this.buffer = buffer;
    if (this.commits.length !== 0) this.commits.length = 0;
    this.early = undefined;
    this.hardirq = undefined;
    this.softirq = undefined;
    this.current = undefined;
    this.owner = undefined;
    this.irqsOff = 0;
    this.bhOff = 0;
    this.softirqDue = false;
    this.mustDrain = false;
    this.contexts = 0;
    this.machineCpu = undefined;
  }

  /** True while code on this CPU keeps interrupts away. */
  get irqsDisabled(): boolean {
    return this.irqsOff !== 0 || this.machineCpu?.irqsDisabled === true;
  }

  /** True while code on this CPU keeps tasklets away. */
  get keepsTaskletsAway(): boolean {
    return this.bhOff !== 0 || this.irqsDisabled;
  }

  /** True if several contexts share this CPU, so that they exclude each other, or at least its store buffer. */
  get isShared(): boolean {
    return this.contexts > 1 && (this.cpu >= 0 || this.buffer !== undefined);
  }
}

/** One thing that can make a step: a task, an interrupt, a tasklet, or a phantom for what the CPU's memory does by itself. */
export class Context {
  name = '';
  kind: ContextKind = contextKind.TASK;
  /** The running procedure; undefined while an interrupt or tasklet is not running. */
  proc: Procedure<unknown> | undefined;
  /** What it is about to do; undefined if nothing. */
  step: Step | undefined;
  entry: Entry | undefined;
  make: (() => Procedure<unknown>) | undefined;
  /** The attached machine's tasklet that this runs. */
  tasklet: Tasklet | undefined;
  /** Its irq_work that this runs. */
  irqWork: IrqWork | undefined;
  /** An interrupt or tasklet that is to begin (once more). */
  raised = false;
  /** A tasklet that must run before the tasks of its CPU go on. */
  due = false;
  virtualTime = false;
  deadlineNs: Ns = NO_DEADLINE;
  lane: Lane;
  /** Of a phantom that lets stores reach memory: those to this object only. */
  store: BufferedStore | undefined;
  /** Where it goes on with its next step, if elsewhere. */
  nextLane: Lane | undefined;

  constructor(
    readonly pid: number,
    lane: Lane,
  ) {
    this.lane = lane;
  }

  reset(lane: Lane, kind: ContextKind, name: string): void {
    this.lane = lane;
    this.kind = kind;
    this.name = name;
    this.proc = undefined;
    this.step = undefined;
    this.entry = undefined;
    this.make = undefined;
    this.tasklet = undefined;
    this.irqWork = undefined;
    this.raised = false;
    this.due = false;
    this.virtualTime = false;
    this.deadlineNs = NO_DEADLINE;
    this.store = undefined;
    this.nextLane = undefined;
  }

  /** True for what is no code: what the CPU's memory does by itself. */
  get isPhantom(): boolean {
    return this.kind === contextKind.COMMIT || this.kind === contextKind.EARLY;
  }
}
