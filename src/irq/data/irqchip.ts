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
