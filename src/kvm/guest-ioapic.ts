import type { Hwirq, Irq } from '../lib/brand.js';
import { errnoValue } from '../lib/errno.js';
import type { CpuMask } from '../machine/cpumask.js';
import { genericHandleIrq } from '../irq/handle.js';
import type { IrqCore } from '../irq/core.js';
import { IRQ_SET_MASK_OK } from '../irq/irqchip.js';
import type { IrqData } from '../irq/irqdata.js';
import { DeviceInterrupts } from '../platform/device-interrupt.js';
import { VectorMatrix } from '../platform/vectors.js';
import { VectorChip } from '../platform/x86-chips.js';
import type { KvmIoapic, RedirectWrite, TriggerMode } from './ioapic.js';
import type { Vcpu } from './vcpu.js';

/** The vectors that the guest gives the pins, from pin 0 on. */
const FIRST_PIN_VECTOR = 0x30;

/**
 * The guest's chip of an IO-APIC that KVM emulates (arch/x86/kernel/apic/io_apic.c ioapic_chip): each access to it
 * leaves guest mode.
 */
class GuestIoapicChip extends VectorChip {
  constructor(
    vectors: VectorMatrix,
    private readonly ioapic: KvmIoapic,
    private readonly vcpus: readonly Vcpu[],
  ) {
    super('IO-APIC', vectors);
  }

  override irqMask(data: IrqData): void {
    this.write(data, { masked: true });
  }

  override irqUnmask(data: IrqData): void {
    this.write(data, { masked: false });
  }

  override irqEoi(data: IrqData): void {
    const vector = vectorOf(data.hwirq);
    this.vcpuOf(data).exit(() => this.ioapic.updateEoi(vector));
    super.irqEoi(data);
  }

  override irqSetAffinity(data: IrqData, dest: CpuMask): number {
    const ret = super.irqSetAffinity(data, dest);
    if (ret === IRQ_SET_MASK_OK) this.write(data, { vcpu: data.effectiveAffinity.first() });
    return ret;
  }

  /** Tells KVM how the guest has set up a pin. */
  write(data: IrqData, write: RedirectWrite): void {
    const { hwirq } = data;
    this.vcpuOf(data).exit(() => this.ioapic.writeEntry(hwirq, write));
  }

  private vcpuOf(data: IrqData): Vcpu {
    return this.vcpus[data.desc.core.machine.thisCpu];
  }
}

function vectorOf(pin: Hwirq): number {
  return FIRST_PIN_VECTOR + pin;
}

/** The guest's side of the IO-APIC: its lines, with handle_fasteoi_irq for level-triggered ones as in Linux. */
export class GuestIoapic {
  private readonly interrupts: DeviceInterrupts;
  private readonly chip: GuestIoapicChip;

  constructor(
    private readonly core: IrqCore,
    ioapic: KvmIoapic,
    vcpus: readonly Vcpu[],
  ) {
    this.chip = new GuestIoapicChip(new VectorMatrix(core.machine), ioapic, vcpus);
    this.interrupts = new DeviceInterrupts(core, () => this.chip, true);
  }

  /**
   * Gives a pin the guest's interrupt of the same number, ready to be requested.
   *
   * @returns the interrupt, or -EINVAL if there is no such pin.
   */
  map(pin: Hwirq, trigger: TriggerMode): Irq {
    const { core, chip } = this;
    const irq = pin as number;
    const flow = trigger === 'level' ? 'fasteoi' : 'edge';
    this.interrupts.map({ irq, hwirq: pin, chip: 'IO-APIC', flow, trigger });
    const desc = core.desc(irq);
    if (desc === undefined) return errnoValue('EINVAL');
    core.machine.setVectorHandler(vectorOf(pin), {
      handleInterrupt: () => genericHandleIrq(core, irq),
    });
    chip.write(desc.data, { vector: vectorOf(pin), trigger, masked: true });
    return irq;
  }
}
