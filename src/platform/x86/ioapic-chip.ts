import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { irqMoveMaskedIrq } from '../../irq/affinity/migration.js';
import {
  irqchipFlags,
  IRQCHIP_STATE_ACTIVE,
  type IrqchipState,
  IRQ_SET_MASK_OK_DONE,
} from '../../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqd } from '../../irq/data/irqdata.js';
import {
  irqChipAckParent,
  irqChipRetriggerHierarchy,
  irqChipSetAffinityParent,
} from '../../irq/line/chip-parent.js';
import { irqChipComposeMsiMsg } from '../../irq/msi/msi-domain.js';
import { IoapicPin } from './ioapic-pin.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import type { IoapicHardware } from './ioapic-pins.js';
import type { LocalApics } from './local-apic.js';
import { deferredMoves, lineOf, type Vectors } from './vectors.js';

/** What the chip works with. */
export interface IoapicChipParts {
  readonly hardware: IoapicHardware;
  readonly vectors: Vectors;
  readonly apics: LocalApics;
  /** Its messages go through interrupt remapping. */
  readonly remapped: boolean;
}

/** The IO-APIC as a chip (arch/x86/kernel/apic/io_apic.c ioapic_chip, ioapic_ir_chip). */
export class IoapicChip implements IrqChip {
  readonly name: string;
  readonly symbol: string;
  readonly flags: number;
  readonly irqAck = irqChipAckParent;
  readonly irqRetrigger = irqChipRetriggerHierarchy;

  private hardware: IoapicHardware;

  constructor(
    behaviour: KernelBehaviour,
    private readonly parts: IoapicChipParts,
  ) {
    this.hardware = parts.hardware;
    const { remapped } = parts;
    this.name = remapped ? 'IR-IO-APIC' : 'IO-APIC';
    this.symbol = remapped ? 'ioapic_ir_chip' : 'ioapic_chip';
    const { SKIP_SET_WAKE, AFFINITY_PRE_STARTUP } = irqchipFlags;
    this.flags = SKIP_SET_WAKE | AFFINITY_PRE_STARTUP | (remapped ? 0 : deferredMoves(behaviour));
  }

  irqStartup(d: IrqData): number {
    this.irqUnmask(d);
    return 0;
  }

  irqMask(d: IrqData): void {
    this.writeMask(d, true);
  }

  irqUnmask(d: IrqData): void {
    this.writeMask(d, false);
  }

  /** Ends a level-triggered interrupt, and moves the line if that waits, with the pin masked. */
  irqEoi(d: IrqData): void {
    const { hardware } = this;
    const { apics, remapped, vectors } = this.parts;
    if (remapped) {
      apics.ackIrq(d);
      hardware.eoiPin(pinOf(d).pin);
      return;
    }
    vectors.moves.complete(lineOf(d));
    const moves = d.has(irqd.SETAFFINITY_PENDING);
    if (moves && !d.has(irqd.IRQ_MASKED)) this.irqMask(d);
    apics.eoi();
    if (!moves) return;
    if (!hardware.remoteIrr(pinOf(d).pin)) irqMoveMaskedIrq(d);
    if (!d.has(irqd.IRQ_MASKED)) this.irqUnmask(d);
  }

  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    const ret = irqChipSetAffinityParent(d, dest, force);
    if (ret >= 0 && ret !== IRQ_SET_MASK_OK_DONE) this.configure(d);
    return ret;
  }

  irqGetIrqchipState(d: IrqData, which: IrqchipState): boolean | number {
    if (which !== IRQCHIP_STATE_ACTIVE) return errnoValue('EINVAL');
    const { pin, level } = pinOf(d);
    return level && this.hardware.remoteIrr(pin);
  }

  /** Writes the pin's entry as the levels below have it (ioapic_configure_entry). */
  configure(d: IrqData): void {
    pinOf(d).msg = irqChipComposeMsiMsg(d);
    this.write(pinOf(d));
  }

  /** Another IO-APIC has the pins from now on. */
  connect(hardware: IoapicHardware): void {
    this.hardware = hardware;
  }

  /** Writes a pin's entry once more. */
  rewrite(d: IrqData): void {
    this.write(pinOf(d));
  }

  /** The pin sends nothing any more (ioapic_mask_entry). */
  maskEntry(d: IrqData): void {
    this.writeMask(d, true);
  }

  private writeMask(d: IrqData, masked: boolean): void {
    pinOf(d).masked = masked;
    this.write(pinOf(d));
  }

  private write({ pin, masked, level, msg }: IoapicPin): void {
    this.hardware.writeEntry(pin, { masked, level, msg });
  }
}

/** @throws Error if the line is not one of an IO-APIC. */
function pinOf(d: IrqData): IoapicPin {
  if (d.chipData instanceof IoapicPin) return d.chipData;
  throw new Error(`IRQ ${d.irq} is no pin of an IO-APIC`);
}
