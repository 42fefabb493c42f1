import type { CpuId } from '../lib/brand.js';
import { WaitQueue } from './completion.js';
import { drainStores } from './memory.js';
import type { Machine } from './machine.js';
import type { Procedure } from './step.js';

/** One piece of work for a workqueue, in process context. */
export type Work = () => Procedure<void>;

/** An ordered workqueue: its works run one after another, in the order they were queued (alloc_ordered_workqueue). */
export class Workqueue {
  private readonly works: { work: Work; cpu: CpuId }[] = [];
  private running = false;
  private readonly idle: WaitQueue;

  constructor(
    private readonly machine: Machine,
    readonly name: string,
  ) {
    this.idle = new WaitQueue(name, () => !this.running);
  }

  /** Waits until nothing is queued or running (drain_workqueue). */
  drained(): Procedure<void> {
    return this.idle.wait();
  }

  /** True when nothing is queued or running. */
  get isIdle(): boolean {
    this.idle.announceRead();
    return !this.running;
  }

  /** Appends `work`, to run on `cpu` (queue_work_on, whose test_and_set_bit is a locked instruction). */
  queue(work: Work, cpu: CpuId = 0): void {
    drainStores();
    this.idle.announce();
    this.works.push({ work, cpu });
    if (this.running) return;
    this.running = true;
    this.machine.spawn(this.name, this.drain(cpu), cpu);
  }

  private first(): { work: Work; cpu: CpuId } | undefined {
    this.idle.announce();
    return this.works[0];
  }

  /** Runs the works for `cpu`; the first one for another CPU goes on there. */
  private *drain(cpu: CpuId): Procedure<void> {
    for (let next = this.first(); next !== undefined; next = this.first()) {
      if (next.cpu !== cpu) {
        this.machine.spawn(this.name, this.drain(next.cpu), next.cpu);
        return;
      }
      this.works.shift();
      yield* next.work();
    }
    this.running = false;
    this.idle.wakeUp();
  }
}
