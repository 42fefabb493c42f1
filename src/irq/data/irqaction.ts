import type { Irq } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { SharedVar } from '../../machine/shared-var.js';
import { inOneGo, type Procedure } from '../../machine/step.js';

/** Results of a handler (enum irqreturn). */
export const IRQ_NONE = 0;
export const IRQ_HANDLED = 1;
export const IRQ_WAKE_THREAD = 2;

/** Handles an interrupt on the CPU it came to, in hard interrupt context. */
export interface IrqHandler {
  (irq: Irq, devId: unknown): number;
  /** The same step by step; missing: all of it is one step. */
  readonly steps?: (irq: Irq, devId: unknown) => Procedure<number>;
}
/** Handles the rest of an interrupt in its thread, where it may sleep. */
export type ThreadFn = (irq: Irq, devId: unknown) => Procedure<number>;

/** Trigger types (IRQ_TYPE_*), also the low bits of the request flags. */
export const irqType = {
  NONE: 0,
  EDGE_RISING: 1,
  EDGE_FALLING: 2,
  EDGE_BOTH: 3,
  LEVEL_HIGH: 4,
  LEVEL_LOW: 8,
  LEVEL_MASK: 0xc,
  SENSE_MASK: 0xf,
} as const;

export const IRQF_TRIGGER_RISING = 0x1;
export const IRQF_TRIGGER_FALLING = 0x2;
export const IRQF_TRIGGER_HIGH = 0x4;
export const IRQF_TRIGGER_LOW = 0x8;
export const IRQF_TRIGGER_MASK = 0xf;
export const IRQF_SHARED = 0x80;
export const IRQF_PROBE_SHARED = 0x100;
export const IRQF_PERCPU = 0x400;
export const IRQF_NOBALANCING = 0x800;
export const IRQF_IRQPOLL = 0x1000;
export const IRQF_ONESHOT = 0x2000;
export const IRQF_NO_SUSPEND = 0x4000;
export const IRQF_FORCE_RESUME = 0x8000;
export const IRQF_NO_THREAD = 0x10000;
export const IRQF_EARLY_RESUME = 0x20000;
export const IRQF_COND_SUSPEND = 0x40000;
export const IRQF_NO_AUTOEN = 0x80000;
export const IRQF_NO_DEBUG = 0x100000;
export const IRQF_COND_ONESHOT = 0x200000;
/** What of IRQF_TIMER says that it is a timer's (__IRQF_TIMER). */
export const IRQF_TIMER_ONLY = 0x200;
export const IRQF_TIMER = IRQF_TIMER_ONLY | IRQF_NO_SUSPEND | IRQF_NO_THREAD;

/** Handler of the second action of a request whose first one is forced into a thread; nobody calls it. */
export function irqForcedSecondaryHandler(): number {
  return IRQ_NONE;
}

/** Gives a handler the name by which the kernel's log knows the function that it stands for. */
export function named<T extends IrqHandler | ThreadFn>(handler: T, name: string): T {
  return Object.defineProperty(handler, 'name', { value: name });
}

/** The name of a device's handler that nobody has named: the device's, as far as a function can have it. */
export function handlerNameOf(device: string): string {
  return `${device.replace(/\W+/g, '_')}_interrupt`;
}

/** Handler of a request that has only a thread function (kernel/irq/manage.c irq_default_primary_handler). */
export function irqDefaultPrimaryHandler(): number {
  return IRQ_WAKE_THREAD;
}

/** The thread of an action. */
export interface ActionThread {
  /** Its name, of at most 15 characters (task comm). */
  readonly comm: string;
  /** The CPUs that it may run on. */
  readonly cpus: CpuMask;
  /** It has been woken and has not begun to run yet (IRQTF_RUNTHREAD). */
  readonly runThread: SharedVar<boolean>;
  /** It looks again whether it has something to do (wake_up_state). */
  wakeUp(): void;
  /** Lets it run for the first time, and waits until it has begun to (wake_up_and_wait_for_irq_thread_ready). */
  start(): Procedure<void>;
  /** Ends the thread after the work it has been woken for (kthread_stop). */
  stop(): Procedure<void>;
}

/** One requester of an interrupt (struct irqaction). */
export class IrqAction {
  // The handler, its dev_id and what comes next are what each interrupt touches: the constructor's properties, then this.
  next: IrqAction | undefined = undefined;
  irq: Irq = 0;
  /** This action's bit among those of the line's threads that must end before it is unmasked: the lower 32 of 64. */
  threadMask = 0;
  /** The upper 32. */
  threadMaskHigh = 0;
  thread: ActionThread | undefined = undefined;
  /** CPUs whose interrupts of a per-CPU line are this action's; undefined: all. */
  affinity: CpuMask | undefined = undefined;
  /** The requester's own thread function, where its handler is forced into a thread (struct irqaction secondary). */
  secondary: IrqAction | undefined = undefined;
  /** The missing thread function has been complained about (IRQTF_WARNED). */
  warned = false;
  readonly threadFn: ThreadFn | null;
  flags: number;
  /** The requester's own text: if that is written again, the action is called so. */
  name: string | null;

  constructor(
    readonly handler: IrqHandler,
    readonly devId: unknown,
    { threadFn, flags, name }: Readonly<Pick<IrqAction, 'threadFn' | 'flags' | 'name'>>,
  ) {
    this.threadFn = threadFn;
    this.flags = flags;
    this.name = name;
  }

  /** `handler` step by step. @primitive */
  handlerSteps(irq: Irq, devId: unknown): Procedure<number> {
    const { handler } = this;
    return handler.steps?.(irq, devId) ?? inOneGo(() => handler(irq, devId));
  }

  /** Lets its threads run, see ActionThread. */
  *startThreads(): Procedure<void> {
    if (this.thread) yield* this.thread.start();
    if (this.secondary?.thread) yield* this.secondary.thread.start();
  }

  /** Ends its threads, see ActionThread. */
  *stopThreads(): Procedure<void> {
    if (this.thread) yield* this.thread.stop();
    if (this.secondary?.thread) yield* this.secondary.thread.stop();
  }
}
