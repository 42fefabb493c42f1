import { setBit, testAndSetBit } from '../lib/bitmap.js';
import type { CpuId, Relid } from '../lib/brand.js';
import type { GuestPort } from '../vmbus/host-port.js';
import {
  HV_TIMER_MESSAGE_BYTES,
  HVMSG_NONE,
  HVMSG_TIMER_EXPIRED,
  HVMSG_VMBUS,
  type SynicPages,
} from '../vmbus/synic.js';
import type { HostChannel } from './device.js';
import { HostTotals } from './totals.js';
import { traceHostMessage, traceHostSignal } from './trace.js';

/** The hypervisor's side of the synics: sets event flags, fills message slots, raises interrupts. */
export class SynicSender {
  private readonly pages: (SynicPages | undefined)[] = [];
  private readonly messages: Uint8Array[] = [];
  /** VPs whose timer's message waits for the slot. */
  private readonly expired = new Set<CpuId>();
  /** VPs whose slot has got a timer's message. */
  private readonly timed = new Set<CpuId>();
  /** VP that gets the messages, as named at first contact. */
  messageVp: CpuId = 0;
  readonly totals = new HostTotals();

  constructor(private guest: GuestPort) {}

  /** From now on another kernel takes the interrupts. */
  attach(guest: GuestPort): void {
    this.guest = guest;
  }

  /** Messages that have not reached the guest never do. */
  forget(): void {
    this.messages.length = 0;
  }

  /** No VP has a synic any more. */
  off(): void {
    this.forget();
    this.pages.length = 0;
  }

  /** Whether messages wait for a slot, or one in it for the guest, whose CPU may be busy. */
  get hasMessages(): boolean {
    if (this.messages.length > 0 || this.isTaken(this.messageVp)) return true;
    for (const vp of this.timed) {
      if (this.isTaken(vp)) return true;
      this.timed.delete(vp);
    }
    return false;
  }

  private isTaken(vp: CpuId): boolean {
    const slot = this.pages[vp]?.message;
    return slot !== undefined && slot.type !== HVMSG_NONE;
  }

  enable(vp: CpuId, pages: SynicPages): void {
    this.pages[vp] = pages;
  }

  disable(vp: CpuId): void {
    this.pages[vp] = undefined;
  }

  /** Sets the channel's event flag on its VP and interrupts that VP, unless the flag was set already. */
  signal(channel: HostChannel): void {
    const vp = channel.targetVp;
    const pages = this.pages[vp];
    const { totals } = this;
    channel.signalled += 1;
    totals.signalled += 1;
    if (pages === undefined) {
      channel.lost += 1;
      totals.lost += 1;
      traceHostSignal(this.guest, channel.relid, vp, 'lost');
    } else if (testAndSetBit(pages.eventFlags, channel.relid)) {
      channel.coalesced += 1;
      totals.coalesced += 1;
      traceHostSignal(this.guest, channel.relid, vp, 'coalesced');
    } else {
      traceHostSignal(this.guest, channel.relid, vp, 'delivered');
      this.interrupt(vp);
    }
  }

  /** Sets an event flag on a VP and interrupts it, whatever the flag stands for; nothing if the VP's synic is off. */
  raise(relid: Relid, vp: CpuId): void {
    if (!this.isOn(vp)) return;
    this.totals.signalled += 1;
    this.flag(relid, vp);
    this.interrupt(vp);
  }

  /** Sets an event flag on a VP; nothing if the VP's synic is off. */
  flag(relid: Relid, vp: CpuId): void {
    const pages = this.pages[vp];
    if (pages !== undefined) setBit(pages.eventFlags, relid);
  }

  /** Interrupts a VP; nothing if its synic is off. */
  kick(vp: CpuId): void {
    if (this.isOn(vp)) this.interrupt(vp);
  }

  /** True if the guest has switched the VP's synic on. */
  isOn(vp: CpuId): boolean {
    return this.pages[vp] !== undefined;
  }

  /** Sends a control message when the slot is free and all earlier ones are gone. */
  post(message: Uint8Array): void {
    this.messages.push(message);
    this.deliver();
  }

  /** The guest freed the slot of `vp`. */
  endOfMessage(vp: CpuId): void {
    if (this.expired.delete(vp)) this.timerExpired(vp);
    else if (vp === this.messageVp) this.deliver();
  }

  /**
   * The synthetic timer of `vp` has expired, and says so by a message: a host without direct mode. It waits while the slot
   * is taken, once; nothing comes of it if the VP's synic is off.
   */
  timerExpired(vp: CpuId): void {
    const slot = this.pages[vp]?.message;
    if (slot === undefined) return;
    if (slot.type !== HVMSG_NONE) {
      this.expired.add(vp);
      slot.pending = true;
      return;
    }
    slot.payload.fill(0);
    slot.payloadSize = HV_TIMER_MESSAGE_BYTES;
    slot.pending = vp === this.messageVp && this.messages.length > 0;
    slot.type = HVMSG_TIMER_EXPIRED;
    this.timed.add(vp);
    this.interrupt(vp);
  }

  private deliver(): void {
    const slot = this.pages[this.messageVp]?.message;
    if (slot === undefined) return;
    if (slot.type !== HVMSG_NONE) {
      slot.pending = true;
      return;
    }
    const message = this.messages.shift();
    if (message === undefined) return;
    slot.payload.fill(0);
    slot.payload.set(message);
    slot.payloadSize = message.length;
    slot.pending = this.messages.length > 0 || this.expired.has(this.messageVp);
    slot.type = HVMSG_VMBUS;
    this.totals.messages += 1;
    traceHostMessage(this.guest, slot.payload, this.messageVp);
    this.interrupt(this.messageVp);
  }

  private interrupt(vp: CpuId): void {
    this.totals.interrupts += 1;
    this.guest.interrupt(vp);
  }
}
