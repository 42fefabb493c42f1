import { clearBit, setBit, testBit } from '../lib/bitmap.js';
import { errnoValue } from '../lib/errno.js';
import type { Lock } from '../machine/lock.js';
import type { KernelLog } from '../machine/log.js';
import type { Procedure } from '../machine/step.js';

/** There are as many as bits in a machine word. */
export const NR_IRQ_SOURCE_IDS = 64;
/** Lines that user space sets (KVM_IRQ_LINE), and irqfds without resampling. */
export const KVM_USERSPACE_IRQ_SOURCE_ID = 0;
/** All irqfds with resampling. */
export const KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID = 1;

/** The lines on which each source id has a bit of its own. */
export interface SourceLines {
  /** Clears a source's bit on every line. */
  clearAll(sourceId: number): Procedure<void>;
}

/**
 * Who may assert a line: each source id has a bit of its own for each line.
 *
 * Access rules: the bitmap belongs to kvm->irq_lock.
 */
export class IrqSourceIds {
  private readonly bitmap = new Uint32Array(NR_IRQ_SOURCE_IDS / 32);

  constructor(
    private readonly irqLock: Lock,
    private readonly lines: SourceLines,
    private readonly log: KernelLog,
  ) {
    setBit(this.bitmap, KVM_USERSPACE_IRQ_SOURCE_ID);
    setBit(this.bitmap, KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID);
  }

  /** Number of source ids that are taken. */
  get taken(): number {
    let count = 0;
    for (let id = 0; id < NR_IRQ_SOURCE_IDS; id++) if (testBit(this.bitmap, id)) count += 1;
    return count;
  }

  /** A free source id, or -EFAULT (arch/x86/kvm/irq_comm.c kvm_request_irq_source_id; gone since 6.17). */
  *request(): Procedure<number> {
    yield* this.irqLock.lock();
    let id = 0;
    while (id < NR_IRQ_SOURCE_IDS && testBit(this.bitmap, id)) id += 1;
    if (id < NR_IRQ_SOURCE_IDS) {
      setBit(this.bitmap, id);
    } else {
      this.log.prWarn('kvm: exhausted allocatable IRQ sources!');
      id = errnoValue('EFAULT');
    }
    yield* this.irqLock.unlock();
    return id;
  }

  /**
   * Gives a source id back and clears its bit on every line (arch/x86/kvm/irq_comm.c kvm_free_irq_source_id). That
   * does not lower a line: de-assert it before.
   */
  *free(id: number): Procedure<void> {
    yield* this.irqLock.lock();
    if (id < 0 || id >= NR_IRQ_SOURCE_IDS) {
      this.log.prErr('kvm: IRQ source ID out of range!');
    } else {
      clearBit(this.bitmap, id);
      yield* this.lines.clearAll(id);
    }
    yield* this.irqLock.unlock();
  }
}
