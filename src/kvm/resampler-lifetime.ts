import type { RcuNode } from '../machine/rcu.js';
import { Lock } from '../machine/lock.js';
import type { Procedure } from '../machine/step.js';
import type { KernelIrqfd } from './irqfd.js';
import type { Kvm } from './kvm.js';
import { Resampler } from './resampler.js';

/** How the resamplers of lines come and go: the design that the threads on level irqfds argue about. */
export interface ResamplerLifetime {
  /** Ties an irqfd with resampling to its line's resampler, making one if there is none; 0 or a negative errno. */
  assign(irqfd: KernelIrqfd): Procedure<number>;
  /** Unties an irqfd; takes the resampler down if it was the last one. */
  shutdown(irqfd: KernelIrqfd, resampler: Resampler): Procedure<void>;
}

/** Builds a variant for one virtual machine. */
export type ResamplerLifetimeFactory = (kvm: Kvm) => ResamplerLifetime;

/**
 * What all variants share: the resamplers of a virtual machine.
 *
 * Access rules: the resamplers, and which irqfds each has, belong to `lock` (irqfds.resampler_lock).
 */
export abstract class Resamplers implements ResamplerLifetime {
  protected readonly lock = new Lock('resampler_lock');
  private readonly resamplers: Resampler[] = [];

  constructor(protected readonly kvm: Kvm) {}

  abstract assign(irqfd: KernelIrqfd): Procedure<number>;
  abstract shutdown(irqfd: KernelIrqfd, resampler: Resampler): Procedure<void>;

  protected find(gsi: number): Resampler | undefined {
    return this.resamplers.find((resampler) => resampler.gsi === gsi);
  }

  protected add(gsi: number, sourceId: number): Resampler {
    const resampler = new Resampler(this.kvm, gsi, sourceId);
    this.resamplers.push(resampler);
    return resampler;
  }

  protected remove(resampler: Resampler): void {
    this.resamplers.splice(this.resamplers.indexOf(resampler), 1);
  }

  /** list_add_rcu to the resampler's list. */
  protected *link(resampler: Resampler, node: RcuNode<KernelIrqfd>): Procedure<void> {
    yield resampler.irqfds.update;
    resampler.irqfds.addHead(node);
  }

  /** list_del_rcu from the resampler's list. */
  protected *unlink(resampler: Resampler, node: RcuNode<KernelIrqfd>): Procedure<void> {
    yield resampler.irqfds.update;
    resampler.irqfds.delete(node);
  }
}
