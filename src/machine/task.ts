import type { CpuId, Ns } from '../lib/brand.js';
import type { ClockEvent } from './clock.js';
import type { Procedure, RunningContext, Step, Waiter } from './step.js';

/** Whether a task can go on, waits, or has ended. */
export type TaskState = 'ready' | 'blocked' | 'done';

/** The tasks that can go on, in the order in which they will. */
export interface RunQueue {
  /** Puts a task at the end. */
  push(task: Task): void;
}

/** What a new process context is called. */
export interface TaskIdentity {
  /** What Linux calls it, at most 15 characters of which count; default: the name of the model. */
  readonly comm?: string;
  /** Its process id, where it has one already; default: the next one. */
  readonly pid?: number;
  /** The workqueue that it serves; default: it is no worker. */
  readonly workqueue?: string;
}

/** A process context: one running procedure on a CPU, that may sleep. Made by Machine.spawn. */
export class Task implements Waiter, RunningContext {
  state: TaskState = 'ready';
  /** The step that the task waits to do; undefined unless blocked. */
  blockedOn: Step | undefined;
  /** True once the task was woken by the end of a time limit or sleep, not by its object. */
  timedOut = false;
  result: unknown;
  error: unknown;
  failed = false;
  /** Whoever started the task takes its error; other tasks' errors end the machine's run. */
  errorTaken = false;
  /** Ends the present wait or sleep; undefined without a time limit. */
  limit: ClockEvent | undefined;
  readonly functions: string[] = [];
  /** Since when it waits for the object that it is blocked on, in ns. */
  sinceNs: Ns = 0;
  /** How often it has given its CPU away to wait (nvcsw). */
  switches = 0;

  constructor(
    private readonly runQueue: RunQueue,
    readonly name: string,
    readonly proc: Procedure<unknown>,
    /** Where it runs, unless that CPU is offline; see Machine.setCpusAllowed. */
    public cpu: CpuId,
    readonly pid: number,
    /** What Linux calls it. */
    readonly comm: string,
    /** The workqueue that it serves; undefined for what is no worker. */
    readonly workqueue: string | undefined,
  ) {}

  /** Makes a blocked task ready; it checks its step again when it runs. */
  wake(): void {
    if (this.state !== 'blocked') return;
    this.state = 'ready';
    this.runQueue.push(this);
  }
}
