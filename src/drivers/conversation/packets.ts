import { ErrnoError } from '../../lib/errno.js';
import type { ChannelCallback, VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { RingReader } from '../../vmbus/ring/index.js';

/** A packet of the host, which lies in the ring as long as its callback looks at it; its payload can be copied out. */
export type HostPacket = Pick<RingReader, 'type' | 'transactionId' | 'payload' | 'payloadWord'>;

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
      take(inbound, channel);
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
