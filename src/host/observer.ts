import type { CpuId } from '../lib/brand.js';
import { type Token, token } from '../lib/token.js';
import type { ChannelMessage } from '../vmbus/protocol/channel-messages.js';
import type { HostChannel } from './device.js';

/** Told of what goes between a host and its guest's VMBus, in its order. */
export interface HostObserver {
  /** The guest posts a message. @param accepted false if the host has no such connection. */
  posted?(message: ChannelMessage, connectionId: number, accepted: boolean): void;
  /** The host sends a message. */
  sent?(message: ChannelMessage): void;
  /** The host has done what a MODIFYCHANNEL told it, or refused to. */
  modified?(channel: HostChannel): void;
  /** The guest has switched a VP's synic on or off. */
  synicSwitched?(vp: CpuId, on: boolean): void;
  /** The guest signals a channel. */
  signalled?(connectionId: number): void;
}

/** Plug-in point: who is told of what goes between host and guest. Bind one at most. */
export const HOST_OBSERVER: Token<HostObserver> = token('HostObserver');
