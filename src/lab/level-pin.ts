import type { CpuId } from '../lib/brand.js';
import { IRQCHIP_STATE_ACTIVE, type IrqchipState } from '../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqDataUpdateEffectiveAffinity } from '../irq/data/irqdata.js';
import { CpuMask } from '../machine/cpumask.js';
import { type Procedure, SharedWord } from '../machine/step.js';

/**
 * One level-triggered pin of an IO-APIC, and the vector that it is sent through. While its line is high it interrupts its
 * CPU, once until the end of interrupt (Remote IRR, Intel 82093AA), and not while it is masked.
 */
export class LevelPin {
  /** Named by every access to the pin. */
  readonly word = new SharedWord('pin');
  /** The device asks for service. */
  isHigh = false;
  /** Sent to its CPU, which has not ended it. */
  isSent = false;
  cpu: CpuId;
  private isMasked = true;
  private hasVector = false;

  /** @param raise has the interrupt come to a CPU. */
  constructor(
    cpu: CpuId,
    private readonly raise: (cpu: CpuId) => void,
  ) {
    this.cpu = cpu;
  }

  /** The device drives the line. */
  *drive(isHigh: boolean): Procedure<void> {
    yield this.word.update;
    this.isHigh = isHigh;
    this.send();
  }

  /** The CPU looks for the handler of the vector; false: the vector is nobody's any more. */
  *lookUpVector(): Procedure<boolean> {
    yield this.word.read;
    return this.hasVector;
  }

  activate(): number {
    this.change(() => {
      this.hasVector = true;
    });
    return 0;
  }

  deactivate(): void {
    this.change(() => {
      this.hasVector = false;
    });
  }

  mask(): void {
    this.change(() => {
      this.isMasked = true;
    });
  }

  unmask(): void {
    this.change(() => {
      this.isMasked = false;
    });
  }

  /** The CPU ends the interrupt; a line that is still high interrupts again. */
  endOfInterrupt(): void {
    this.change(() => {
      this.isSent = false;
    });
  }

  route(dest: CpuMask): void {
    this.change(() => {
      this.cpu = dest.first();
    });
  }

  private change(how: () => void): void {
    this.word.announce();
    how();
    this.send();
  }

  private send(): void {
    if (!this.isHigh || this.isMasked || this.isSent || !this.hasVector) return;
    this.isSent = true;
    this.raise(this.cpu);
  }
}

/** The chip of the pin, for handle_fasteoi_irq (arch/x86/kernel/apic/io_apic.c ioapic_chip). */
export class LevelPinChip implements IrqChip {
  readonly name = 'IO-APIC';

  /** @param answersActive tells whether an interrupt is on its way to a CPU (ioapic_irq_get_chip_state). */
  constructor(
    private readonly pin: LevelPin,
    private readonly answersActive: boolean,
    private readonly atEoi: (data: IrqData) => void,
  ) {}

  irqMask(): void {
    this.pin.mask();
  }

  irqUnmask(): void {
    this.pin.unmask();
  }

  irqEoi(data: IrqData): void {
    this.pin.endOfInterrupt();
    this.atEoi(data);
  }

  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    this.pin.route(dest);
    irqDataUpdateEffectiveAffinity(data, CpuMask.of(dest.nrCpuIds, [dest.first()]));
    return 0;
  }

  irqGetIrqchipState(_data: IrqData, which: IrqchipState): boolean {
    if (which !== IRQCHIP_STATE_ACTIVE || !this.answersActive) return false;
    this.pin.word.announceRead();
    return this.pin.isSent;
  }
}
