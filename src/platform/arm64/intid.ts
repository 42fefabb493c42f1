import type { Hwirq } from '../../lib/brand.js';

/** What an interrupt id of a GICv3 is by its number (drivers/irqchip/irq-gic-v3.c enum gic_intid_range). */
export type IntidRange = 'SGI' | 'PPI' | 'SPI' | 'EPPI' | 'ESPI' | 'LPI' | 'invalid';

/** First shared peripheral interrupt. */
export const SPI_BASE_INTID = 32;
const SPI_END = 1020;
/** First of the per-CPU interrupts that GICv3.1 adds. */
export const EPPI_BASE_INTID = 1056;
const EPPI_END = 1120;
/** First of the shared interrupts that GICv3.1 adds. */
export const ESPI_BASE_INTID = 4096;
const ESPI_END = 5120;
/** First interrupt id that is a message, not a line. */
export const LPI_BASE_INTID = 8192;
const LPI_END = 1 << 24;
/** What a CPU is told that acknowledges when nothing is pending for it. */
export const SPURIOUS_INTID = 1023;

const SGI_END = 16;

/** The range that an interrupt id is in (drivers/irqchip/irq-gic-v3.c __get_intid_range). */
export function intidRange(intid: Hwirq): IntidRange {
  if (intid < SGI_END) return 'SGI';
  if (intid < SPI_BASE_INTID) return 'PPI';
  if (intid < SPI_END) return 'SPI';
  if (intid >= EPPI_BASE_INTID && intid < EPPI_END) return 'EPPI';
  if (intid >= ESPI_BASE_INTID && intid < ESPI_END) return 'ESPI';
  return intid >= LPI_BASE_INTID && intid < LPI_END ? 'LPI' : 'invalid';
}

/** True for those that each CPU has for itself, in its redistributor (drivers/irqchip/irq-gic-v3.c gic_irq_in_rdist). */
export function isInRedistributor(intid: Hwirq): boolean {
  return intid < SPI_BASE_INTID || (intid >= EPPI_BASE_INTID && intid < EPPI_END);
}
