import type { CpuId } from '../lib/brand.js';
import { WaitQueue } from './completion.js';
import { kworkers } from './kworkers.js';
import type { Lock } from './lock.js';
import { drainStores } from './memory.js';
import type { Machine } from './machine.js';
import { perMachine } from './per-machine.js';
import { inFrame, type Procedure } from './step.js';
import {
  workqueueActivateWork,
  workqueueActivateWorkOnly,
  workqueueExecuteEnd,
  workqueueExecuteStart,
  workqueueQueueWork,
} from './trace-events.js';
import { type Turn, type Work, WorkItem } from './work-item.js';

export { type Work, WorkItem } from './work-item.js';

/** Works of system_wq that run beside each other on one CPU (WQ_DFL_ACTIVE). */
const WQ_DFL_ACTIVE = 256;

/** What differs between workqueues. */
export interface WorkqueueOptions {
  /**
   * The queue belongs to the CPUs, and so many of its works run beside each other on each of them (alloc_workqueue with
   * max_active; 1: create_workqueue). Default: an ordered queue, one work at a time on the whole machine.
   */
  readonly maxActive?: number;
}

/** What queue_work asks for instead of a CPU (NR_CPUS). */
const WORK_CPU_UNBOUND = 8192;

/** How a work is queued. */
export interface QueueOptions {
  /**
   * The work does not begin while somebody holds this lock: a work that tries for the lock, and queues itself again when it
   * cannot have it. Linux has it try over and over.
   */
  readonly gate?: Lock;
  /** The kernel's function that it runs, as tracepoints tell; default: the item's name. */
  readonly func?: string;
  /** Its user left the choice of the CPU to the kernel (queue_work). */
  readonly anyCpu?: boolean;
}

/** Where works wait for the workers that serve them: all of an ordered queue, or those of one CPU. */
interface Pool {
  readonly turns: Turn[];
  /** Workers that have not ended. */
  workers: number;
}

/**
 * A workqueue (kernel/workqueue.c). Works begin in the order in which they were queued, and at most as many run beside
 * each other as the queue allows: one that waits keeps those behind it waiting, once there is no worker left for them.
 */
export class Workqueue {
  private readonly pools: Pool[] = [];
  private readonly isOrdered: boolean;
  private readonly maxActive: number;
  private workers = 0;
  private readonly idle: WaitQueue;

  constructor(
    private readonly machine: Machine,
    readonly name: string,
    { maxActive }: WorkqueueOptions = {},
  ) {
    if (maxActive !== undefined && !(Number.isInteger(maxActive) && maxActive >= 1))
      throw new RangeError(`workqueue ${name} cannot have ${maxActive} works at a time; 1 or more can run`);
    this.isOrdered = maxActive === undefined;
    this.maxActive = maxActive ?? 1;
    this.idle = new WaitQueue(name, () => this.workers === 0);
  }

  /** Waits until nothing is queued or running (drain_workqueue). */
  drained(): Procedure<void> {
    return this.idle.wait();
  }

  /** True when nothing is queued or running. */
  get isIdle(): boolean {
    this.idle.announceRead();
    return this.workers === 0;
  }

  /**
   * Appends `work`, to run on `cpu` (queue_work_on, whose test_and_set_bit is a locked instruction).
   *
   * @param cpu default: CPU 0, for a user that left it to the kernel.
   * @returns false for an item that is queued already and has not begun, or is being taken back.
   */
  queue(work: Work | WorkItem, cpu?: CpuId, { gate, func, anyCpu }: QueueOptions = {}): boolean {
    drainStores();
    const how = {
      cpu: cpu ?? 0,
      requestedCpu: anyCpu || cpu === undefined ? WORK_CPU_UNBOUND : cpu,
      gate,
      active: false,
      claimed: false,
      ended: false,
    };
    if (!(work instanceof WorkItem)) {
      this.append({ work, func: func ?? 'work', item: undefined, ...how });
      return true;
    }
    work.announce();
    if (work.pending !== undefined || work.cancelling > 0) return false;
    work.pending = {
      work: work.work,
      func: func ?? work.func,
      item: work,
      ...how,
      cpu: work.running?.cpu ?? how.cpu,
    };
    this.append(work.pending);
    return true;
  }

  /** Waits for the run of `item` that is queued now, or else for the one that has begun (flush_work). */
  *flush(item: WorkItem): Procedure<void> {
    yield* item.awaitEnd(item.pending ?? item.running);
  }

  /**
   * Takes `item` back if it has not begun, and waits until it does not run (cancel_work_sync). A caller that holds what
   * the work waits for never returns.
   *
   * @returns true if it was queued.
   */
  *cancelSync(item: WorkItem): Procedure<boolean> {
    item.announce();
    const { pending } = item;
    if (pending !== undefined) {
      const { turns } = this.poolOf(pending.cpu);
      this.idle.announce();
      turns.splice(turns.indexOf(pending), 1);
      item.end(pending);
    }
    item.cancelling += 1;
    yield* item.awaitEnd(item.running);
    item.announce();
    item.cancelling -= 1;
    return pending !== undefined;
  }

