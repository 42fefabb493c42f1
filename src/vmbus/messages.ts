import { unreachable } from '../lib/assert.js';
import type { CpuId } from '../lib/brand.js';
import type { ChannelManagement } from './channel-mgmt.js';
import type { VmbusConnection } from './connection.js';
import { CHANNELMSG, type ChannelMessage, decodeMessage, ProtocolError } from './protocol.js';
import { VMBUS_CONNECT_CPU } from './placement.js';
import { HVMSG_NONE, HVMSG_VMBUS, type HvPerCpuContext } from './synic.js';

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
    const message = slot.type === HVMSG_VMBUS ? this.decode(slot.payload, slot.payloadSize) : undefined;
    if (message !== undefined) this.handle(message);
    slot.type = HVMSG_NONE;
    if (slot.pending) this.connection.host.endOfMessage(cpu);
  }

  private decode(payload: Uint8Array, payloadSize: number): ChannelMessage | undefined {
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
        connection.offersInProgress += 1;
        connection.workQueue.queue(() => management.onOffer(message), VMBUS_CONNECT_CPU);
        return;
      case CHANNELMSG.RESCIND_CHANNELOFFER:
        connection.rescindWorkQueue.queue(() => management.onRescind(message), VMBUS_CONNECT_CPU);
        return;
      case CHANNELMSG.ALLOFFERS_DELIVERED:
        connection.allOffersDelivered.complete();
        return;
      case CHANNELMSG.MODIFYCHANNEL_RESPONSE:
        this.onModifychannelResponse(message.childRelid, message.status);
        return;
      case CHANNELMSG.OPENCHANNEL_RESULT:
      case CHANNELMSG.GPADL_CREATED:
      case CHANNELMSG.GPADL_TORNDOWN:
      case CHANNELMSG.VERSION_RESPONSE:
      case CHANNELMSG.UNLOAD_RESPONSE:
      case CHANNELMSG.TL_CONNECT_RESULT:
        if (!connection.requests.answer(message)) connection.refuse('response-nobody-waits-for');
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
  }
}
