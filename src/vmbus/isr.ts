import type { Irq } from '../lib/brand.js';
import type { Cpu } from '../machine/cpu.js';
import { IRQ_HANDLED } from '../irq/irqaction.js';
import { callbackMode, type VmbusChannel } from './channel.js';
import type { IrqdomainRelidMap } from './relid-map.js';
import { HV_EVENT_FLAGS_COUNT, type HvPerCpuContext, HVMSG_NONE } from './synic.js';

const EVENT_WORDS = HV_EVENT_FLAGS_COUNT / 32;

/** The top level of VMBus interrupts: what runs on a CPU whose synic the host raised (drivers/hv/vmbus_drv.c). */
export class VmbusIsr {
  constructor(
    private readonly contexts: readonly HvPerCpuContext[],
    private readonly relids: IrqdomainRelidMap,
  ) {}

  /**
   * Handles all events of the CPU, and leaves a control message to the message tasklet (vmbus_isr as of RFC patch 9).
   *
   * @returns true if there was a control message: only then the top-level interrupt counts.
   */
  handle(cpu: Cpu): boolean {
    const context = this.contexts[cpu.id];
    this.vmbusChanSched(context);
    if (context.message.type === HVMSG_NONE) return false;
    cpu.taskletSchedule(context.msgDpc);
    return true;
  }

  /**
   * Goes through the CPU's event flags once, from relid 0 up. Each flag is cleared before its channel is looked up, so
   * an event that arrives during the callback is seen by the interrupt that comes with it.
   */
  private vmbusChanSched(context: HvPerCpuContext): void {
    const { eventFlags } = context;
    for (let index = 0; index < EVENT_WORDS; index += 4) {
      // Most flags are clear, so four words are looked at together.
      if ((eventFlags[index] | eventFlags[index + 1] | eventFlags[index + 2] | eventFlags[index + 3]) === 0) continue;
      for (let at = index; at < index + 4; at++) if (eventFlags[at] !== 0) this.handleWord(eventFlags, at);
    }
  }

  private handleWord(eventFlags: Uint32Array, index: number): void {
    let word = eventFlags[index] | 0;
    while (word !== 0) {
      const bit = word & -word;
      eventFlags[index] &= ~bit;
      const relid = (index << 5) + 31 - Math.clz32(bit);
      if (relid !== 0) this.relids.dispatch(relid);
      word = eventFlags[index] & ~(bit | (bit - 1));
    }
  }
}

/** The handler of all channels' interrupts (vmbus_chan_handler, RFC patch 9). `devId` is the channel. */
export function vmbusChanHandler(_irq: Irq, devId: unknown): number {
  const channel = devId as VmbusChannel;
  const callback = channel.onChannelCallback;
  if (callback === undefined) return IRQ_HANDLED;
  channel.interrupts += 1;
  if (channel.callbackMode === callbackMode.isr) {
    callback(channel);
    return IRQ_HANDLED;
  }
  if (channel.callbackMode === callbackMode.batched) channel.rings?.inbound.beginRead();
  const { machine } = channel;
  machine.cpus[machine.thisCpu].taskletSchedule(channel.callbackEvent);
  return IRQ_HANDLED;
}

/**
 * A channel's tasklet (vmbus_on_event): lets the driver drain the ring; in batched mode signals are off meanwhile, so
 * what came in before they were on again is looked for once more.
 */
export function vmbusOnEvent(channel: VmbusChannel): void {
  const callback = channel.onChannelCallback;
  if (callback === undefined) return;
  callback(channel);
  const inbound = channel.rings?.inbound;
  if (channel.callbackMode !== callbackMode.batched || inbound === undefined) return;
  if (inbound.endRead() === 0) return;
  inbound.beginRead();
  const { machine } = channel;
  machine.cpus[machine.thisCpu].taskletSchedule(channel.callbackEvent);
}
