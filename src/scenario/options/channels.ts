import type { CpuId, Relid } from '../../lib/brand.js';
import type { CpuCounts } from './counts.js';

/** The state of a channel once the guest has booted. */
export interface ChannelOptions {
  readonly relid: Relid;
  /** CPU that it interrupts; default: where the guest puts it. */
  readonly cpu?: CpuId;
  /** Counts of its interrupt; default: what booting gave. */
  readonly counts?: CpuCounts;
}
