import type { Hwirq, Irq } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { IrqChip } from './irqchip.js';
import type { IrqDesc } from './irqdesc.js';
import type { IrqDomain } from '../mapping/revmap.js';

export type { IrqChip } from './irqchip.js';

/** State bits of an interrupt (include/linux/irq.h IRQD_*); the low four are the trigger type. */
export const irqd = {
  TRIGGER_MASK: 0xf,
  SETAFFINITY_PENDING: 1 << 8,
  ACTIVATED: 1 << 9,
  NO_BALANCING: 1 << 10,
  PER_CPU: 1 << 11,
  AFFINITY_SET: 1 << 12,
  LEVEL: 1 << 13,
  WAKEUP_STATE: 1 << 14,
  MOVE_PCNTXT: 1 << 15,
  IRQ_DISABLED: 1 << 16,
  IRQ_MASKED: 1 << 17,
  IRQ_INPROGRESS: 1 << 18,
  WAKEUP_ARMED: 1 << 19,
  FORWARDED_TO_VCPU: 1 << 20,
  AFFINITY_MANAGED: 1 << 21,
  IRQ_STARTED: 1 << 22,
  MANAGED_SHUTDOWN: 1 << 23,
  SINGLE_TARGET: 1 << 24,
  DEFAULT_TRIGGER_SET: 1 << 25,
  CAN_RESERVE: 1 << 26,
  HANDLE_ENFORCE_IRQCTX: 1 << 27,
  AFFINITY_ON_ACTIVATE: 1 << 28,
  IRQ_ENABLED_ON_SUSPEND: 1 << 29,
  RESEND_WHEN_IN_PROGRESS: 1 << 30,
} as const;

/** What a chip's callbacks work on (struct irq_data with its struct irq_common_data). */
export class IrqData {
  chip: IrqChip;
  readonly irq: Irq;
  hwirq: Hwirq = 0;
  domain: IrqDomain | null = null;
  chipData: unknown = null;
  readonly affinity: CpuMask;
  readonly effectiveAffinity: CpuMask;
  /** NUMA node, -1 for none. */
  node: number;

  constructor(
    readonly desc: IrqDesc,
    irq: Irq,
    chip: IrqChip,
    affinity: CpuMask,
    effectiveAffinity: CpuMask,
    node: number,
  ) {
    this.irq = irq;
    this.chip = chip;
    this.affinity = affinity;
    this.effectiveAffinity = effectiveAffinity;
    this.node = node;
  }

  /** Bits of `irqd`. They lie in the descriptor (struct irq_common_data), as does `handlerData`. */
  get state(): number {
    return this.desc.state;
  }

  set state(state: number) {
    this.desc.state = state;
  }

  get handlerData(): unknown {
    return this.desc.handlerData;
  }

  set handlerData(data: unknown) {
    this.desc.handlerData = data;
  }

  /** True if any bit of `mask` is set. */
  has(mask: number): boolean {
    return (this.state & mask) !== 0;
  }

  set(mask: number): void {
    this.state |= mask;
  }

  clear(mask: number): void {
    this.state &= ~mask;
  }

  /** Trigger type, IRQ_TYPE_*. */
  get triggerType(): number {
    return this.state & irqd.TRIGGER_MASK;
  }

  /** irqd_set_trigger_type: from then on the type counts as chosen. */
  set triggerType(type: number) {
    this.state = (this.state & ~irqd.TRIGGER_MASK) | (type & irqd.TRIGGER_MASK) | irqd.DEFAULT_TRIGGER_SET;
  }

  /** irqd_can_balance */
  get canBalance(): boolean {
    return (this.state & (irqd.PER_CPU | irqd.NO_BALANCING)) === 0;
  }
}

/** For chips: tells which CPUs the interrupt really goes to (irq_data_update_effective_affinity). */
export function irqDataUpdateEffectiveAffinity(d: IrqData, mask: CpuMask): void {
  d.effectiveAffinity.copyFrom(mask);
}
