import { assert } from '../lib/assert.js';
import type { Hwirq, Irq } from '../lib/brand.js';
import type { CpuMask } from '../machine/cpumask.js';
import { genericHandleIrq } from '../irq/line/handle.js';
import type { IrqCore } from '../irq/core.js';
import { IRQ_SET_MASK_OK } from '../irq/data/irqchip.js';
import type { IrqChip, IrqData } from '../irq/data/irqdata.js';
import { DeviceInterrupts } from '../platform/device-interrupt.js';
import { VectorMatrix } from '../platform/x86/vectors.js';
import { VectorChip } from '../platform/x86/chips.js';
import { IOAPIC_NUM_PINS, type KvmIoapic, type RedirectWrite, type TriggerMode } from './ioapic.js';
import type { Vcpu } from './vcpu.js';

/** The vectors that the guest gives the pins, from pin 0 on. */
const FIRST_PIN_VECTOR = 0x30;

/**
 * The guest's chip of an IO-APIC that KVM emulates (arch/x86/kernel/apic/io_apic.c ioapic_chip): each access to it
 * leaves guest mode.
 */
class GuestIoapicChip implements IrqChip {
  readonly name = 'IO-APIC';
  private readonly vectors: VectorChip;

  constructor(
    vectors: VectorMatrix,
    private readonly ioapic: KvmIoapic,
    private readonly vcpus: readonly Vcpu[],
  ) {
    this.vectors = new VectorChip(this.name, vectors);
  }

  irqShutdown(data: IrqData): void {
    this.irqMask(data);
    this.vectors.irqShutdown(data);
  }

  /** Ends an edge-triggered interrupt at the local APIC. */
  irqAck(data: IrqData): void {
    this.endOfInterrupt(data);
    this.vectors.irqAck(data);
  }

  irqMask(data: IrqData): void {
    this.write(data, { masked: true });
  }

  irqUnmask(data: IrqData): void {
    this.write(data, { masked: false });
  }

  irqEoi(data: IrqData): void {
    this.endOfInterrupt(data);
    this.vectors.irqEoi(data);
  }

  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    const ret = this.vectors.irqSetAffinity(data, dest);
    if (ret === IRQ_SET_MASK_OK) this.write(data, { vcpu: data.effectiveAffinity.first() });
    return ret;
  }

  /** Tells KVM how the guest has set up a pin. */
  write(data: IrqData, write: RedirectWrite): void {
    const { hwirq } = data;
    this.vcpuOf(data).exit(() => this.ioapic.writeEntry(hwirq, write));
  }

  private endOfInterrupt(data: IrqData): void {
    const vector = vectorOf(data.hwirq);
    this.vcpuOf(data).exit(() => this.ioapic.updateEoi(vector));
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
    vectors = new VectorMatrix(core.machine),
  ) {
    this.chip = new GuestIoapicChip(vectors, ioapic, vcpus);
    this.interrupts = new DeviceInterrupts(core, () => this.chip, true);
  }

  /**
   * Gives a pin the guest's interrupt of the same number, ready to be requested.
   *
   * @throws RangeError if there is no such pin, or the guest's interrupt of that number is another one's.
   */
  map(pin: Hwirq, trigger: TriggerMode): Irq {
    const { core, chip } = this;
    if (pin >= IOAPIC_NUM_PINS)
      throw new RangeError(`the IO-APIC has pins 0-${IOAPIC_NUM_PINS - 1}, no ${pin}`);
    const irq = pin as number;
    const flow = trigger === 'level' ? 'fasteoi' : 'edge';
    this.interrupts.map({ irq, hwirq: pin, chip: 'IO-APIC', flow, trigger });
    const desc = core.desc(irq);
    assert(desc !== undefined, 'mapped interrupt has no descriptor', { irq });
    core.machine.setVectorHandler(vectorOf(pin), {
      handleInterrupt: () => genericHandleIrq(core, irq),
    });
    chip.write(desc.data, { vector: vectorOf(pin), trigger, masked: true });
    return irq;
  }
}
