import type { Hwirq } from '../../lib/brand.js';
import type { MsiMsg } from '../../irq/data/irqdata.js';
import { noMsiMsg } from '../../irq/msi/msi-desc.js';
import type { EdgeFate } from '../line-hardware.js';
import type { MsiReceiver } from '../pci/msi-table.js';
import type { EoiListener } from './local-apic.js';

/** What the kernel writes to a pin's entry of the redirection table (struct IO_APIC_route_entry). */
export interface RouteEntry {
  readonly masked: boolean;
  readonly level: boolean;
  /** What the pin sends, to the local APICs or to the remapping unit. */
  readonly msg: MsiMsg;
}

/** An IO-APIC, as its driver sees it. */
export interface IoapicHardware extends EoiListener {
  writeEntry(pin: Hwirq, entry: RouteEntry): void;
  /** A level-triggered interrupt was sent and its end has not come back. */
  remoteIrr(pin: Hwirq): boolean;
  /** The end of a pin's interrupt, where its message has no vector to know it by (eoi_ioapic_pin). */
  eoiPin(pin: Hwirq): void;
}

class Pin {
  entry: RouteEntry = { masked: true, level: false, msg: noMsiMsg };
  /** The line is high. */
  high = false;
  remoteIrr = false;
}

/**
 * The pins of an IO-APIC (82093AA): an edge is sent at once, and lost while the pin is masked; a level is sent again
 * after each end of the interrupt for as long as it is high.
 */
export class IoapicPins implements IoapicHardware {
  private readonly pins: readonly Pin[];

  constructor(
    count: number,
    private readonly receiver: MsiReceiver,
  ) {
    this.pins = Array.from({ length: count }, () => new Pin());
  }

  writeEntry(number: Hwirq, entry: RouteEntry): void {
    const pin = this.pins[number];
    pin.entry = entry;
    if (!entry.level) pin.remoteIrr = false;
    if (pin.high && entry.level) this.receiver.soon({ fire: () => this.sendLevel(pin) });
  }

  remoteIrr(number: Hwirq): boolean {
    return this.pins[number].remoteIrr;
  }

  /** A device sends an edge. */
  edge(number: Hwirq): EdgeFate {
    const { entry } = this.pins[number];
    return entry.masked ? 'lost' : this.receiver.deliver(entry.msg);
  }

  /** A device drives a line: for as long as it is high a level-triggered pin interrupts. */
  drive(number: Hwirq, high: boolean): void {
    const pin = this.pins[number];
    pin.high = high;
    this.sendLevel(pin);
  }

  eoi(vector: number): void {
    for (const pin of this.pins) {
      if (pin.remoteIrr && pin.entry.msg.data === vector) this.end(pin);
    }
  }

  eoiPin(number: Hwirq): void {
    const pin = this.pins[number];
    if (pin.remoteIrr) this.end(pin);
  }

  private end(pin: Pin): void {
    pin.remoteIrr = false;
    if (pin.high) this.receiver.soon({ fire: () => this.sendLevel(pin) });
  }

  private sendLevel(pin: Pin): void {
    const { entry } = pin;
    if (!entry.level || entry.masked || !pin.high || pin.remoteIrr) return;
    pin.remoteIrr = true;
    this.receiver.deliver(entry.msg);
  }
}
