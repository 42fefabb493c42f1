import type { ClockEvent } from '../../machine/clock.js';
import type { MsiMsg } from '../../irq/data/irqdata.js';
import type { EdgeFate } from '../line-hardware.js';
import { type MsiHardware, noMsiMsg } from '../../irq/msi/msi-desc.js';

/** Takes the messages that devices write: the machine's bus. */
export interface MsiReceiver {
  /** @returns what became of it. */
  deliver(msg: MsiMsg): EdgeFate;
  /** Has something happen once the kernel is done with what it is doing (Machine.soon). */
  soon(event: ClockEvent): void;
}

/** One entry of a table (PCI 3.0, 6.8.2.6 to 6.8.2.9). */
class MsiEntry {
  msg = noMsiMsg;
  masked = true;
  /** The device wanted to interrupt while the entry was masked. */
  pending = false;
}

/** A device's MSI-X table, or its MSI capability: the messages, what is masked, and what waits for that to end. */
export class MsiTable implements MsiHardware {
  private readonly entries = new Map<number, MsiEntry>();

  constructor(
    private readonly receiver: MsiReceiver,
    /** False: the device has no mask bits, as with MSI often. */
    private readonly canMask = true,
  ) {}

  writeMsg(index: number, msg: MsiMsg): void {
    this.entry(index).msg = msg;
  }

  mask(index: number, masked: boolean): void {
    if (!this.canMask) return;
    const entry = this.entry(index);
    entry.masked = masked;
    if (masked || !entry.pending) return;
    this.receiver.soon({
      fire: () => {
        if (!entry.pending || entry.masked) return;
        entry.pending = false;
        this.receiver.deliver(entry.msg);
      },
    });
  }

  /** The device interrupts; what is masked waits. */
  raise(index: number): EdgeFate {
    const entry = this.entry(index);
    if (!entry.masked || !this.canMask) return this.receiver.deliver(entry.msg);
    if (entry.pending) return 'joined';
    entry.pending = true;
    return 'sent';
  }

  /** True if the device wanted to interrupt while it was masked. */
  isPending(index: number): boolean {
    return this.entry(index).pending;
  }

  private entry(index: number): MsiEntry {
    let entry = this.entries.get(index);
    if (entry === undefined) {
      entry = new MsiEntry();
      this.entries.set(index, entry);
    }
    return entry;
  }
}
