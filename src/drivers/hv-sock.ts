import { ErrnoError } from '../lib/errno.js';
import type { Proc } from '../machine/step.js';
import { callbackMode } from '../vmbus/channel.js';
import type { ChannelOperations } from '../vmbus/channel-open.js';
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import { packetCallback } from './support/packets.js';

/** Pages of each ring: 20 KiB of data and the header (RINGBUFFER_HVS_RCV_SIZE). */
const RING_PAGES = 6;

/**
 * Sockets between guest and host (net/vmw_vsock/hyperv_transport.c). Each connection is a channel of its own; somebody
 * in the guest is taken to listen, and what is said is read and dropped.
 */
export class HvSockDriver implements VmbusDriver {
  readonly name = 'hv_sock';
  readonly classIds = [];
  readonly hvsock = true;

  constructor(private readonly operations: ChannelOperations) {}

  /** hvs_probe, which always succeeds: the host takes a connection back that was not opened. */
  *probe({ channel }: VmbusDevice): Proc<void> {
    channel.callbackMode = callbackMode.direct;
    try {
      yield* this.operations.open(channel, {
        callback: packetCallback(this.operations, () => {}),
        ringPages: RING_PAGES,
      });
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
    }
  }

  /** hvs_remove */
  *remove(device: VmbusDevice): Proc<void> {
    yield* this.operations.close(device.channel);
  }
}
