import type { CpuId, Irq, Relid } from '../../lib/brand.js';
import type { CpuCounts } from './counts.js';

/** The state of a channel once the guest has booted. */
export interface ChannelOptions {
  readonly relid: Relid;
  /** CPU that it interrupts; default: where the guest puts it. */
  readonly cpu?: CpuId;
  /** CPUs that its interrupt may go to, as a list such as `0-3,5`; `cpu` is one of them. Default: that CPU alone. */
  readonly affinity?: string;
  /** Linux number of its interrupt; default: what the kernel gives it. */
  readonly irq?: Irq;
  /** Counts of its interrupt; default: what booting gave. */
  readonly counts?: CpuCounts;
}
