import type { CpuId, Hwirq } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';

/** The smallest power of two that is not below `count`. */
export function roundUpPowerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1));
}

/**
 * A device that sends messages to an ITS, with its table of events (struct its_device, its_create_device): event n is
 * its LPI number lpiBase + n.
 */
export class ItsDevice {
  /** Several devices have the same id, as behind a bridge: the table stays when one gives it back. */
  isShared = false;
  /** The collection of each event: the CPU that its LPI goes to. */
  private readonly collections: Int32Array;
  private readonly isAllocated: boolean[];
  private readonly isMapped: boolean[];

  constructor(
    readonly id: number,
    readonly lpiBase: Hwirq,
    readonly nrLpis: number,
  ) {
    this.collections = new Int32Array(nrLpis);
    this.isAllocated = new Array<boolean>(nrLpis).fill(false);
    this.isMapped = new Array<boolean>(nrLpis).fill(false);
  }

  /** Number of the event whose LPI this is (its_get_event_id). */
  eventOf(lpi: Hwirq): number {
    return lpi - this.lpiBase;
  }

  /**
   * Takes LPIs for `count` vectors: a power of two of them, at such a multiple (its_alloc_device_irq); the first, or
   * ENOSPC.
   */
  alloc(count: number): Hwirq {
    const size = roundUpPowerOfTwo(count);
    for (let event = 0; event + size <= this.nrLpis; event += size) {
      if (this.isAllocated.slice(event, event + size).includes(true)) continue;
      this.isAllocated.fill(true, event, event + size);
      return this.lpiBase + event;
    }
    return errnoValue('ENOSPC');
  }

  /** Gives them back (its_irq_domain_free). */
  release(lpi: Hwirq, count: number): void {
    const event = this.eventOf(lpi);
    this.isAllocated.fill(false, event, event + roundUpPowerOfTwo(count));
  }

  get isUnused(): boolean {
    return !this.isAllocated.includes(true);
  }

  collectionOf(event: number): CpuId {
    return this.collections[event];
  }

  /** The event goes to `cpu` from now on (MAPTI, MOVI). */
  map(event: number, cpu: CpuId): void {
    this.collections[event] = cpu;
    this.isMapped[event] = true;
  }

  /** The event means nothing any more (DISCARD). */
  discard(event: number): void {
    this.isMapped[event] = false;
  }

  /** The LPI of a message with this event, undefined if the ITS drops it. */
  translate(event: number): Hwirq | undefined {
    return this.isMapped[event] ? this.lpiBase + event : undefined;
  }
}
