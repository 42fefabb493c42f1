import { type Token, token } from '../lib/token.js';
import type { RcuNode } from '../machine/rcu.js';
import { Lock } from '../machine/lock.js';
import type { Procedure } from '../machine/step.js';
import type { IrqAckNotifiers } from './ack-notifiers.js';
import { type IrqLines, type ResampledIrqfd, Resampler } from './resampler.js';
import type { IrqSourceIds } from './source-ids.js';

/** The interrupt lines of a virtual machine, who asserts them and who is told of their ends. */
export interface ResampledLines extends IrqLines {
  /** Under which the ack notifiers change (kvm->irq_lock). */
  readonly irqLock: Lock;
  readonly ackNotifiers: IrqAckNotifiers;
  readonly sourceIds: IrqSourceIds;
}

/** How the resamplers of lines come and go: the design that the threads on level irqfds argue about. */
export interface ResamplerLifetime {
  /** Ties an irqfd with resampling to its line's resampler, making one if there is none; 0 or a negative errno. */
  assign(irqfd: ResampledIrqfd): Procedure<number>;
  /** Unties an irqfd; takes the resampler down if it was the last one. */
  shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void>;
  /** The users of a line's irqfds look at their devices. @returns false if it has none (kvm_notify_irqfd_resampler). */
  notify(gsi: number): Procedure<boolean>;
}

/** Builds a variant for one virtual machine. */
export type ResamplerLifetimeFactory = (kvm: ResampledLines) => ResamplerLifetime;

/** Plug-in point: choices of the design axis irqfdSource. Bind each under its name. */
export const IRQFD_SOURCE: Token<ResamplerLifetimeFactory> = token('IrqfdSource');

/**
 * What all variants share: the resamplers of a virtual machine.
 *
 * Access rules: the resamplers, and which irqfds each has, belong to `lock` (irqfds.resampler_lock).
 */
export abstract class Resamplers implements ResamplerLifetime {
  protected readonly lock = new Lock('resampler_lock');
  private readonly resamplers: Resampler[] = [];

  constructor(protected readonly kvm: ResampledLines) {}

  abstract assign(irqfd: ResampledIrqfd): Procedure<number>;
  abstract shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void>;

  *notify(gsi: number): Procedure<boolean> {
    const resampler = this.find(gsi);
    if (resampler === undefined) return false;
    yield* resampler.notify();
    return true;
  }

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
  protected *link(resampler: Resampler, node: RcuNode<ResampledIrqfd>): Procedure<void> {
    yield resampler.irqfds.update;
    resampler.irqfds.addHead(node);
  }

  /** list_del_rcu from the resampler's list. */
  protected *unlink(resampler: Resampler, node: RcuNode<ResampledIrqfd>): Procedure<void> {
    yield resampler.irqfds.update;
    resampler.irqfds.delete(node);
  }
}
