import type { CpuId } from '../../lib/brand.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { irqSettingsIsLevel } from '../../irq/data/settings.js';
import { handleSimpleIrq } from '../../irq/line/flow.js';
import { genericHandleIrqDesc } from '../../irq/line/handle.js';
import type { ClockEvent } from '../../machine/clock.js';
import type { Machine } from '../../machine/machine.js';
import type { LineDelivery, Sender } from './delivery.js';
import type { LineDevice } from './line-device.js';

/** What became of the interrupts that a line's devices asked for: raised = delivered + coalesced + lost + waiting. */
export interface LineCounts {
  /** Times that a device asked for an interrupt. */
  readonly raised: number;
  /** Edges that a CPU took; levels that a handler answered. */
  readonly delivered: number;
  /** Those that joined one that was under way already. */
  readonly coalesced: number;
  /** Edges that a masked pin ignored, or that no CPU was there for; levels that were given up with their device. */
  readonly lost: number;
  /** Those under way: held back by a mask, sent to a CPU, or still asserted. */
  readonly waiting: number;
}

/** Chips whose masked pins ignore edges (Intel 82093AA, interrupt mask); all others keep one until they are unmasked. */
const ignoreMaskedEdges: ReadonlySet<string | null> = new Set(['IO-APIC', 'IR-IO-APIC']);

/**
 * The hardware between the devices of one line and the CPU that it goes to: a pin of an IO-APIC, a message of an MSI-X
 * function, an interrupt of a GIC.
 *
 * - An edge goes to the CPU at once. While the line is masked an MSI function keeps it in its pending bit (PCI Local Bus 3.0,
 *   per-vector masking), a GIC in its pending state; a pin of an IO-APIC ignores it.
 * - A level is sent as long as a device asserts it, once until its end of interrupt (Remote IRR), and not while masked.
 *
 * What an unmask or an end of interrupt lets through comes when the caller, who holds desc->lock, is done.
 */
export class Wire implements Sender, ClockEvent {
  readonly devices: LineDevice[] = [];
  private raised = 0;
  private delivered = 0;
  private coalesced = 0;
  private lost = 0;
  /** Devices that assert a level. */
  private asserted = 0;
  /** An edge that came while the line was masked. */
  private isPending = false;
  private isMasked: boolean;
  /** A level that was sent and not ended: the Remote IRR of its pin. */
  private isSent = false;
  /** CPUs that have been sent an edge and have not taken it. */
  private readonly inFlight = new Set<CpuId>();

  constructor(
    readonly desc: IrqDesc,
    private readonly machine: Machine,
    private readonly delivery: LineDelivery,
  ) {
    this.isMasked = desc.data.has(irqd.IRQ_MASKED);
  }

  get counts(): LineCounts {
    const { raised, delivered, coalesced, lost } = this;
    const waiting = this.asserted + this.inFlight.size + (this.isPending ? 1 : 0);
    return { raised, delivered, coalesced, lost, waiting };
  }

  /** A demultiplexer calls the simple flow handler: each interrupt is an event of its own. */
  get isLevel(): boolean {
    return irqSettingsIsLevel(this.desc) && this.desc.handleIrq !== handleSimpleIrq && !this.isPerCpu;
  }

  get isPerCpu(): boolean {
    return this.desc.data.has(irqd.PER_CPU);
  }

  /** True while a level has been sent to a CPU that has not ended it. */
  get isActive(): boolean {
    return this.isSent;
  }

  /** `device` wants service. @param cpu whose line it is, of a per-CPU line. */
  raise(device: LineDevice, cpu: CpuId | undefined): void {
    this.raised += 1;
    if (!this.isLevel) {
      this.edge(cpu);
      return;
    }
    if (device.isAsserting) {
      this.coalesced += 1;
      return;
    }
    device.isAsserting = true;
    this.asserted += 1;
    this.serve();
  }

  /** A handler has had the device lower its line; `given up`: nobody ever will. */
  lower(device: LineDevice, how: 'served' | 'given up'): void {
    if (!device.isAsserting) return;
    device.isAsserting = false;
    this.asserted -= 1;
    if (how === 'served') this.delivered += 1;
    else this.lost += 1;
  }

  /** The line goes away with what it still holds. */
  cut(): void {
    for (const device of this.devices) this.lower(device, 'given up');
    if (this.isPending) this.lost += 1;
    this.isPending = false;
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
    if (this.asserted > 0) this.machine.soon(this);
  }

  /** What was held back and may come now. */
  fire(): void {
    if (this.asserted > 0) this.serve();
    if (!this.isPending || this.isMasked) return;
    this.isPending = false;
    this.sendEdge(this.target());
  }

  taken(): void {
    const { desc } = this;
    if (this.inFlight.delete(this.machine.thisCpu)) this.delivered += 1;
    genericHandleIrqDesc(desc);
    const { irqAck, irqEoi } = desc.data.chip;
    if (irqAck === undefined && irqEoi === undefined) this.ended();
  }

  private edge(cpu: CpuId | undefined): void {
    if (!this.isMasked) this.sendEdge(cpu ?? this.target());
    else if (ignoreMaskedEdges.has(this.desc.data.chip.name)) this.lost += 1;
    else if (this.isPending) this.coalesced += 1;
    else this.isPending = true;
  }

  private sendEdge(cpu: CpuId): void {
    if (cpu < 0 || !this.machine.online.has(cpu)) {
      this.lost += 1;
    } else if (this.inFlight.has(cpu)) {
      this.coalesced += 1;
    } else {
      this.inFlight.add(cpu);
      this.delivery.send(this, cpu);
    }
  }

  private serve(): void {
    if (this.asserted === 0 || this.isMasked || this.isSent) return;
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
