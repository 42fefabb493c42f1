import { ErrnoError } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import { putWords } from '../../host/protocols/words.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import { packetBytes } from '../../vmbus/ring/index.js';
import { packetCallback } from '../conversation/packets.js';

/** Bytes of struct vmpipe_proto_header: type and length of the data. */
const PIPE_HEADER_BYTES = 8;
/** Data bytes of the largest packet (HVS_SEND_BUF_SIZE). */
const SEND_BUFFER_BYTES = 4096 - PIPE_HEADER_BYTES;
const PIPE_DATA = 1;

/** One connection between guest and host (struct hvsock). */
export class HvSocket {
  /** Data bytes that went to the host. */
  sent = 0;
  private readonly writable: WaitQueue;
  private readonly drain: (channel: VmbusChannel) => void;

  constructor(
    private readonly operations: ChannelOperations,
    readonly channel: VmbusChannel,
  ) {
    this.writable = new WaitQueue(
      `room on hv_sock ${channel.relid}`,
      () => this.writableBytes > 0 || channel.rescind,
    );
    channel.rescindWaits.add(this.writable);
    this.drain = packetCallback(operations, () => {});
  }

  /** The host is to signal whenever the largest packet fits again (hvs_open_connection). */
  opened(): void {
    const outbound = this.channel.rings?.outbound;
    if (outbound === undefined) return;
    this.operations.flowControl.requestRoom(outbound, SEND_BUFFER_BYTES + PIPE_HEADER_BYTES);
  }

  /** The host has signalled: takes what it sent, and lets senders look for room again (hvs_channel_cb). */
  onChannel(): void {
    this.drain(this.channel);
    this.writable.wakeUp();
  }

  /**
   * Sends bytes, waiting for the host to read as often as needed (hvs_stream_enqueue).
   *
   * @throws ErrnoError ENODEV if the connection is gone.
   */
  *send(bytes: number): Procedure<void> {
    for (let left = bytes; left > 0; ) {
      yield* this.operations.flowControl.awaitRoom(this.writable);
      const length = Math.min(left, this.writableBytes, SEND_BUFFER_BYTES);
      if (length === 0) throw new ErrnoError('ENODEV', `the host closed connection ${this.channel.relid}`);
      const packet = new Uint8Array(PIPE_HEADER_BYTES + length);
      putWords(packet, 0, PIPE_DATA, length);
      this.operations.sendPacket(this.channel, packet, 0);
      this.sent += length;
      left -= length;
    }
  }

  /** Data bytes that fit with the packet that ends the connection still behind them (hvs_channel_writable_bytes). */
  private get writableBytes(): number {
    const { rings, rescind } = this.channel;
    if (rings === undefined || rescind) return 0;
    const reserved = packetBytes(PIPE_HEADER_BYTES + 1) + packetBytes(PIPE_HEADER_BYTES);
    const free = rings.outbound.ring.bytesToWrite() - reserved;
    return free <= 0 ? 0 : free & ~7;
  }
}
