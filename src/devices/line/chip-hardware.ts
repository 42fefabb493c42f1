import type { CpuId } from '../../lib/brand.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { genericHandleIrqDesc } from '../../irq/line/handle.js';
import type { ClockEvent } from '../../machine/clock.js';
import type { Machine } from '../../machine/machine.js';
import type { EdgeFate, LineHardware } from '../../platform/line-hardware.js';
import type { LineDelivery, Sender } from './delivery.js';

/** Chips whose masked pins ignore edges (Intel 82093AA, interrupt mask); all others keep one until they are unmasked. */
const ignoreMaskedEdges: ReadonlySet<string | null> = new Set(['IO-APIC', 'IR-IO-APIC']);

/**
 * The hardware of a line whose platform has none to offer, by what its chip is told (wired-chip.ts).
 *
 * - An edge goes to the CPU at once. While the line is masked an MSI function keeps it in its pending bit (PCI Local Bus
 *   3.0, per-vector masking), a GIC in its pending state; a pin of an IO-APIC ignores it.
 * - A level is sent as long as a device asserts it, once until its end of interrupt (Remote IRR), and not while masked.
 *
 * What an unmask or an end of interrupt lets through comes when the caller, who holds desc->lock, is done.
 */
export class ChipHardware implements LineHardware, Sender, ClockEvent {
  /** An edge that came while the line was masked. */
  private isPending = false;
  private isMasked: boolean;
  private isHigh = false;
  /** A level that was sent and not ended: the Remote IRR of its pin. */
  private isSent = false;
  /** CPUs that have been sent an edge and have not taken it. */
  private readonly inFlight = new Set<CpuId>();

  constructor(
    private readonly desc: IrqDesc,
    private readonly machine: Machine,
    private readonly delivery: LineDelivery,
  ) {
    this.isMasked = desc.data.has(irqd.IRQ_MASKED);
  }

  get waiting(): number {
    return this.inFlight.size + (this.isPending ? 1 : 0);
  }

  /** True while a level has been sent to a CPU that has not ended it. */
  get isActive(): boolean {
    return this.isSent;
  }

  edge(cpu?: CpuId): EdgeFate {
    if (!this.isMasked) return this.send(cpu ?? this.target());
    if (ignoreMaskedEdges.has(this.desc.data.chip.name)) return 'lost';
    if (this.isPending) return 'joined';
    this.isPending = true;
    return 'sent';
  }

  drive(isHigh: boolean): void {
    this.isHigh = isHigh;
    this.serve();
  }

  masked(): void {
    this.isMasked = true;
  }

  unmasked(): void {
    this.isMasked = false;
    this.machine.soon(this);
  }

  /** The CPU has ended the interrupt: EOI of a local APIC, which an ack is there, or of a GIC. */
  ended(): void {
    this.isSent = false;
    if (this.isHigh) this.machine.soon(this);
  }

  /** What was held back and may come now. */
  fire(): void {
    this.serve();
    if (!this.isPending || this.isMasked) return;
    this.isPending = false;
    this.send(this.target());
  }

  taken(): void {
    const { desc } = this;
    this.inFlight.delete(this.machine.thisCpu);
    genericHandleIrqDesc(desc);
    const { irqAck, irqEoi } = desc.data.chip;
    if (irqAck === undefined && irqEoi === undefined) this.ended();
  }

  private send(cpu: CpuId): EdgeFate {
    if (cpu < 0 || !this.machine.online.has(cpu)) return 'lost';
    if (this.inFlight.has(cpu)) return 'joined';
    this.inFlight.add(cpu);
    this.delivery.send(this, cpu);
    return 'sent';
  }

  private serve(): void {
    if (!this.isHigh || this.isMasked || this.isSent) return;
    const cpu = this.target();
    if (cpu < 0) return;
    this.isSent = true;
    this.delivery.send(this, cpu);
  }

  /** The CPU that the line is routed to; -1 if none of its CPUs is online. */
  private target(): CpuId {
    const { effectiveAffinity, affinity } = this.desc.data;
    const { online } = this.machine;
    const cpu = effectiveAffinity.first();
    if (cpu >= 0) return online.has(cpu) ? cpu : -1;
    return affinity.and(online).first();
  }
}
