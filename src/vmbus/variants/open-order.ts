import type { Procedure } from '../../machine/step.js';
import type { ChannelCallback, VmbusChannel } from '../channel/channel.js';

/** When a channel's callback is set: before the host may signal, or too late. */
export interface OpenOrder {
  /** The guest is about to share the rings. */
  beforeOpen(channel: VmbusChannel, callback: ChannelCallback): Procedure<void>;
  /** The host has opened the channel. */
  afterOpen(channel: VmbusChannel, callback: ChannelCallback): Procedure<void>;
}

/** Linux: the callback is there before the host can signal (compared with drivers/hv/channel.c __vmbus_open of 6.1, 6.12 and 7.2). */
export class CallbackFirst implements OpenOrder {
  *beforeOpen(channel: VmbusChannel, callback: ChannelCallback): Procedure<void> {
    yield* channel.storeCallbackSteps(callback, '__vmbus_open');
  }

  *afterOpen(_channel: VmbusChannel, _callback: ChannelCallback): Procedure<void> {}
}

/**
 * What a field bug looks like (OpenVMM issue 1829): an interrupt that comes before OPENCHANNEL_RESULT has been processed
 * is ignored. Where Linux 6.1 drops it was not found out; this models what was reported, no code of Linux.
 *
 * ```
 * guest                              host
 * OPENCHANNEL                        opens; OPENCHANNEL_RESULT; packet into the empty ring, signal
 * interrupt: no callback, ignored
 * callback = …                       further packets: the ring is not empty, no signal
 * ```
 * Forbidden, and it happens: packets wait and nobody looks (races/open-first-interrupt).
 */
export class IgnoreUntilOpenResult implements OpenOrder {
  *beforeOpen(_channel: VmbusChannel, _callback: ChannelCallback): Procedure<void> {}

  *afterOpen(channel: VmbusChannel, callback: ChannelCallback): Procedure<void> {
    yield* channel.storeCallbackSteps(callback, '__vmbus_open');
  }
}
