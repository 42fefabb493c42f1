import type { CpuId } from '../lib/brand.js';
import { Lock } from '../machine/lock.js';
import { KernelLog } from '../machine/log.js';
import type { Machine } from '../machine/machine.js';
import { Srcu } from '../machine/rcu.js';
import { type Procedure, SharedWord } from '../machine/step.js';
import { IrqAckNotifiers } from './ack-notifiers.js';
import { EventfdTable } from './eventfd.js';
import { IOAPIC_NUM_PINS, type IoapicPort, KvmIoapic } from './ioapic.js';
import { Irqfds, type KvmIrqchip, type VirtualMachine } from './irqfds.js';
import { LineLedger } from './ledger.js';
import type { ResampledIrqfd } from './resampler.js';
import type { ResamplerLifetimeFactory } from './resampler-lifetime.js';
import { resamplerLifetimes } from './resampler-variants.js';
import { IrqSourceIds, KVM_USERSPACE_IRQ_SOURCE_ID } from './source-ids.js';
import { Vcpu } from './vcpu.js';
import type { HostThreads } from './work.js';

/** What differs between KVMs. */
export interface KvmOptions {
  /** Default `kernel`. */
  readonly irqchip?: KvmIrqchip;
  /** Default: what Linux does. */
  readonly resamplers?: ResamplerLifetimeFactory;
  /** A line that is unmasked while it is high is looked at once more, instead of being taken for high. Default true. */
  readonly resamplesAtUnmask?: boolean;
}

/**
 * A virtual machine as KVM in the host sees it (struct kvm), as far as level-triggered irqfds go: one vCPU for each CPU
 * of the guest's machine. GSIs are the pins of the IO-APIC, as in the default routing; there is no PIC and no MSI.
 */
export class Kvm implements IoapicPort, VirtualMachine {
  /** kvm->irq_lock, a mutex. */
  readonly irqLock = new Lock('kvm->irq_lock');
  /** In its read-side sections ack notifiers and resampled irqfds are walked (kvm->irq_srcu). */
  readonly irqSrcu = new Srcu('kvm->irq_srcu');
  readonly irqchip: KvmIrqchip;
  /** The host's kernel log. */
  readonly log: KernelLog;
  readonly files = new EventfdTable();
  readonly ledger = new LineLedger();
  /** What code in the guest can change when it runs, devices included. */
  readonly guestWord = new SharedWord('guest');
  readonly vcpus: readonly Vcpu[];
  readonly ioapic: KvmIoapic;
  readonly sourceIds: IrqSourceIds;
  readonly ackNotifiers: IrqAckNotifiers;
  readonly irqfds: Irqfds;

  /**
   * @param threads where the host's threads run; the guest's own machine will do.
   * @param guest the machine whose interrupts these are.
   */
  constructor(
    readonly threads: HostThreads,
    guest: Machine,
    options: KvmOptions = {},
  ) {
    this.irqchip = options.irqchip ?? 'kernel';
    this.log = new KernelLog(threads.clock);
    this.vcpus = guest.cpus.map((cpu) => new Vcpu(threads, cpu, this.guestWord));
    this.ioapic = new KvmIoapic(threads, this, options.resamplesAtUnmask ?? true);
    this.sourceIds = new IrqSourceIds(this.irqLock, this.ioapic, this.log);
    this.ackNotifiers = new IrqAckNotifiers(this.irqLock, this.irqSrcu);
    this.irqfds = new Irqfds(this, options.resamplers ?? resamplerLifetimes.sharedIdUnderLock);
  }

  /**
   * Sets a source's level on a line (virt/kvm/irqchip.c kvm_set_irq).
   *
   * @param by the irqfd that does, for the ledger.
   * @returns negative if the interrupt was ignored, 0 if it was coalesced, else the number of vCPUs it went to.
   */
  *setIrq(sourceId: number, gsi: number, level: boolean, by?: ResampledIrqfd): Procedure<number> {
    if (this.irqchip !== 'kernel' || gsi < 0 || gsi >= IOAPIC_NUM_PINS) return -1;
    return yield* this.ioapic.setIrq(gsi, sourceId, level, by);
  }

  /** The ioctl KVM_IRQ_LINE: user space sets a line's level (kvm_vm_ioctl_irq_line). */
  *irqLine(gsi: number, level: boolean): Procedure<void> {
    yield* this.setIrq(KVM_USERSPACE_IRQ_SOURCE_ID, gsi, level);
  }

  deliver(vcpu: CpuId, vector: number): Procedure<number> {
    return this.vcpus[vcpu].setIrq(vector);
  }

  notifyAckedIrq(gsi: number): Procedure<void> {
    return this.ackNotifiers.notifyAckedIrq(gsi);
  }

  notifyResampler(gsi: number): Procedure<boolean> {
    return this.irqfds.notifyResampler(gsi);
  }

  sourceSet(gsi: number, sourceId: number, level: boolean, by: ResampledIrqfd | undefined): void {
    this.ledger.sourceSet(gsi, sourceId, level, by);
  }
}
