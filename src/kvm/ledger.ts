import type { ResampledIrqfd } from './resampler.js';
import { KVM_USERSPACE_IRQ_SOURCE_ID } from './source-ids.js';

/** A source's level on a line that nobody is left to take back. */
export interface OrphanedLine {
  readonly gsi: number;
  readonly sourceId: number;
}

/** One source on one line. */
class Source implements OrphanedLine {
  high = false;
  /** Who asserted it since it was last de-asserted. */
  readonly owners = new Set<ResampledIrqfd>();

  constructor(
    readonly gsi: number,
    readonly sourceId: number,
  ) {}
}

/**
 * Keeps the books on lines that irqfds with resampling assert, for those who look for lost interrupts; decides
 * nothing. What must hold once nothing is going on any more: `unnotified` and `orphaned` are empty.
 */
export class LineLedger {
  /** Times that an irqfd with resampling asserted its line. */
  asserts = 0;
  /** Times that a source which irqfds had asserted was de-asserted. */
  deasserts = 0;
  private readonly sources: Source[] = [];
  /** Irqfds whose assertion was taken away, and how often their resample eventfd had been signalled then. */
  private readonly taken = new Map<ResampledIrqfd, number>();

  /** Called when a source's level on a line was set. */
  sourceSet(gsi: number, sourceId: number, level: boolean, by: ResampledIrqfd | undefined): void {
    if (sourceId === KVM_USERSPACE_IRQ_SOURCE_ID) return;
    const source = this.source(gsi, sourceId);
    source.high = level;
    if (level) {
      this.asserts += 1;
      if (by === undefined) return;
      source.owners.add(by);
      this.taken.delete(by);
      return;
    }
    if (source.owners.size === 0) return;
    this.deasserts += 1;
    for (const owner of source.owners) this.take(owner);
    source.owners.clear();
  }

  /** Irqfds still assigned whose assertion was taken away without a word to their user since. */
  unnotified(): ResampledIrqfd[] {
    const found: ResampledIrqfd[] = [];
    for (const [irqfd, signals] of this.taken) {
      if (irqfd.active && irqfd.resamplefd?.signals === signals) found.push(irqfd);
    }
    return found;
  }

  /** Sources that are high although no irqfd that uses them is assigned. */
  orphaned(irqfds: { readonly assigned: readonly ResampledIrqfd[] }): OrphanedLine[] {
    return this.sources.filter((source) => {
      const isOwner = (irqfd: ResampledIrqfd): boolean =>
        irqfd.gsi === source.gsi && irqfd.resampler?.sourceId === source.sourceId;
      return source.high && !irqfds.assigned.some(isOwner);
    });
  }

  private take(owner: ResampledIrqfd): void {
    const { resamplefd } = owner;
    // A user who has a signal unread will look at the device after this, which is all that a new signal would do.
    if (resamplefd !== undefined && resamplefd.count === 0) this.taken.set(owner, resamplefd.signals);
  }

  private source(gsi: number, sourceId: number): Source {
    let source = this.sources.find((known) => known.gsi === gsi && known.sourceId === sourceId);
    if (source === undefined) {
      source = new Source(gsi, sourceId);
      this.sources.push(source);
    }
    return source;
  }
}
