/** Internal state bits of a descriptor (kernel/irq/internals.h IRQS_*). */
export const irqs = {
  AUTODETECT: 0x1,
  SPURIOUS_DISABLED: 0x2,
  POLL_INPROGRESS: 0x8,
  ONESHOT: 0x20,
  REPLAY: 0x40,
  WAITING: 0x80,
  PENDING: 0x200,
  SUSPENDED: 0x800,
  TIMINGS: 0x1000,
  NMI: 0x2000,
  SYSFS: 0x4000,
} as const;
