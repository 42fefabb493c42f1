import type { CpuId } from '../lib/brand.js';
import type { Lock } from './lock.js';
import { type Procedure, SharedObject, type Step } from './step.js';

/** One piece of work for a workqueue, in process context. */
export type Work = () => Procedure<void>;

/** A work's turn in a queue. */
export interface Turn {
  readonly work: Work;
  /** The kernel's function that it runs. */
  readonly func: string;
  readonly item: WorkItem | undefined;
  readonly cpu: CpuId;
  /** The CPU that its user asked for. */
  readonly requestedCpu: CpuId;
  /** It waits its turn until nobody holds this lock. */
  readonly gate: Lock | undefined;
  /** It is among those that may run (__queue_work, pwq_activate_work). */
  active: boolean;
  /** A worker waits at the gate. */
  claimed: boolean;
  /** It has run, or has been taken back. */
  ended: boolean;
}

/** Waits until a turn has ended. Whoever labels steps copies them, so it is known by what it has. */
interface EndOfTurn extends Step {
  readonly turn: Turn;
}

function isEndOfTurn(step: Step): step is EndOfTurn {
  return 'turn' in step;
}

/**
 * A work that can be queued again and again, waited for and taken back (struct work_struct). It never runs beside
 * itself: queued again while it runs, it runs once more when that run has ended.
 *
 * Access rules: `pending`, `running` and `cancelling` are the queue's, which announces this object when it changes them.
 */
export class WorkItem extends SharedObject {
  /** Its turn that has not begun (WORK_STRUCT_PENDING). */
  pending: Turn | undefined = undefined;
  /** Its turn that has begun and not ended. */
  running: Turn | undefined = undefined;
  /** How many wait in cancel_work_sync; the work is not queued meanwhile (WORK_OFFQ_DISABLE). */
  cancelling = 0;

  constructor(
    name: string,
    readonly work: Work,
  ) {
    super(name);
  }

  /** The kernel's function that it runs: its name up to the thing that it is for. */
  get func(): string {
    return this.name.replace(/ .*$/, '');
  }

  /** True if it is queued and has not begun (work_pending). */
  get isPending(): boolean {
    this.announceRead();
    return this.pending !== undefined;
  }

  override blocks(step: Step): boolean {
    return isEndOfTurn(step) && !step.turn.ended;
  }

  /** A turn is over: whoever waits for it may go on. */
  end(turn: Turn): void {
    turn.ended = true;
    if (this.pending === turn) this.pending = undefined;
    if (this.running === turn) this.running = undefined;
    this.wakeWaiters();
  }

  /** Waits for `turn`, if there is one. */
  *awaitEnd(turn: Turn | undefined): Procedure<void> {
    if (turn === undefined) return;
    const end: EndOfTurn = { object: this, kind: 'wait', turn };
    yield end;
  }
}
