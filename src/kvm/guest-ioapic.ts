import type { Hwirq, Irq } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import { Ioapic } from '../platform/x86/ioapic.js';
import type { IoapicHardware, RouteEntry } from '../platform/x86/ioapic-pins.js';
import { decodeMsiMsg } from '../platform/x86/msi-msg.js';
import { VectorSystem } from '../platform/x86/vector-system.js';
import { IOAPIC_NUM_PINS, type KvmIoapic, type TriggerMode } from './ioapic.js';
import type { Vcpu } from './vcpu.js';

/** An IO-APIC that KVM emulates, as the guest's driver sees it: each access leaves guest mode. */
class KvmPins implements IoapicHardware {
  constructor(
    private readonly core: IrqCore,
    private readonly ioapic: KvmIoapic,
    private readonly vcpus: readonly Vcpu[],
  ) {}

  writeEntry(pin: Hwirq, { masked, level, msg }: RouteEntry): void {
    const { cpu: vcpu, vector } = decodeMsiMsg(msg) ?? { cpu: 0, vector: 0 };
    const trigger = level ? 'level' : 'edge';
    this.thisVcpu.exit(() => this.ioapic.writeEntry(pin, { vector, vcpu, trigger, masked }));
  }

  eoi(vector: number): void {
    this.thisVcpu.exit(() => this.ioapic.updateEoi(vector));
  }

  /** The IO-APIC of KVM has no register for it, and the guest no remapping that would need it. */
  eoiPin(): void {}

  remoteIrr(pin: Hwirq): boolean {
    return this.ioapic.isInService(pin);
  }

  private get thisVcpu(): Vcpu {
    return this.vcpus[this.core.machine.thisCpu];
  }
}

/** The guest's side of the IO-APIC: its lines, with handle_fasteoi_irq for level-triggered ones as in Linux. */
export class GuestIoapic {
  private readonly ioapic: Ioapic;

  /** @param ioapic the guest's driver, if there is one: from now on it has KVM's IO-APIC before it. */
  constructor(
    private readonly core: IrqCore,
    kvm: KvmIoapic,
    vcpus: readonly Vcpu[],
    ioapic?: Ioapic,
  ) {
    const hardware = new KvmPins(core, kvm, vcpus);
    this.ioapic = ioapic ?? makeIoapic(core, hardware);
    if (ioapic !== undefined) ioapic.connect(hardware);
  }

  /**
   * Gives a pin the guest's interrupt of the same number, ready to be requested.
   *
   * @throws RangeError if there is no such pin, or the guest's interrupt of that number is another one's.
   */
  map(pin: Hwirq, trigger: TriggerMode): Irq {
    if (pin >= IOAPIC_NUM_PINS)
      throw new RangeError(`the IO-APIC has pins 0-${IOAPIC_NUM_PINS - 1}, no ${pin}`);
    const irq = pin as number;
    if (this.core.desc(irq)?.action !== undefined)
      throw new RangeError(`IRQ ${irq} is taken; choose another number`);
    const ret = this.ioapic.mapPinNow({ pin, irq, level: trigger === 'level' });
    if (ret !== irq) throw new RangeError(`pin ${pin} of the IO-APIC cannot be IRQ ${irq}: ${ret}`);
    return irq;
  }
}

/** The driver of a guest that has nothing else of a platform. */
function makeIoapic(core: IrqCore, hardware: IoapicHardware): Ioapic {
  const { apics, vectors, domain } = new VectorSystem(core, false);
  return new Ioapic(core, {
    parent: domain,
    remapped: false,
    pins: IOAPIC_NUM_PINS,
    hardware,
    vectors,
    apics,
  });
}
