import { clearBit, nextBit } from '../lib/bitmap.js';
import type { CpuId } from '../lib/brand.js';
import type { Cpu } from '../machine/cpu.js';
import type { Procedure } from '../machine/step.js';
import type { RelidMap } from './relid-map.js';
import { HV_EVENT_FLAGS_COUNT, type HvPerCpuContext, HVMSG_NONE } from './synic.js';
import type { ControlMessages } from './variants/control-messages.js';

const EVENT_WORDS = HV_EVENT_FLAGS_COUNT / 32;

/** The top level of VMBus interrupts: what runs on a CPU whose synic the host raised (drivers/hv/vmbus_drv.c). */
export class VmbusIsr {
  /** Interrupts handled, whoever counts them. */
  interrupts = 0;
  /** Events for relid 0, the control path, which the guest ignored. */
  relid0Events = 0;
  /** True if nobody else counts the channels' interrupts. */
  private readonly countsEvents: boolean;

  constructor(
    private readonly contexts: readonly HvPerCpuContext[],
    private readonly relids: RelidMap,
    private readonly control: ControlMessages,
  ) {
    this.countsEvents = !relids.countsChannels;
  }

  /**
   * Handles all events of the CPU, then a control message (vmbus_isr as of RFC patch 9).
   *
   * @returns true if the top-level interrupt itself is to be counted.
   */
  handle(cpu: Cpu): boolean {
    const context = this.contexts[cpu.id];
    this.interrupts += 1;
    this.vmbusChanSched(context, cpu.id);
    if (context.message.type === HVMSG_NONE) return this.countsEvents;
    return this.control.pending(cpu, context) || this.countsEvents;
  }

  /** The same step by step. */
  *handleSteps(cpu: Cpu): Procedure<boolean> {
    const context = this.contexts[cpu.id];
    this.interrupts += 1;
    yield* this.chanSchedSteps(context, cpu.id);
    yield context.messageWord.read;
    if (context.message.type === HVMSG_NONE) return this.countsEvents;
    return this.control.pending(cpu, context) || this.countsEvents;
  }

  /**
   * Goes through the CPU's event flags once, from relid 0 up. Each flag is cleared before its channel is looked up, so
   * an event that arrives during the callback is seen by the interrupt that comes with it.
   */
  private vmbusChanSched(context: HvPerCpuContext, cpu: CpuId): void {
    const { eventFlags } = context;
    for (let index = 0; index < EVENT_WORDS; index += 4) {
      // Most flags are clear, so four words are looked at together.
      if ((eventFlags[index] | eventFlags[index + 1] | eventFlags[index + 2] | eventFlags[index + 3]) === 0)
        continue;
      for (let at = index; at < index + 4; at++)
        if (eventFlags[at] !== 0) this.handleWord(eventFlags, at, cpu);
    }
  }

  private handleWord(eventFlags: Uint32Array, index: number, cpu: CpuId): void {
    let word = eventFlags[index] | 0;
    while (word !== 0) {
      const bit = word & -word;
      eventFlags[index] &= ~bit;
      const relid = (index << 5) + 31 - Math.clz32(bit);
      if (relid !== 0) this.relids.dispatch(relid, cpu);
      else this.relid0Events += 1;
      word = eventFlags[index] & ~(bit | (bit - 1));
    }
  }

  private *chanSchedSteps({ eventFlags, flagsWord }: HvPerCpuContext, cpu: CpuId): Procedure<void> {
    for (let from = 0; ; ) {
      yield flagsWord.read;
      const relid = nextBit(eventFlags, from);
      if (relid < 0) return;
      yield flagsWord.update;
      clearBit(eventFlags, relid);
      if (relid !== 0) yield* this.relids.dispatchSteps(relid, cpu);
      else this.relid0Events += 1;
      from = relid + 1;
    }
  }
}
