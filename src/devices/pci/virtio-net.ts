import { errnoValue } from '../../lib/errno.js';
import { irqSetAffinityAndHintSteps, irqUpdateAffinityHintSteps } from '../../irq/affinity/affinity.js';
import { CpuMask } from '../../machine/cpumask.js';
import { cpuhpPlace } from '../../machine/hotplug.js';
import type { HotplugState } from '../../machine/hotplug-state.js';
import type { Procedure } from '../../machine/step.js';
import type { PciDriver, PciMachine } from './driver.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import { Queue } from './queue.js';
import { VirtioPci } from './virtio-pci.js';

/** A virtio network adapter and its driver, as far as interrupts go (drivers/net/virtio_net.c). */
export class VirtioNetDevice implements PciDriver {
  readonly name: string;
  /** input.0, output.0, input.1, …; the control queue has no callback and so no interrupt. */
  readonly queues: readonly Queue[];
  private readonly transport: VirtioPci;
  private currQueuePairs = 1;
  private hasHints = false;
  private readonly hotplug: HotplugState;

  /** @param maxQueuePairs pairs of queues that the device has, 1 or more. */
  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    index: number,
    private readonly maxQueuePairs: number,
  ) {
    this.name = `virtio${index}`;
    this.queues = Array.from({ length: maxQueuePairs }, (_, i) => [
      new Queue(`input.${i}`),
      new Queue(`output.${i}`),
    ]).flat();
    this.transport = new VirtioPci(machine, pci, this.name);
    this.hotplug = {
      name: 'virtio/net:online',
      place: cpuhpPlace.onlineDyn,
      functions: { startup: 'virtnet_cpu_online', teardown: 'virtnet_cpu_down_prep' },
      startup: () => this.setAffinity(),
      teardown: () => this.cleanAffinity(),
      dead: () => this.setAffinity(),
    };
  }

  /** virtnet_probe: as many pairs are used as CPUs are online. */
  *probe(): Procedure<number> {
    const { machine } = this.machine.core;
    this.currQueuePairs = Math.min(this.maxQueuePairs, machine.online.weight);
    const ret = yield* this.transport.findVqs(this.queues, undefined);
    if (ret !== 0) return ret;
    yield* this.underCpusReadLock(this.setAffinity());
    machine.hotplug.addInstance(this.hotplug);
    return 0;
  }

  /** virtnet_remove. */
  *remove(): Procedure<void> {
    this.machine.core.machine.hotplug.removeInstance(this.hotplug);
    yield* this.cleanAffinity();
    yield* this.transport.delVqs();
    for (const queue of this.queues) queue.abort();
  }

  queueOfFlow(direction: 'rx' | 'tx', flow: number): Queue {
    return this.queues[2 * (flow % this.currQueuePairs) + (direction === 'rx' ? 0 : 1)];
  }

  /** virtnet_set_channels. */
  *setQueues(count: number): Procedure<number> {
    if (count > this.maxQueuePairs || count < 1) return errnoValue('EINVAL');
    this.currQueuePairs = count;
    yield* this.underCpusReadLock(this.setAffinity());
    return 0;
  }

  /** Gives each pair of queues CPUs of its own, as evenly as it goes (virtnet_set_affinity). */
  private *setAffinity(): Procedure<void> {
    const { nrCpuIds, online } = this.machine.core.machine;
    const cpus = [...online];
    const pairs = this.currQueuePairs;
    const stride = Math.max(Math.floor(cpus.length / pairs), 1);
    const stragglers = cpus.length >= pairs ? cpus.length % pairs : 0;
    let next = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const mask = new CpuMask(nrCpuIds);
      const size = stride + (pair < stragglers ? 1 : 0);
      for (let i = 0; i < size; i++) mask.set(cpus[next++ % cpus.length]);
      yield* this.hint(pair, mask);
    }
    this.hasHints = true;
  }

  /** virtnet_clean_affinity. */
  private *cleanAffinity(): Procedure<void> {
    if (!this.hasHints) return;
    for (let pair = 0; pair < this.maxQueuePairs; pair++) yield* this.hint(pair, null);
    this.hasHints = false;
  }

  /** virtqueue_set_affinity of both queues of a pair (vp_set_vq_affinity). */
  private *hint(pair: number, mask: CpuMask | null): Procedure<void> {
    const { core } = this.machine;
    for (const { irq } of this.queues.slice(2 * pair, 2 * pair + 2)) {
      if (irq === undefined) continue;
      if (mask === null) yield* irqUpdateAffinityHintSteps(core, irq, null);
      else yield* irqSetAffinityAndHintSteps(core, irq, mask);
    }
  }

  private *underCpusReadLock(proc: Procedure<void>): Procedure<void> {
    const { hotplug } = this.machine.core.machine;
    yield* hotplug.cpusReadLock();
    yield* proc;
    yield* hotplug.cpusReadUnlock();
  }
}
