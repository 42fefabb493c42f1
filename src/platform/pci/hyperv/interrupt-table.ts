import type { ClockEvent } from '../../../machine/clock.js';
import type { Irq } from '../../../lib/brand.js';
import { assert } from '../../../lib/assert.js';
import type { IrqData, MsiMsg } from '../../../irq/data/irqdata.js';
import type { EdgeFate } from '../../line-hardware.js';
import type { MsiReceiver } from '../msi-table.js';

/** Where the machine's architecture takes an interrupt of a passed-through device, in the form of a message. */
export interface InterruptTargets {
  /** Where the line's interrupts are to go now. */
  targetOf(d: IrqData): MsiMsg;
  /** Has an interrupt go there. */
  readonly receiver: MsiReceiver;
}

/** One interrupt that the host has made for a message (struct tran_int_desc). */
interface HostInterrupt {
  /** What the device sends to have it. */
  readonly msg: MsiMsg;
  target: MsiMsg;
}

/**
 * The host's side of the messages of passed-through devices: it gives out what a device has to send, and takes each
 * where the guest has last asked for. The guest's questions and the host's answers over VMBus are left out: an answer
 * is there at once, and is never a refusal.
 */
export class HostInterruptTable implements MsiReceiver {
  private readonly byIrq = new Map<Irq, HostInterrupt>();
  private readonly byData = new Map<number, HostInterrupt>();
  private nextData = 1;

  constructor(private readonly targets: InterruptTargets) {}

  /** The message for a line (hv_compose_msi_msg). */
  compose(d: IrqData): MsiMsg {
    let interrupt = this.byIrq.get(d.irq);
    if (interrupt === undefined) {
      const msg = { addressHi: 0, addressLo: 0, data: this.nextData++ };
      interrupt = { msg, target: msg };
      this.byIrq.set(d.irq, interrupt);
      this.byData.set(msg.data, interrupt);
    }
    interrupt.target = this.targets.targetOf(d);
    return interrupt.msg;
  }

  /** The line's interrupts go where it is set up now (HVCALL_RETARGET_INTERRUPT). */
  retarget(d: IrqData): void {
    const interrupt = this.byIrq.get(d.irq);
    assert(interrupt !== undefined, 'unmasked before the host was asked for its message', { irq: d.irq });
    interrupt.target = this.targets.targetOf(d);
  }

  /** The host may forget the line's message (hv_msi_free). */
  forget(irq: Irq): void {
    const interrupt = this.byIrq.get(irq);
    if (interrupt === undefined) return;
    this.byIrq.delete(irq);
    this.byData.delete(interrupt.msg.data);
  }

  soon(event: ClockEvent): void {
    this.targets.receiver.soon(event);
  }

  deliver({ data }: MsiMsg): EdgeFate {
    const interrupt = this.byData.get(data);
    return interrupt === undefined ? 'lost' : this.targets.receiver.deliver(interrupt.target);
  }
}
