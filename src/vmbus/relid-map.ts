import type { CpuId, Relid } from '../lib/brand.js';
import type { Procedure } from '../machine/step.js';
import type { IrqDomain } from '../irq/data/revmap.js';
import type { VmbusChannel } from './channel/channel.js';
import { HV_EVENT_FLAGS_COUNT } from './synic.js';

/** Highest relid + 1 (MAX_CHANNEL_RELIDS). Relid 0 is the control path. */
export const MAX_CHANNEL_RELIDS = HV_EVENT_FLAGS_COUNT;
/** Relid of a channel between suspend and resume. */
export const INVALID_RELID: Relid = 0xffffffff;

/**
 * How an event finds its channel, and what stands between them: a plug-in point of the design (variants/). Procedures
 * named …Steps are what `dispatch` does, yielding before each access that another context could see.
 */
export interface RelidMap {
  /** Events for relids that no usable channel has, which the guest ignored. */
  droppedEvents: number;
  /** True if each channel's interrupts are counted for it; otherwise the top level counts all of its own. */
  readonly countsChannels: boolean;
  /** The channels' irqdomain, if they have one. */
  readonly domain: IrqDomain | undefined;
  /** From now on events find the channel (vmbus_channel_map_relid). False if that cannot be; then nothing changed. */
  map(channel: VmbusChannel): Procedure<boolean>;
  /** Events do not find the channel any more (vmbus_channel_unmap_relid). */
  unmap(channel: VmbusChannel): Procedure<void>;
  /** The channel is being opened, its interrupts begin on its target CPU. @throws ErrnoError if they cannot. */
  requestIrq(channel: VmbusChannel): Procedure<void>;
  /** Undoes requestIrq, if it was done; waits for handlers. */
  freeIrq(channel: VmbusChannel): Procedure<void>;
  /** True if some channel has this relid. */
  isMapped(relid: Relid): boolean;
  /** The channel with this relid (relid2channel). */
  relid2channel(relid: Relid): VmbusChannel | undefined;
  /** Has the channel with this relid handle an event of the host that came to `cpu`, the present one. */
  dispatch(relid: Relid, cpu: CpuId): void;
  dispatchSteps(relid: Relid, cpu: CpuId): Procedure<void>;
  /** The channel's target has just become `newCpu`. */
  moved(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): Procedure<void>;
  /** Has the host interrupt `cpu` for the channel, as its `cpu` file wants; 0 or a negative errno. */
  setTargetCpu(channel: VmbusChannel, cpu: CpuId): number;
  /** Gives the map back; all channels must be unmapped. */
  remove(): void;
}
