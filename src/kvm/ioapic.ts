import { clearBit, setBit, testBit } from '../lib/bitmap.js';
import type { CpuId } from '../lib/brand.js';
import { Lock } from '../machine/lock.js';
import type { Procedure } from '../machine/step.js';
import type { ResampledIrqfd } from './resampler.js';
import { NR_IRQ_SOURCE_IDS, type SourceLines } from './source-ids.js';
import { type HostThreads, WorkItem } from './work.js';

export const IOAPIC_NUM_PINS = 24;
/** After so many interrupts in a row that were asserted again at their EOI, the next one is put off. */
const IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT = 10_000;
/** How long it is put off: HZ / 100 jiffies. */
const EOI_INJECT_DELAY_NS = 10_000_000;

/** How a pin is triggered. */
export type TriggerMode = 'edge' | 'level';

/** What KVM's IO-APIC needs of the rest of KVM. */
export interface IoapicPort {
  /** Hands an interrupt to a vCPU's local APIC: 1, or 0 if it has one with this vector already. */
  deliver(vcpu: CpuId, vector: number): Procedure<number>;
  /** The guest has ended the interrupt of this line. */
  notifyAckedIrq(gsi: number): Procedure<void>;
  /** The users of a line's irqfds look at their devices. @returns false if none resamples. */
  notifyResampler(gsi: number): Procedure<boolean>;
  /** For records only: a source's level on a line is now this; `by` says who set it. */
  sourceSet(gsi: number, sourceId: number, level: boolean, by: ResampledIrqfd | undefined): void;
}

/** What the guest writes to a redirection table entry; what it leaves out stays. */
export interface RedirectWrite {
  readonly vector?: number;
  readonly trigger?: TriggerMode;
  readonly masked?: boolean;
  readonly vcpu?: CpuId;
}

/** One pin: its entry of the redirection table, and who asserts it. */
class Pin {
  vector = 0;
  trigger: TriggerMode = 'edge';
  masked = true;
  vcpu: CpuId = 0;
  /** A level-triggered interrupt was delivered and not ended. */
  remoteIrr = false;
  /** The line is high. */
  irr = false;
  /** Interrupts in a row that were asserted again at their EOI. */
  irqEoi = 0;
  /** One bit for each source id; the line is their OR. */
  readonly states = new Uint32Array(NR_IRQ_SOURCE_IDS / 32);
}

/**
 * The IO-APIC that KVM shows its guest (arch/x86/kvm/ioapic.c). Not modelled: the register window, the RTC's special
 * case, other delivery modes than fixed to one vCPU.
 *
 * Access rules: all of it belongs to `lock`, which is given back while ack notifiers run.
 */
export class KvmIoapic implements SourceLines {
  private readonly lock = new Lock('ioapic->lock');
  private readonly pins = Array.from({ length: IOAPIC_NUM_PINS }, () => new Pin());
  private readonly eoiInject: WorkItem;

  constructor(
    private readonly threads: HostThreads,
    private readonly port: IoapicPort,
    /** A line that is unmasked while it is high is looked at once more, where that is possible. */
    private readonly resamplesAtUnmask: boolean,
  ) {
    this.eoiInject = new WorkItem(threads, 'eoi_inject', () => this.eoiInjectWork());
  }

  /** True if the line is high. */
  isHigh(pin: number): boolean {
    return this.pin(pin).irr;
  }

  /** True if `sourceId` asserts the line. */
  isAssertedBy(pin: number, sourceId: number): boolean {
    return testBit(this.pin(pin).states, sourceId);
  }

  /** True while the guest handles a level-triggered interrupt of the pin. */
  isInService(pin: number): boolean {
    return this.pin(pin).remoteIrr;
  }

  /**
   * Sets one source's level on a line (kvm_ioapic_set_irq).
   *
   * @returns negative if the interrupt was ignored, 0 if it was coalesced, else the number of vCPUs it went to; 1 for
   *   a de-assert.
   */
  *setIrq(index: number, sourceId: number, level: boolean, by?: ResampledIrqfd): Procedure<number> {
    const pin = this.pin(index);
    yield* this.lock.lock();
    if (level) setBit(pin.states, sourceId);
    else clearBit(pin.states, sourceId);
    this.port.sourceSet(index, sourceId, level, by);
    const ret = yield* this.setLevel(pin);
    yield* this.lock.unlock();
    return ret;
  }

