import type { CpuId } from '../lib/brand.js';
import type { Machine } from './machine.js';
import { perMachine } from './per-machine.js';

/** A kernel worker: its name and process id. */
export interface Kworker {
  readonly comm: string;
  readonly pid: number;
}

/** Workers of one pool: those of a CPU, or those that belong to none. */
class WorkerPool {
  private readonly workers: Kworker[] = [];
  private readonly busy = new Set<Kworker>();

  constructor(
    private readonly machine: Machine,
    private readonly prefix: string,
  ) {}

  /** The worker with the lowest number that has nothing to do; a new one if all have (create_worker). */
  take(): Kworker {
    let free = this.workers.find((worker) => !this.busy.has(worker));
    if (free === undefined) {
      free = { comm: `${this.prefix}:${this.workers.length}`, pid: this.machine.newPid() };
      this.workers.push(free);
    }
    this.busy.add(free);
    return free;
  }

  giveBack(worker: Kworker): void {
    this.busy.delete(worker);
  }
}

/** The kernel's workers by their pools (kernel/workqueue.c struct worker_pool): `kworker/0:1`, and `kworker/u8:0` of no CPU. */
class Kworkers {
  private readonly pools = new Map<CpuId | undefined, WorkerPool>();

  constructor(private readonly machine: Machine) {}

  /** @param cpu undefined for work that belongs to no CPU (WQ_UNBOUND). */
  pool(cpu: CpuId | undefined): WorkerPool {
    let pool = this.pools.get(cpu);
    if (pool === undefined) {
      // Each CPU has two pools, whose numbers come first.
      const prefix = cpu === undefined ? `kworker/u${2 * this.machine.nrCpuIds}` : `kworker/${cpu}`;
      pool = new WorkerPool(this.machine, prefix);
      this.pools.set(cpu, pool);
    }
    return pool;
  }
}

const kworkersOf = perMachine((machine) => new Kworkers(machine));

/** The workers for `cpu`, or for work that belongs to no CPU. */
export function kworkers(machine: Machine, cpu: CpuId | undefined): Pick<WorkerPool, 'take' | 'giveBack'> {
  return kworkersOf(machine).pool(cpu);
}
