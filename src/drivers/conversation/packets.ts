import { ErrnoError } from '../../lib/errno.js';
import type { ChannelCallback, VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';

/** A packet of the host, copied out of the ring. */
export interface HostPacket {
  /** VM_PKT number. */
  readonly type: number;
  readonly transactionId: number;
  /** With the padding behind it. */
  readonly payload: Uint8Array;
}

/**
 * A channel callback that hands over every packet in the ring to `take`, then frees them all (include/linux/hyperv.h
 * foreach_vmbus_pkt). A signal without a packet, as a workload may give it, makes no garbage.
 */
export function packetCallback(
  operations: ChannelOperations,
  take: (packet: HostPacket, channel: VmbusChannel) => void,
): ChannelCallback {
  return (channel) => {
    const inbound = channel.rings?.inbound;
    if (inbound === undefined || !inbound.next()) return;
    do {
      const payload = inbound.payload();
      take({ type: inbound.type, transactionId: inbound.transactionId, payload }, channel);
    } while (inbound.next());
    if (inbound.pktIterClose()) operations.setEvent(channel);
  };
}

/**
 * Sends where nobody looks whether it went well, such as in a channel callback. False if the ring was full or the
 * channel is gone.
 */
export function tryToSend(send: () => void): boolean {
  try {
    send();
    return true;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return false;
  }
}