  private append(turn: Turn): void {
    this.idle.announce();
    const pool = this.poolOf(turn.cpu);
    pool.turns.push(turn);
    this.traceQueued(turn);
    if (pool.workers === this.maxActive) return;
    this.activate(turn);
    pool.workers += 1;
    this.workers += 1;
    this.startWorker(pool, turn.cpu);
  }

  private traceQueued(turn: Turn): void {
    const { machine, name: workqueue } = this;
    machine.tracePort?.emit(workqueueQueueWork, {
      work: workAddress(machine, turn),
      function: turn.func,
      workqueue,
      req_cpu: turn.requestedCpu,
      cpu: this.isOrdered ? -1 : turn.cpu,
    });
  }

  private activate(turn: Turn): void {
    if (turn.active) return;
    turn.active = true;
    const { machine } = this;
    const { tracePort } = machine;
    if (tracePort === undefined) return;
    const work = workAddress(machine, turn);
    // A kernel has one of the two.
    tracePort.emit(workqueueActivateWork, { work, function: turn.func });
    tracePort.emit(workqueueActivateWorkOnly, { work });
  }

  /** A worker of the kernel's pools, whose name and number it has; an explorer's world knows it by the queue. */
  private startWorker(pool: Pool, cpu: CpuId): void {
    const { machine, name } = this;
    if (machine.runner !== undefined) {
      machine.spawn(name, this.serve(pool, cpu), cpu);
      return;
    }
    const workers = kworkers(machine, this.isOrdered ? undefined : cpu);
    const worker = workers.take();
    const proc = whenDone(this.serve(pool, cpu), () => workers.giveBack(worker));
    machine.spawn(name, proc, cpu, { ...worker, workqueue: name });
  }

  private poolOf(cpu: CpuId): Pool {
    const at = this.isOrdered ? 0 : cpu;
    this.pools[at] ??= { turns: [], workers: 0 };
    return this.pools[at];
  }

  /** A worker (worker_thread). In an ordered queue the first work for another CPU goes on there. */
  private *serve(pool: Pool, cpu: CpuId): Procedure<void> {
    for (let next = this.first(pool); next !== undefined; next = this.first(pool)) {
      if (next.cpu !== cpu) {
        this.startWorker(pool, next.cpu);
        return;
      }
      if (next.gate !== undefined) {
        next.claimed = true;
        yield* next.gate.untilFree();
      }
      if (!next.ended) yield* this.run(pool, next);
    }
    pool.workers -= 1;
    this.workers -= 1;
    if (this.workers === 0) this.idle.wakeUp();
  }

  /** The next work that may begin: not one that runs already, on behalf of an earlier turn. */
  private first({ turns }: Pool): Turn | undefined {
    this.idle.announce();
    return turns.find(({ item, claimed }) => !claimed && item?.running === undefined);
  }

  private trace(event: typeof workqueueExecuteStart, turn: Turn): void {
    const { machine } = this;
    machine.tracePort?.emit(event, { work: workAddress(machine, turn), function: turn.func });
  }

  private *run({ turns }: Pool, turn: Turn): Procedure<void> {
    const { item } = turn;
    turns.splice(turns.indexOf(turn), 1);
    if (item !== undefined) {
      item.announce();
      item.pending = undefined;
      item.running = turn;
    }
    this.activate(turn);
    this.trace(workqueueExecuteStart, turn);
    yield* item === undefined ? turn.work() : inFrame(item.name, turn.work());
    this.trace(workqueueExecuteEnd, turn);
    item?.end(turn);
  }
}

/** Addresses of works (struct work_struct): each has its own while it is there. */
const workAddresses = perMachine(() => ({ next: 0x10_0000, known: new WeakMap<object, number>() }));
const WORK_BYTES = 0x40;

function workAddress(machine: Machine, turn: Turn): number {
  const addresses = workAddresses(machine);
  const work = turn.item ?? turn;
  const known = addresses.known.get(work) ?? addresses.next;
  if (known === addresses.next) {
    addresses.known.set(work, known);
    addresses.next += WORK_BYTES;
  }
  return known;
}

function* whenDone(proc: Procedure<void>, done: () => void): Procedure<void> {
  try {
    yield* proc;
  } finally {
    done();
  }
}

/** The queue that everybody shares (system_wq): where schedule_work has works run. */
export const systemWq = perMachine(
  (machine) => new Workqueue(machine, 'events', { maxActive: WQ_DFL_ACTIVE }),
);