  /** The line is the OR of its sources; only its going up is an edge (ioapic_set_irq). */
  private *setLevel(pin: Pin): Procedure<number> {
    const high = pin.states[0] !== 0 || pin.states[1] !== 0;
    const before = pin.irr;
    pin.irr = high;
    if (!high) return 1;
    if (pin.trigger === 'edge' && before) return 0;
    return yield* this.service(pin);
  }

  /** Delivers the pin's interrupt unless it is masked or waits for its EOI (ioapic_service). */
  private *service(pin: Pin): Procedure<number> {
    const isLevel = pin.trigger === 'level';
    if (pin.masked || (isLevel && pin.remoteIrr)) return -1;
    const ret = yield* this.port.deliver(pin.vcpu, pin.vector);
    if (ret !== 0 && isLevel) pin.remoteIrr = true;
    return ret;
  }

  /**
   * The guest has ended the interrupt with this vector (kvm_ioapic_update_eoi).
   *
   * The line is de-asserted by the ack notifiers, with the lock dropped; whoever asserts it meanwhile finds remote_irr
   * set and is served below.
   */
  *updateEoi(vector: number): Procedure<void> {
    yield* this.lock.lock();
    for (const [gsi, pin] of this.pins.entries()) {
      if (pin.vector !== vector) continue;
      yield* this.lock.unlock();
      yield* this.port.notifyAckedIrq(gsi);
      yield* this.lock.lock();
      if (pin.trigger === 'level') yield* this.endOfLevel(pin);
    }
    yield* this.lock.unlock();
  }

  private *endOfLevel(pin: Pin): Procedure<void> {
    pin.remoteIrr = false;
    if (pin.masked || !pin.irr) {
      pin.irqEoi = 0;
      return;
    }
    pin.irqEoi += 1;
    if (pin.irqEoi < IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT) {
      yield* this.service(pin);
      return;
    }
    // A guest that does not serve the device would be kept busy for ever; real hardware is not that fast either.
    pin.irqEoi = 0;
    this.threads.clock.after(EOI_INJECT_DELAY_NS, {
      fire: () => void this.threads.spawn('eoi_inject timer', this.eoiInject.schedule()),
    });
  }

  /** Delivers what was put off at an EOI, if it still wants service (kvm_ioapic_eoi_inject_work). */
  private *eoiInjectWork(): Procedure<void> {
    yield* this.lock.lock();
    for (const pin of this.pins) {
      if (pin.trigger === 'level' && pin.irr && !pin.remoteIrr) yield* this.service(pin);
    }
    yield* this.lock.unlock();
  }

  /** The guest writes a pin's entry of the redirection table (ioapic_write_indirect). */
  *writeEntry(index: number, write: RedirectWrite): Procedure<void> {
    const pin = this.pin(index);
    yield* this.lock.lock();
    pin.vector = write.vector ?? pin.vector;
    pin.trigger = write.trigger ?? pin.trigger;
    pin.masked = write.masked ?? pin.masked;
    pin.vcpu = write.vcpu ?? pin.vcpu;
    if (pin.trigger === 'edge') pin.remoteIrr = false;
    else if (pin.irr && !pin.masked && !pin.remoteIrr) yield* this.unmaskedHigh(index, pin);
    yield* this.lock.unlock();
  }

  /**
   * The line was high when it was last looked at. A guest whose handler is a thread serves its device after the EOI and
   * before the unmask, so it may be low by now: user space says so, or asserts it again.
   */
  private *unmaskedHigh(index: number, pin: Pin): Procedure<void> {
    if (this.resamplesAtUnmask && (yield* this.port.notifyResampler(index))) pin.irr = false;
    else yield* this.service(pin);
  }

  /** Clears a source's bit on every line, but leaves the lines as they are (kvm_ioapic_clear_all). */
  *clearAll(sourceId: number): Procedure<void> {
    yield* this.lock.lock();
    for (const pin of this.pins) clearBit(pin.states, sourceId);
    yield* this.lock.unlock();
  }

  private pin(index: number): Pin {
    const pin = this.pins[index];
    if (pin === undefined) throw new RangeError(`the IO-APIC has pins 0-${IOAPIC_NUM_PINS - 1}, no ${index}`);
    return pin;
  }
}
