import type { ClockEvent } from '../../../machine/clock.js';
import type { Irq } from '../../../lib/brand.js';
import type { IrqCore } from '../../../irq/core.js';
import type { IrqData, MsiMsg } from '../../../irq/data/irqdata.js';
import { type MsiDesc, noMsiMsg } from '../../../irq/msi/msi-desc.js';
import { msiDescOf } from '../../../irq/msi/msi-domain.js';
import type { EdgeFate } from '../../line-hardware.js';
import type { MsiReceiver } from '../msi-table.js';
import type { HypervPciBus, InterruptTarget, Redirection, TranslatedInterrupt } from './bus-port.js';

/** Where the machine's architecture takes an interrupt of a passed-through device. */
export interface InterruptTargets {
  /** Where the line's interrupts are to go now. */
  targetOf(d: IrqData): InterruptTarget;
  /** What the machine's bus has to be given for an interrupt to go there. */
  messageTo(target: InterruptTarget): MsiMsg;
  /** Takes that. */
  readonly receiver: MsiReceiver;
  /** The host is told of each unmask where it goes; on arm64 the GIC alone knows (hv_arch_irq_unmask). */
  readonly retargets: boolean;
}

/** Aligned to any number of MSIs in a row, and not 0: overwritten by the first unmask. */
const MULTI_MSI_VECTOR = 32;

/** What the host has made for a line of a device. */
interface Made extends TranslatedInterrupt {
  readonly devfn: number;
}

/** The messages of one bus' devices: what the host has made for each line (drivers/pci/controller/pci-hyperv.c). */
export class BusInterrupts implements MsiReceiver {
  /** The chip data of each line. */
  private readonly byIrq = new Map<Irq, Made>();

  constructor(
    private readonly core: IrqCore,
    private readonly targets: InterruptTargets,
    private readonly host: HypervPciBus,
    private readonly redirection: Redirection,
    /** The next CPU that several MSIs in a row are made for (hv_compose_multi_msi_req_get_cpu). */
    private readonly nextCpu: () => number,
  ) {}

  /** The message for a line, made anew each time but for several MSIs in a row (hv_compose_msi_msg). */
  compose(d: IrqData): MsiMsg {
    const desc = this.msiDesc(d);
    const isMulti = desc.nvecUsed > 1;
    const previous = this.byIrq.get(d.irq);
    if (previous !== undefined && isMulti) return previous.msg;
    const devfn = devfnOf(desc);
    if (!this.host.hasFunction(devfn)) return noMsiMsg;
    if (previous !== undefined) this.free(d.irq, previous);
    const made = isMulti ? this.makeMulti(d.irq, devfn, desc) : this.make(d, devfn);
    if (made === undefined) return noMsiMsg;
    this.byIrq.set(d.irq, { ...made, devfn });
    return made.msg;
  }

  /** The line's interrupts go where it is set up now (hv_arch_irq_unmask). */
  retarget(d: IrqData): void {
    if (!this.targets.retargets) return;
    const interrupt = this.byIrq.get(d.irq);
    if (interrupt === undefined) this.host.cannotUnmask(d.irq);
    else this.host.retargetInterrupt(interrupt.devfn, interrupt.msg, this.targets.targetOf(d));
  }

  /** The line goes, and the host may forget its message (hv_msi_free). */
  forget(irq: Irq): void {
    const interrupt = this.byIrq.get(irq);
    if (interrupt === undefined) return;
    if (this.host.hasFunction(interrupt.devfn)) this.free(irq, interrupt);
    else this.byIrq.delete(irq);
  }

  /** After a sleep the host has forgotten all messages (hv_pci_restore_msi_state). */
  restore(): void {
    for (const irq of [...this.byIrq.keys()]) {
      const data = this.core.desc(irq)?.data;
      if (data === undefined) continue;
      const desc = msiDescOf(data);
      desc.msg = this.compose(data);
      desc.hardware.writeMsg(desc.index, desc.msg);
    }
  }

  soon(event: ClockEvent): void {
    this.targets.receiver.soon(event);
  }

  deliver(msg: MsiMsg): EdgeFate {
    const target = this.redirection(msg);
    return target === undefined ? 'lost' : this.targets.receiver.deliver(this.targets.messageTo(target));
  }

  private make(d: IrqData, devfn: number): TranslatedInterrupt | undefined {
    return this.host.createInterrupt({ devfn, vectorCount: 1, ...this.targets.targetOf(d) });
  }

  /** The first of several lines in a row has the message made, the others have it with other data. */
  private makeMulti(irq: Irq, devfn: number, desc: MsiDesc): TranslatedInterrupt | undefined {
    const { msg, nvecUsed: vectorCount } = desc;
    if (irq !== desc.irq) return { msg: { ...msg, data: msg.data + irq - desc.irq }, vectorCount: 0 };
    const cpus = [this.nextCpu()];
    return this.host.createInterrupt({ devfn, vector: MULTI_MSI_VECTOR, vectorCount, cpus });
  }

  private free(irq: Irq, made: Made): void {
    this.byIrq.delete(irq);
    if (made.vectorCount > 0) this.host.deleteInterrupt(made.devfn, made);
  }

  private msiDesc({ irq }: IrqData): MsiDesc {
    const data = this.core.desc(irq)?.data;
    if (data === undefined) throw new Error(`there is no IRQ ${irq}`);
    return msiDescOf(data);
  }
}

function devfnOf({ requester }: MsiDesc): number {
  return requester & 0xff;
}
