import type { CpuId } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import { irqSetAffinityAndHintSteps, irqUpdateAffinityHintSteps } from '../../irq/affinity/affinity.js';
import type { Procedure } from '../../machine/step.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import { freeQueue, type PciDriver, type PciMachine, requestQueue } from './driver.js';
import { Queue, queueInTurn } from './queue.js';

/** MANA_MAX_NUM_QUEUES */
const MAX_QUEUES = 64;

/**
 * A Microsoft Azure Network Adapter with its driver, as far as interrupts go
 * (drivers/net/ethernet/microsoft/mana/gdma_main.c mana_gd_setup_irqs): one for the channel by which it is set up, and
 * one for each queue. All are allocated at once, where kernels since 6.16 allocate those of queues one by one; who gets
 * which is the same. All CPUs are as near as another.
 */
export class ManaDevice implements PciDriver {
  queues: readonly Queue[] = [];
  private all: readonly Queue[] = [];

  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    readonly name: string,
  ) {}

  *probe(): Procedure<number> {
    const { core, msi } = this.machine;
    const max = Math.min(core.machine.online.weight, MAX_QUEUES) + 1;
    const count = yield* msi.allocIrqVectors(this.pci, 2, max);
    if (count < 0) return count;
    const perCpu = core.behaviour.manaAffinity === 'cpus';
    for (let i = 0; i < count; i++) {
      const queue = new Queue(`mana_${i === 0 ? 'hwc' : `q${i - 1}`}@pci:${this.pci.name}`, 'mana_gd_intr');
      const ret = yield* requestQueue(this.machine, this.pci, queue, i);
      if (ret !== 0) {
        yield* this.remove();
        return ret;
      }
      this.all = [...this.all, queue];
      if (perCpu) yield* this.ask(queue, this.nth(i));
    }
    this.queues = this.all.slice(1);
    if (!perCpu) yield* this.spread(count);
    return 0;
  }

  *remove(): Procedure<void> {
    const { core, msi } = this.machine;
    for (const queue of this.all) {
      if (queue.irq === undefined) continue;
      yield* irqUpdateAffinityHintSteps(core, queue.irq, null);
      yield* freeQueue(this.machine, queue);
      queue.abort();
    }
    this.all = [];
    this.queues = [];
    yield* msi.freeIrqVectors(this.pci);
  }

  queueOfFlow(_direction: 'rx' | 'tx', flow: number): Queue {
    return queueInTurn(this.name, this.queues, flow);
  }

  /**
   * With more interrupts than CPUs the first queue shares the first CPU with the channel; otherwise all have different
   * ones.
   */
  private *spread(count: number): Procedure<void> {
    const { machine, behaviour } = this.machine.core;
    const isAll = count > machine.online.weight;
    if (isAll) yield* this.ask(this.all[0], this.nth(0));
    const linear = isAll && behaviour.manaAffinity === 'coresUnlessAll';
    const cores = linear ? [...machine.online].map((cpu) => this.only(cpu)) : this.cores();
    const toSpread = isAll ? this.queues : this.all;
    for (const [i, queue] of toSpread.entries()) {
      if (!linear || i < cores.length) yield* this.ask(queue, cores[i % cores.length]);
    }
  }

  private *ask(queue: Queue, mask: CpuMask): Procedure<void> {
    if (queue.irq !== undefined) yield* irqSetAffinityAndHintSteps(this.machine.core, queue.irq, mask);
  }

  /** The nth online CPU, from the start again after the last (cpumask_local_spread). */
  private nth(n: number): CpuMask {
    const { online } = this.machine.core.machine;
    return this.only([...online][n % online.weight]);
  }

  /** The threads of each core: irq_setup takes no core again before all have been taken. */
  private cores(): CpuMask[] {
    const { topology, possible, nrCpuIds } = this.machine.core.machine;
    const cores = new Map<string, CpuMask>();
    for (const cpu of possible) {
      const place = `${topology.package[cpu]}:${topology.core[cpu]}`;
      const threads = cores.get(place) ?? CpuMask.of(nrCpuIds, []);
      threads.set(cpu);
      cores.set(place, threads);
    }
    return [...cores.values()];
  }

  private only(cpu: CpuId): CpuMask {
    return CpuMask.of(this.machine.core.machine.nrCpuIds, [cpu]);
  }
}
