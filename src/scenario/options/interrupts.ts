import type { CpuId, Hwirq, Irq } from '../../lib/brand.js';
import type { CpuCounts } from './counts.js';
import type { LineHandlerOptions } from './line-request.js';

export const interruptFlows = ['edge', 'level', 'fasteoi', 'percpu', 'simple'] as const;
/** How a line outside VMBus is handled: `edge` for handle_edge_irq, and so on. */
export type InterruptFlow = (typeof interruptFlows)[number];

/** A line outside VMBus with its devices and their drivers: a row of /proc/interrupts. */
export interface InterruptOptions extends LineHandlerOptions {
  readonly irq: Irq;
  /** Name of the chip, e.g. `IO-APIC`. */
  readonly chip: string;
  /** True if the chip writes its name itself, without padding; blanks at its start count then. */
  readonly chipPrinted?: boolean;
  /** Default: the Linux number. null: the interrupt belongs to no irqdomain. */
  readonly hwirq?: Hwirq | null;
  readonly flow: InterruptFlow;
  /** What the flow handler is called in /proc/interrupts; null: nothing. Default: `flow` on x86, nothing on arm64. */
  readonly flowName?: string | null;
  /** How the line is triggered; default: `edge` for the edge flow, else `level`. */
  readonly trigger?: 'edge' | 'level';
  /**
   * Name of the action, e.g. `rtc0`; several, separated by a comma and a blank, for a shared line. Without it nobody
   * has requested the interrupt.
   */
  readonly name?: string;
  /** CPUs that it may go to, as a list such as `0-3,5`; default: what /proc/irq/default_smp_affinity says. */
  readonly affinity?: string;
  /**
   * The one of these CPUs that it goes to once the guest has booted; default: what the kernel chooses. One that is not of
   * them: it is about to move with the next interrupt, if its chip moves it no sooner.
   */
  readonly cpu?: CpuId;
  /**
   * The kernel alone decides where it goes, within `affinity`: user space may not move it, and it is shut down while all
   * these CPUs are offline. Default: true for what Linux always manages, queues of NVMe (`nvme0q1`) and of virtio disks
   * (`virtio0-req.0`), if `affinity` is given.
   */
  readonly managed?: boolean;
  /** NUMA node of its descriptor; default: what the kernel makes it, which is none but for managed ones. */
  readonly node?: number;
  readonly counts?: CpuCounts;
}
