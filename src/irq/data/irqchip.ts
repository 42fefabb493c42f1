import type { CpuMask } from '../../machine/cpumask.js';
import type { IrqData } from './irqdata.js';

/** The setter set the affinity; the core copies the mask. Also what a trigger type setter returns. */
export const IRQ_SET_MASK_OK = 0;
/** As OK, but the chip stored the mask itself. */
export const IRQ_SET_MASK_OK_NOCOPY = 1;
/** As OK, for chips in a hierarchy. */
export const IRQ_SET_MASK_OK_DONE = 2;

/** Flags of a chip (include/linux/irq.h IRQCHIP_*). */
export const irqchipFlags = {
  SET_TYPE_MASKED: 1 << 0,
  EOI_IF_HANDLED: 1 << 1,
  MASK_ON_SUSPEND: 1 << 2,
  ONOFFLINE_ENABLED: 1 << 3,
  SKIP_SET_WAKE: 1 << 4,
  ONESHOT_SAFE: 1 << 5,
  EOI_THREADED: 1 << 6,
  SUPPORTS_LEVEL_MSI: 1 << 7,
  SUPPORTS_NMI: 1 << 8,
  ENABLE_WAKEUP_ON_SUSPEND: 1 << 9,
  AFFINITY_PRE_STARTUP: 1 << 10,
  IMMUTABLE: 1 << 11,
  /** Affinity changes wait for the next interrupt (kernels from 6.15 on). */
  MOVE_DEFERRED: 1 << 12,
} as const;

/** State of a line that irqGetIrqchipState asks for (enum irqchip_irq_state). */
export type IrqchipState = 0 | 1 | 2 | 3;
export const IRQCHIP_STATE_PENDING: IrqchipState = 0;
export const IRQCHIP_STATE_ACTIVE: IrqchipState = 1;
export const IRQCHIP_STATE_MASKED: IrqchipState = 2;
export const IRQCHIP_STATE_LINE_LEVEL: IrqchipState = 3;

/** An interrupt controller (struct irq_chip). Functions that return a number return 0 or a negative errno. */
export interface IrqChip {
  /** Shown in /proc/interrupts; null prints as `-`. */
  readonly name: string | null;
  readonly flags?: number;
  /** Name of the chip object, where the kernel prints symbols; default: the chip's name. */
  readonly symbol?: string;
  irqStartup?(d: IrqData): number;
  irqShutdown?(d: IrqData): void;
  irqEnable?(d: IrqData): void;
  irqDisable?(d: IrqData): void;
  irqAck?(d: IrqData): void;
  irqMask?(d: IrqData): void;
  irqMaskAck?(d: IrqData): void;
  irqUnmask?(d: IrqData): void;
  irqEoi?(d: IrqData): void;
  /**
   * Routes the interrupt to `dest`, which is the core's own and only valid during the call. Sets the effective
   * affinity. Returns one of IRQ_SET_MASK_*, or a negative errno.
   */
  irqSetAffinity?(d: IrqData, dest: CpuMask, force: boolean): number;
  irqSetType?(d: IrqData, type: number): number;
  irqSetWake?(d: IrqData, on: boolean): number;
  /** True (or not 0) if the hardware sends the interrupt again. */
  irqRetrigger?(d: IrqData): number;
  irqBusLock?(d: IrqData): void;
  irqBusSyncUnlock?(d: IrqData): void;
  irqRequestResources?(d: IrqData): number;
  irqReleaseResources?(d: IrqData): void;
  /** The state asked for, or a negative errno. */
  irqGetIrqchipState?(d: IrqData, which: IrqchipState): boolean | number;
  irqSetIrqchipState?(d: IrqData, which: IrqchipState, state: boolean): number;
  irqForceCompleteMove?(d: IrqData): void;
  /** What /proc/interrupts shows in place of the chip's name. */
  irqPrintChip?(d: IrqData): string;
}

const nothing = (): void => {};

/** The chip of a descriptor that has none; it cannot be requested (kernel/irq/dummychip.c no_irq_chip). */
export const noIrqChip: IrqChip = {
  name: 'none',
  symbol: 'no_irq_chip',
  irqStartup: () => 0,
  irqShutdown: nothing,
  irqEnable: nothing,
  irqDisable: nothing,
  irqAck: nothing,
};

/** A chip that needs nothing done (kernel/irq/dummychip.c dummy_irq_chip). */
export const dummyIrqChip: IrqChip = {
  name: 'dummy',
  symbol: 'dummy_irq_chip',
  irqStartup: () => 0,
  irqShutdown: nothing,
  irqEnable: nothing,
  irqDisable: nothing,
  irqAck: nothing,
  irqMask: nothing,
  irqUnmask: nothing,
};
