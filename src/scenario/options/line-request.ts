import type { Ns } from '../../lib/brand.js';
import type { RequestFlag } from '../../devices/line/request-flags.js';

/** How the driver of a device outside VMBus answers its interrupts. */
export interface LineHandlerOptions {
  /** `none`: it takes no interrupt for its own and leaves the device as it is; default: it serves the device. */
  readonly answers?: 'handled' | 'none';
  /** The device is served in a thread; `alone`: without a handler before it. Default: no thread. */
  readonly thread?: boolean | 'alone';
  /** How long the handler keeps its CPU from the next interrupt; default 0. */
  readonly costNs?: Ns;
  /** How long the thread takes for one run; default 0. */
  readonly threadCostNs?: Ns;
  /** Flags of the request by the kernel's names; default: IRQF_SHARED where a line has several names. */
  readonly flags?: readonly RequestFlag[];
}

/** A driver's request of an interrupt. */
export interface LineRequestOptions extends LineHandlerOptions {
  /** Name of the action. */
  readonly name: string;
}
