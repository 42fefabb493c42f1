import type { Relid } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';

/** What the rescind of a channel is made of, whichever way its lifetime is guarded (vmbus_onoffer_rescind). */
export interface RescindWork {
  /** Waits until no offer is being processed. */
  awaitOffers(): Procedure<void>;
  /** The channel with this relid. The caller holds channel_mutex. */
  find(relid: Relid): Procedure<VmbusChannel | undefined>;
  /** Keeps the driver's callback from being called, and wakes whoever waits for the channel. */
  stop(channel: VmbusChannel): Procedure<void>;
  /** Waits until the driver's probe is done; Linux looks each millisecond. */
  awaitProbe(channel: VmbusChannel): Procedure<void>;
  /** The device, or the sub-channel, goes, and then the channel. */
  remove(channel: VmbusChannel): Procedure<void>;
  refuse(reason: 'rescind-of-unknown-relid' | 'rescind-twice'): void;
}

/** What the end of VMBus is made of (module exit, vmbus_free_channels). */
export interface ExitWork {
  /** Waits until all works are done (destroy_workqueue in vmbus_disconnect). */
  drainWork(): Procedure<void>;
  /** All primary channels of the moment. */
  primaries(): readonly VmbusChannel[];
  /** The channel's device goes, if it is there still (vmbus_device_unregister). */
  removeDevice(channel: VmbusChannel): Procedure<void>;
  /** Takes the channel off its list and gives it up, unless somebody else has. */
  removeChannel(channel: VmbusChannel): Procedure<void>;
}

/** When a channel's memory goes, and what keeps those who look at it from doing so afterwards. */
export interface ChannelLifetime {
  /** An interrupt begins to look for channels. @returns for leaveEvent. */
  enterEvent(): Procedure<number>;
  leaveEvent(section: number): Procedure<void>;
  /** Keeps a channel that an event has found; undefined if it may not be used any more. */
  getForEvent(channel: VmbusChannel | undefined): Procedure<VmbusChannel | undefined>;
  putForEvent(channel: VmbusChannel): Procedure<void>;
  /** Handles a rescind of the host. */
  rescind(relid: Relid, work: RescindWork): Procedure<void>;
  /** The channel has been shown to its driver (the end of vmbus_process_offer). */
  offerProcessed(channel: VmbusChannel, work: RescindWork): Procedure<void>;
  /** Whoever took the channel off its list gives it up. */
  giveUp(channel: VmbusChannel): Procedure<void>;
  /** True if somebody may take the channel off its list although another one does, too. */
  readonly toleratesDoubleRemoval: boolean;
  /** All channels go: the module is unloaded. */
  exit(work: ExitWork): Procedure<void>;
}
