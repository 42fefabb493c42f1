import type { Ns } from '../../lib/brand.js';
import { type ErrnoCode, ErrnoError } from '../../lib/errno.js';
import type { ClockEvent } from '../../machine/clock.js';
import { Tasklet } from '../../machine/tasklet.js';
import {
  framePacket,
  NO_SECTION,
  NVSP,
  NVSP_STAT_SUCCESS,
  nvspMessage,
} from '../../host/protocols/network.js';
import { putWord } from '../../host/protocols/words.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import { COMPLETION_REQUESTED, type RingReader, VM_PKT } from '../../vmbus/ring/index.js';
import type { HostPacket } from '../conversation/packets.js';
import type { Frame, TxQueue } from './tx-queue.js';

/** Frames that one poll takes at most (NAPI_POLL_WEIGHT). */
const NAPI_POLL_WEIGHT = 64;
/** Free part of the outgoing ring in percent at which a queue is stopped and woken (RING_AVAIL_PERCENT_*). */
const LOWATER_PERCENT = 10;
const HIWATER_PERCENT = 20;
/** When a poll is repeated that found no room for its completions. In Linux ksoftirqd goes on at once. */
const REPOLL_NS: Ns = 10_000;
/** Transaction ids of frames begin here; those of control messages stay below. */
const FIRST_FRAME_ID = 2 ** 32;
/** Two pages, one with the RNDIS header and one with the frame, behind 8 bytes (struct hv_page_buffer). */
const PAGE_BUFFER_BYTES = 8 + 2 * 16;

/** What the channels of an adapter share. */
export interface NetvscShared {
  /** A section of the send buffer for a frame; NO_SECTION if all are taken (netvsc_get_next_send_section). */
  getNextSendSection(): number;
  /** The host is done with a section (netvsc_free_send_slot). */
  freeSendSection(section: number): void;
  /** Handles a packet of the host that is not the completion of a frame. */
  receive(packet: HostPacket, from: NetvscChannel): void;
  /** A channel has nothing under way any more. */
  idle(): void;
  /** No queue goes on because the host has taken frames (tx_disable of struct netvsc_device). */
  readonly txDisabled: boolean;
  readonly statistics: NetvscStatistics;
}

/** What a channel of an adapter has carried. */
export interface NetvscStatistics {
  /** Frames that the host took, and those that came from it. */
  transmitted: number;
  received: number;
  /** Frames that were dropped in the guest. */
  dropped: number;
  /** How often a queue was stopped because its ring was nearly full (stop_queue). */
  stops: number;
}

/** A channel of a network adapter: its NAPI context, and the frames that the host has not taken (struct netvsc_channel). */
export class NetvscChannel {
  /** Messages that the host still has, those without a frame included (queue_sends). */
  queueSends = 0;
  /** Queues that were stopped because this channel's ring was nearly full. */
  private readonly stoppedQueues: TxQueue[] = [];
  private readonly sections = new Map<number, number>();
  private nextId = FIRST_FRAME_ID;
  /** Transaction ids of frames whose receipt is to be completed, which frees the receive buffer (multi_recv_comp). */
  private receiveCompletions: number[] = [];
  private readonly napi: Tasklet;
  private scheduled = false;
  /** The reader holds a packet that the last poll had no budget for. */
  private holdsPacket = false;
  private readonly repoll: ClockEvent = { fire: () => this.schedule() };

  constructor(
    private readonly operations: ChannelOperations,
    readonly channel: VmbusChannel,
    private readonly shared: NetvscShared,
  ) {
    this.napi = new Tasklet(`netvsc_poll/${channel.relid}`, () => this.poll(), undefined, 'NET_RX');
  }

  /** True if neither side waits for anything of the other. */
  get isIdle(): boolean {
    return this.queueSends === 0 && this.receiveCompletions.length === 0;
  }

  /** Nothing lies unread in the rings, and nobody polls them (napi_synchronize, hv_get_bytes_to_read). */
  get ringsAreEmpty(): boolean {
    const { rings } = this.channel;
    if (rings === undefined) return true;
    return (
      !this.scheduled && rings.inbound.ring.bytesToRead() === 0 && rings.outbound.ring.bytesToRead() === 0
    );
  }

  /** netvsc_channel_cb: in the interrupt, leaves the ring to the poll. */
  interrupt(inbound: RingReader | undefined): void {
    if (this.scheduled || inbound === undefined) return;
    inbound.beginRead();
    this.scheduled = true;
    this.schedule();
  }

  /** Forgets everything that was on its way: the channel is closed. */
  reset(): void {
    for (const section of this.sections.values()) this.shared.freeSendSection(section);
    this.sections.clear();
    this.queueSends = 0;
    this.stoppedQueues.length = 0;
    this.receiveCompletions = [];
    this.holdsPacket = false;
  }

  private schedule(): void {
    const { machine } = this.channel;
    machine.runningCpu.taskletSchedule(this.napi);
  }

  /**
   * Takes up to NAPI_POLL_WEIGHT frames off the ring. Signals are asked for again only when the ring is empty and all
   * completions are sent; until then it is scheduled once more (netvsc_poll).
   */
  private poll(): void {
    const inbound = this.channel.rings?.inbound;
    if (inbound === undefined) {
      this.scheduled = false;
      return;
    }
    const workDone = this.drain(inbound);
    const allSent = this.sendReceiveCompletions();
    if (workDone >= NAPI_POLL_WEIGHT) {
      this.schedule();
    } else if (!allSent) {
      this.channel.machine.clock.after(REPOLL_NS, this.repoll);
    } else if (inbound.endRead() !== 0) {
      inbound.beginRead();
      this.schedule();
    } else this.scheduled = false;
  }

