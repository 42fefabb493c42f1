import { unreachable } from '../lib/assert.js';
import type { CpuId } from '../lib/brand.js';
import type { Procedure } from '../machine/step.js';
import type { ChannelManagement } from './channel/mgmt.js';
import type { VmbusConnection } from './connection.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  decodeMessage,
  ProtocolError,
} from './protocol/channel-messages.js';
import { VMBUS_CONNECT_CPU } from './channel/placement.js';
import {
  HV_MESSAGE_PAYLOAD_BYTE_COUNT,
  HVMSG_NONE,
  HVMSG_VMBUS,
  type HvPerCpuContext,
  type MessageSlot,
} from './synic.js';

/**
 * Handles the control messages of the host (drivers/hv/vmbus_drv.c vmbus_on_msg_dpc with its table of handlers). What
 * may sleep goes to a workqueue; answers that somebody waits for are handed over at once.
 */
export class MessageHandler {
  constructor(
    private readonly connection: VmbusConnection,
    private readonly management: ChannelManagement,
    private readonly contexts: readonly HvPerCpuContext[],
  ) {}

  /** Takes the message out of a CPU's slot, frees the slot, and handles the message. Runs as a tasklet. */
  onMessage(cpu: CpuId): void {
    const slot = this.contexts[cpu].message;
    if (slot.type === HVMSG_NONE) return;
    const message = this.take(slot);
    if (message !== undefined) this.handle(message);
    slot.type = HVMSG_NONE;
    if (slot.pending) this.connection.host.endOfMessage(cpu);
  }

  /** The same step by step. */
  *onMessageSteps(cpu: CpuId): Procedure<void> {
    yield this.contexts[cpu].messageWord.update;
    yield this.connection.modchanCompletedWord.update;
    this.onMessage(cpu);
  }

  /** The message in a slot. The host may change its slot at any time, so each word of it is read once. */
  private take({ type, payloadSize, payload }: MessageSlot): ChannelMessage | undefined {
    if (type !== HVMSG_VMBUS) {
      this.connection.refuse('message-slot-type');
      return undefined;
    }
    if (payloadSize > HV_MESSAGE_PAYLOAD_BYTE_COUNT) {
      this.connection.refuse('message-slot-size');
      return undefined;
    }
    try {
      return decodeMessage(payload.subarray(0, payloadSize));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.connection.refuse(`message-${error.reason}`);
      return undefined;
    }
  }

  private handle(message: ChannelMessage): void {
    const { connection, management } = this;
    switch (message.type) {
      case CHANNELMSG.OFFERCHANNEL:
        if (connection.ignoresOffers || !this.isConnected()) return;
        connection.offersInProgress += 1;
        connection.workQueue.queue(() => management.onOffer(message), VMBUS_CONNECT_CPU);
        return;
      case CHANNELMSG.RESCIND_CHANNELOFFER:
        if (connection.ignoresOffers || !this.isConnected()) return;
        connection.rescindWorkQueue.queue(() => management.onRescind(message), VMBUS_CONNECT_CPU);
        return;
      case CHANNELMSG.MODIFYCHANNEL_RESPONSE:
        this.onModifychannelResponse(message.childRelid, message.status);
        return;
      case CHANNELMSG.ALLOFFERS_DELIVERED:
      case CHANNELMSG.OPENCHANNEL_RESULT:
      case CHANNELMSG.GPADL_CREATED:
      case CHANNELMSG.GPADL_TORNDOWN:
      case CHANNELMSG.VERSION_RESPONSE:
      case CHANNELMSG.UNLOAD_RESPONSE:
        if (!connection.requests.answer(message)) connection.refuse('response-nobody-waits-for');
        return;
      case CHANNELMSG.TL_CONNECT_RESULT:
        // Linux has no handler for it: a connect that fails is one that nothing comes of.
        return;
      case CHANNELMSG.REQUESTOFFERS:
      case CHANNELMSG.OPENCHANNEL:
      case CHANNELMSG.CLOSECHANNEL:
      case CHANNELMSG.GPADL_HEADER:
      case CHANNELMSG.GPADL_BODY:
      case CHANNELMSG.GPADL_TEARDOWN:
      case CHANNELMSG.RELID_RELEASED:
      case CHANNELMSG.INITIATE_CONTACT:
      case CHANNELMSG.UNLOAD:
      case CHANNELMSG.TL_CONNECT_REQUEST:
      case CHANNELMSG.MODIFYCHANNEL:
        connection.refuse('message-of-the-guest');
        return;
      default:
        unreachable(message);
    }
  }

  /** Nobody has asked for offers before there is a connection; Linux takes them while it connects. */
  private isConnected(): boolean {
    if (this.connection.state.kind === 'connected') return true;
    this.connection.refuse('offer-without-connection');
    return false;
  }

  /** vmbus_onmodifychannel_response, RFC patch 11: only counts. Always on the connect CPU, so no lock is needed. */
  private onModifychannelResponse(relid: number, status: number): void {
    const { connection } = this;
    if (connection.modchanCompleted >= connection.modchanSent) {
      connection.refuse('response-nobody-waits-for');
      return;
    }
    if (status !== 0) {
      connection.machine.log.printk(
        `hv_vmbus: Error status ${status.toString(16)} in MODIFYCHANNEL response for relid ${relid}`,
      );
    }
    connection.modchanCompleted += 1;
    for (const wait of connection.modchanWaits) wait.wakeUp();
  }
}
