import type { CpuMask } from '../../machine/cpumask.js';
import type { CpuId, Hwirq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { irqType } from '../../irq/data/irqaction.js';
import {
  IRQ_SET_MASK_OK_DONE,
  IRQCHIP_STATE_ACTIVE,
  IRQCHIP_STATE_MASKED,
  IRQCHIP_STATE_PENDING,
  irqchipFlags,
  type IrqchipState,
} from '../../irq/data/irqchip.js';
import type { IrqChip, IrqData } from '../../irq/data/irqdata.js';
import type { Gic } from './gic.js';
import { intidRange, isInRedistributor, LPI_BASE_INTID } from './intid.js';

const EINVAL = errnoValue('EINVAL');

/**
 * The GICv3 as a chip (drivers/irqchip/irq-gic-v3.c gic_chip, the one for machines without EL2, as guests are; the same
 * from 6.1 to 7.2). Without pseudo-NMIs.
 */
export class GicChip implements IrqChip {
  readonly name = 'GICv3';
  readonly flags = irqchipFlags.SET_TYPE_MASKED | irqchipFlags.SKIP_SET_WAKE | irqchipFlags.MASK_ON_SUSPEND;
  /** Has the name of the kernel's function, which the log shows when it refuses. */
  readonly irqSetType: (data: IrqData, type: number) => number;

  constructor(private readonly gic: Gic) {
    this.irqSetType = function gicSetType(data, type) {
      return setType(gic, data.hwirq, type);
    };
  }

  irqMask(data: IrqData): void {
    this.gic.setEnabled(data.hwirq, false);
  }

  irqUnmask(data: IrqData): void {
    this.gic.setEnabled(data.hwirq, true);
  }

  irqEoi(data: IrqData): void {
    this.gic.deactivate(data.hwirq);
  }

  /** One CPU of the mask takes a shared interrupt: the lowest (gic_set_affinity). */
  irqSetAffinity(data: IrqData, dest: CpuMask, force: boolean): number {
    const { gic } = this;
    const { hwirq } = data;
    const cpu = force ? dest.first() : dest.firstAnd(data.desc.core.machine.online);
    if (cpu < 0 || isInRedistributor(hwirq)) return EINVAL;
    const wasEnabled = gic.isEnabled(hwirq);
    if (wasEnabled) gic.setEnabled(hwirq, false);
    gic.setRoute(hwirq, cpu);
    if (wasEnabled) gic.setEnabled(hwirq, true);
    setEffective(data, cpu);
    return IRQ_SET_MASK_OK_DONE;
  }

  /** The hardware makes it pending again (gic_retrigger). */
  irqRetrigger(data: IrqData): number {
    return this.irqSetIrqchipState(data, IRQCHIP_STATE_PENDING, true) === 0 ? 1 : 0;
  }

  /** gic_irq_get_irqchip_state. */
  irqGetIrqchipState({ hwirq }: IrqData, which: IrqchipState): boolean | number {
    const { gic } = this;
    if (hwirq >= LPI_BASE_INTID) return EINVAL;
    switch (which) {
      case IRQCHIP_STATE_PENDING:
        return gic.isPending(hwirq);
      case IRQCHIP_STATE_ACTIVE:
        return gic.isActive(hwirq);
      case IRQCHIP_STATE_MASKED:
        return !gic.isEnabled(hwirq);
      default:
        return EINVAL;
    }
  }

  /** gic_irq_set_irqchip_state. */
  irqSetIrqchipState({ hwirq }: IrqData, which: IrqchipState, state: boolean): number {
    const { gic } = this;
    if (hwirq >= LPI_BASE_INTID) return EINVAL;
    switch (which) {
      case IRQCHIP_STATE_PENDING:
        gic.setPending(hwirq, state);
        return 0;
      case IRQCHIP_STATE_ACTIVE:
        gic.setActive(hwirq, state);
        return 0;
      case IRQCHIP_STATE_MASKED:
        gic.setEnabled(hwirq, !state);
        return 0;
      default:
        return EINVAL;
    }
  }
}

/** SGIs are edges and stay so; shared interrupts are active high or rising only (gic_set_type, gic_configure_irq). */
function setType(gic: Gic, hwirq: Hwirq, type: number): number {
  const range = intidRange(hwirq);
  if (range === 'SGI') return type === irqType.EDGE_RISING ? 0 : EINVAL;
  if ((range === 'SPI' || range === 'ESPI') && type !== irqType.LEVEL_HIGH && type !== irqType.EDGE_RISING)
    return EINVAL;
  if ((type & irqType.LEVEL_MASK) !== 0) gic.setEdge(hwirq, false);
  else if ((type & irqType.EDGE_BOTH) !== 0) gic.setEdge(hwirq, true);
  return 0;
}

/**
 * A chip of which nothing but the name is known, as /proc/interrupts of a real machine tells it: any CPU of the mask
 * can take its interrupts, the lowest does.
 */
export class NamedChip implements IrqChip {
  readonly irqPrintChip?: () => string;

  /** @param printed what it writes into /proc/interrupts instead of its name. */
  constructor(
    readonly name: string,
    printed?: string,
  ) {
    if (printed !== undefined) this.irqPrintChip = () => printed;
  }

  irqMask(): void {}

  irqUnmask(): void {}

  irqEoi(): void {}

  irqSetType(): number {
    return 0;
  }

  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    setEffective(data, dest.first());
    return IRQ_SET_MASK_OK_DONE;
  }
}

function setEffective(data: IrqData, cpu: CpuId): void {
  data.effectiveAffinity.clearAll();
  data.effectiveAffinity.set(cpu);
}
