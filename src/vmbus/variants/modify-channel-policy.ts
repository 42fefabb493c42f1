import type { CpuId } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';

/** Who waits until the host has done what a MODIFYCHANNEL tells it, and for how long. */
export interface ModifyChannelPolicy {
  /** A write of `cpu` to a channel's `cpu` file (target_cpu_store). @returns 0 or a negative errno. */
  store(channel: VmbusChannel, cpu: CpuId): Procedure<number>;
  /** The same for a caller that holds channel_mutex and keeps CPUs from coming and going (vmbus_channel_set_cpu). */
  setCpu(channel: VmbusChannel, cpu: CpuId): Procedure<number>;
  /** `cpu`, which no channel is given to any more, is about to have its synic switched off. */
  beforeOffline(cpu: CpuId): Procedure<void>;
  /** `cpu` cannot go: it has events that nobody handles. */
  eventsPending(cpu: CpuId): void;
}