  private drain(inbound: RingReader): number {
    let workDone = 0;
    let has = this.holdsPacket || inbound.next();
    const began = has;
    while (has && workDone < NAPI_POLL_WEIGHT) {
      workDone += this.process(inbound);
      // The callbacks of what was read may have closed the channel.
      if (this.channel.rings?.inbound !== inbound) return workDone;
      has = inbound.next();
    }
    this.holdsPacket = has;
    if (began && !has && inbound.pktIterClose()) this.operations.setEvent(this.channel);
    return workDone;
  }

  /**
   * Handles the packet read last: the completion of a frame here, all else in the adapter (netvsc_process_raw_pkt).
   *
   * @returns the number of frames received with it.
   */
  private process(inbound: RingReader): number {
    const { type, transactionId } = inbound;
    if (type === VM_PKT.COMP && transactionId >= FIRST_FRAME_ID) {
      this.frameSent(transactionId);
      return 0;
    }
    this.shared.receive(inbound, this);
    return type === VM_PKT.DATA_USING_XFER_PAGES ? 1 : 0;
  }

  /** The host's part of the receive buffer is free again (enq_receive_complete). */
  completeReceive(transactionId: number): void {
    this.receiveCompletions.push(transactionId);
  }

  /**
   * Tells the host which parts of the receive buffer are free again (send_recv_completions).
   *
   * @returns false if there was no room for all.
   */
  private sendReceiveCompletions(): boolean {
    const { receiveCompletions } = this;
    if (receiveCompletions.length === 0) return true;
    let sent = 0;
    while (sent < receiveCompletions.length && this.sendReceiveCompletion(receiveCompletions[sent]))
      sent += 1;
    receiveCompletions.splice(0, sent);
    if (receiveCompletions.length > 0) return false;
    this.shared.idle();
    return true;
  }

  private sendReceiveCompletion(transactionId: number): boolean {
    return this.sendPacket(receiveCompletion, transactionId, 0, VM_PKT.COMP) !== 'EAGAIN';
  }

  /** The host has taken a frame: its section is free, and a stopped queue may go on (netvsc_send_tx_complete). */
  private frameSent(transactionId: number): void {
    const section = this.sections.get(transactionId);
    if (section === undefined) {
      this.operations.refuse('packet-nobody-waits-for');
      return;
    }
    this.sections.delete(transactionId);
    this.shared.freeSendSection(section);
    this.queueSends -= 1;
    this.shared.statistics.transmitted += 1;
    this.wakeQueues();
    this.shared.idle();
  }

  /**
   * Starts stopped queues again once there is enough room, or nothing whose completion could do it later
   * (netif_tx_wake_queue).
   */
  wakeQueues(): void {
    const { stoppedQueues, shared } = this;
    if (stoppedQueues.length === 0 || shared.txDisabled) return;
    const percent = this.channel.rings?.outbound.ring.availToWritePercent() ?? 0;
    if (percent <= HIWATER_PERCENT && this.queueSends > 0) return;
    for (const queue of stoppedQueues.splice(0)) queue.wake();
  }

  /**
   * Writes a frame into the ring, and stops its queue when the ring is nearly full (netvsc_send_pkt).
   *
   * @returns false if the frame must wait.
   */
  send(frame: Frame, queue: TxQueue): boolean {
    const { shared } = this;
    const percent = this.channel.rings?.outbound.ring.availToWritePercent() ?? 0;
    const section = shared.getNextSendSection();
    const id = this.nextId;
    const refused = this.sendFrame(frame, section, id);
    if (refused === undefined) {
      this.nextId += 1;
      this.sections.set(id, section);
      this.queueSends += 1;
      if (percent < LOWATER_PERCENT) this.stop(queue);
      return true;
    }
    shared.freeSendSection(section);
    if (refused === 'EAGAIN' && (this.queueSends > 0 || shared.txDisabled)) {
      this.stop(queue);
      return false;
    }
    // No completion would wake the queue, or there is no channel: the frame is lost.
    shared.statistics.dropped += 1;
    return true;
  }

  private stop(queue: TxQueue): void {
    queue.stop();
    this.stoppedQueues.push(queue);
    this.shared.statistics.stops += 1;
  }

  private sendFrame({ hash, bytes }: Frame, section: number, id: number): ErrnoCode | undefined {
    const message = framePacket(section, bytes, hash);
    if (section !== NO_SECTION) return this.sendPacket(message, id, COMPLETION_REQUESTED, VM_PKT.DATA_INBAND);
    const packet = new Uint8Array(PAGE_BUFFER_BYTES + message.length);
    putWord(packet, 4, 2);
    packet.set(message, PAGE_BUFFER_BYTES);
    return this.sendPacket(packet, id, COMPLETION_REQUESTED, VM_PKT.DATA_USING_GPA_DIRECT, PAGE_BUFFER_BYTES);
  }

  private sendPacket(
    payload: Uint8Array,
    id: number,
    flags: number,
    type: number,
    rangeBytes = 0,
  ): ErrnoCode | undefined {
    try {
      this.operations.sendPacket(this.channel, payload, id, flags, type, rangeBytes);
      return undefined;
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      return error.code;
    }
  }
}

/** Says that a frame's place in the receive buffer is free again. */
const receiveCompletion = nvspMessage(NVSP.SEND_RNDIS_PKT_COMPLETE, NVSP_STAT_SUCCESS);
