import type { Ns } from '../../lib/brand.js';
import { deviceClassId } from '../../vmbus/class-ids.js';
import type { Guid } from '../../vmbus/guid.js';
import { VM_PKT } from '../../vmbus/ring.js';
import type { GuestPacket, HostBackend, HostDeviceServices } from '../device.js';
import type { HostChannel } from '../host-channel.js';
import {
  NVSP,
  NVSP_STAT_FAIL,
  NVSP_STAT_SUCCESS,
  nvspMessage,
  nvspType,
  nvspVersions,
  nvspWord,
  OID,
  RNDIS,
  RNDIS_COMPLETION,
  rndisOf,
  rndisPacket,
} from '../protocols/network.js';

/** A message to its answer. */
const MESSAGE_NS: Ns = 50_000;

/** Network adapters: answers what a driver asks until the adapter runs. */
export class NetworkBackend implements HostBackend {
  readonly classId: Guid = deviceClassId('nic');

  packet(channel: HostChannel, packet: GuestPacket, services: HostDeviceServices): void {
    const { payload, transactionId } = packet;
    const complete = (type: number, ...words: readonly number[]): void => {
      services.send(channel, nvspMessage(type, ...words), transactionId, MESSAGE_NS, VM_PKT.COMP);
    };
    switch (nvspType(payload)) {
      case NVSP.INIT: {
        const spoken = nvspVersions.includes(nvspWord(payload, 0));
        complete(NVSP.INIT_COMPLETE, 0, 0, spoken ? NVSP_STAT_SUCCESS : NVSP_STAT_FAIL);
        return;
      }
      case NVSP.SEND_RECV_BUF:
        complete(NVSP.SEND_RECV_BUF_COMPLETE, NVSP_STAT_SUCCESS);
        return;
      case NVSP.SEND_SEND_BUF:
        complete(NVSP.SEND_SEND_BUF_COMPLETE, NVSP_STAT_SUCCESS);
        return;
      case NVSP.SUBCHANNEL: {
        const count = Math.min(nvspWord(payload, 1), services.maxSubChannels(channel));
        complete(NVSP.SUBCHANNEL, NVSP_STAT_SUCCESS, count);
        services.offerSubChannels(channel, count, MESSAGE_NS);
        return;
      }
      case NVSP.SEND_RNDIS_PKT:
        complete(NVSP.SEND_RNDIS_PKT_COMPLETE, NVSP_STAT_SUCCESS);
        this.answerRndis(channel, packet, services);
        return;
      default:
    }
  }

  private answerRndis(
    channel: HostChannel,
    { payload, transactionId }: GuestPacket,
    services: HostDeviceServices,
  ): void {
    const { type, requestId, oid } = rndisOf(payload);
    if (type === RNDIS.HALT) return;
    const value = oid === OID.GEN_RECEIVE_SCALE_CAPABILITIES ? services.maxSubChannels(channel) + 1 : 0;
    const answer = rndisPacket({ type: (type | RNDIS_COMPLETION) >>> 0, requestId, oid, value });
    services.send(channel, answer, transactionId, MESSAGE_NS, VM_PKT.DATA_USING_XFER_PAGES);
  }
}
