import { nextBit, clearBit, testAndSetBit } from '../lib/bitmap.js';
import { type Cpu, NR_VECTORS } from '../machine/cpu.js';
import { type Procedure, runAtomic, SharedWord } from '../machine/step.js';
import { type HostThreads, WorkItem } from './work.js';

/** What KVM does for the guest after it left guest mode. */
export type GuestExit = () => Procedure<void>;

/**
 * The host's thread of one virtual CPU: enters the guest with the interrupts of its local APIC, handles its exits.
 * Between entry and exit the guest runs undisturbed; an access to a device in it happens at the entry, and its exits
 * are handled in their order when it has returned from the interrupt.
 */
export class Vcpu {
  private readonly irr = new Uint32Array(NR_VECTORS / 32);
  private readonly irrWord: SharedWord;
  private readonly exits: GuestExit[] = [];
  private readonly thread: WorkItem;
  private inGuest = false;

  constructor(
    threads: HostThreads,
    private readonly cpu: Cpu,
    /** What code in the guest can change: devices that guest and user space both look at name their steps by it. */
    private readonly guestWord: SharedWord,
  ) {
    this.irrWord = new SharedWord(`local APIC of vCPU ${cpu.id}`);
    this.thread = new WorkItem(threads, `vCPU ${cpu.id}`, () => this.run());
  }

  /** Delivers an interrupt: 1, or 0 if one with this vector waits already (kvm_apic_set_irq). */
  *setIrq(vector: number): Procedure<number> {
    yield this.irrWord.update;
    if (testAndSetBit(this.irr, vector)) return 0;
    yield* this.thread.schedule();
    return 1;
  }

  /** Called by code in the guest: leaves guest mode for what KVM must do. */
  exit(exit: GuestExit): void {
    this.exits.push(exit);
    if (!this.inGuest) runAtomic(this.thread.schedule());
  }

  private *run(): Procedure<void> {
    for (;;) {
      const exit = this.exits.shift();
      if (exit !== undefined) {
        yield* exit();
        continue;
      }
      yield this.irrWord.update;
      const vector = nextBit(this.irr, 0);
      if (vector < 0) return;
      clearBit(this.irr, vector);
      yield this.guestWord.update;
      this.inGuest = true;
      this.cpu.raise(vector);
      this.inGuest = false;
    }
  }
}
