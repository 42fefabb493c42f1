import type { CpuId, Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { Mutex } from '../../machine/lock.js';
import { inOneGo, isWatched, type Procedure, type SharedWord } from '../../machine/step.js';
import type { KernelBehaviour } from '../kernel.js';
import type { Speaker } from '../messages/warn.js';
import type { IrqchipState } from './irqchip.js';

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

/** What a device writes to interrupt (struct msi_msg): 32 bits each. */
export interface MsiMsg {
  readonly addressHi: number;
  readonly addressLo: number;
  readonly data: number;
}

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
  /** The same step by step, for a chip whose work others can come between; missing: it is one step. @primitive */
  irqSetAffinitySteps?(d: IrqData, dest: CpuMask, force: boolean): Procedure<number>;
  irqSetType?(d: IrqData, type: number): number;
  irqSetWake?(d: IrqData, on: boolean): number;
  /** True (or not 0) if the hardware sends the interrupt again. */
  irqRetrigger?(d: IrqData): number;
  irqBusLock?(d: IrqData): void;
  /** The same step by step: it may sleep. Missing: it is one step. @primitive */
  irqBusLockSteps?(d: IrqData): Procedure<void>;
  irqBusSyncUnlock?(d: IrqData): void;
  /** The same step by step, likewise. @primitive */
  irqBusSyncUnlockSteps?(d: IrqData): Procedure<void>;
  irqRequestResources?(d: IrqData): number;
  irqReleaseResources?(d: IrqData): void;
  /** The state asked for, or a negative errno. */
  irqGetIrqchipState?(d: IrqData, which: IrqchipState): boolean | number;
  irqSetIrqchipState?(d: IrqData, which: IrqchipState, state: boolean): number;
  /** Has the interrupt go to a virtual CPU by itself; `vcpuInfo` is the hypervisor's own, null: no longer. */
  irqSetVcpuAffinity?(d: IrqData, vcpuInfo: unknown): number;
  irqForceCompleteMove?(d: IrqData): void;
  /** The message by which a device interrupts, as the line is set up now. */
  irqComposeMsiMsg?(d: IrqData): MsiMsg;
  /** Tells the device its message. */
  irqWriteMsiMsg?(d: IrqData, msg: MsiMsg): void;
  /** For demultiplexed lines: called before it is decided which CPU handles the interrupt, such as to acknowledge it. */
  irqPreRedirect?(d: IrqData): void;
  /** Has the line be delivered as an NMI on this CPU, for chips with SUPPORTS_NMI; and no longer. */
  irqNmiSetup?(d: IrqData): number;
  irqNmiTeardown?(d: IrqData): void;
  /** What /proc/interrupts shows in place of the chip's name. */
  irqPrintChip?(d: IrqData): string;
}

/** The irqdomain of a line, as the line and its list know it; IrqDomain is above them. */
export interface LineDomain {
  /** Shown in /sys/kernel/irq and in messages. */
  readonly name: string;
  /** Number of hwirqs in the direct reverse map. */
  readonly revmapSize: number;
  /** Number of mappings. */
  readonly mapcount: number;
  /** hwirq and irq are the same number, and there is no reverse map. */
  readonly noMap: boolean;
  /** The domain that its interrupts go through next on their way to the CPU; null: the CPU's own, or no hierarchy. */
  readonly parent: LineDomain | null;
  /** Its lines are allocated in it and in all its parents (IRQ_DOMAIN_FLAG_HIERARCHY). */
  readonly isHierarchy: boolean;
  /** IRQ_DOMAIN_FLAG_*, but for those that follow from the above. */
  readonly flags: number;
  /** Keeps mappings from being made and taken away at the same time; that of the root serves all of a hierarchy. */
  readonly mutex: Mutex;
  /** Names the place of `hwirq` in the reverse map to an explorer. */
  slot(hwirq: Hwirq): SharedWord;
  /**
   * Gets the hardware ready for the line's first action or its managed restart; 0 or a negative errno.
   *
   * @param reserve a line that nobody has requested yet: a promise of what it needs will do.
   */
  activate(d: IrqData, reserve: boolean): number;
  /** Gives back what activate got. */
  deactivate(d: IrqData): void;
  /** The controller is told that the line goes away. */
  unmap(irq: Irq): void;
  /** Finds `hwirq` to be the line's from now on (irq_domain_set_mapping). */
  setMapping(hwirq: Hwirq, d: IrqData): void;
  /** Forgets the line (irq_domain_clear_mapping). */
  clearMapping(hwirq: Hwirq): void;
  /** Counts a line that came (1) or went (-1). */
  countMapping(change: 1 | -1): void;
  /** Whether lines of a hierarchy can be freed, see IrqDomainOps.free. */
  readonly canFree: boolean;
  /** Gives back what the domain, and those that it goes through, have of these lines. */
  free(irq: Irq, count: number): void;
  /** More lines for debugfs (irq_domain_ops.debug_show), of the whole domain or of one of its lines. */
  debugShow(d: IrqData | null, indent: number): string;
}

/** What the functions that work on an irq_data need of the descriptor that it is part of. */
export interface IrqDataDesc {
  /** Bits of `irqd`. */
  state: number;
  handlerData: unknown;
  /** The outermost level. */
  readonly data: IrqData;
  readonly cold: { readonly pendingMask: CpuMask; redirectTarget: CpuId; readonly chipWord: SharedWord };
  readonly core: Speaker & { readonly behaviour: KernelBehaviour; readonly genericPendingIrq: boolean };
}

/**
 * What a chip's callbacks work on (struct irq_data). A line has one for each irqdomain that it goes through, the
 * outermost in its descriptor, each pointing to the one nearer to the CPU; what they have in common (struct
 * irq_common_data) is the line's: state, affinities, node.
 */
export class IrqData {
  chip: IrqChip;
  readonly irq: Irq;
  hwirq: Hwirq = 0;
  domain: LineDomain | null = null;
  chipData: unknown = null;
  /** The same line in the domain's parent; null: there is none. */
  parentData: IrqData | null = null;
  /** The line's bit in the registers of its chip, 32 bits (irq_data.mask). */
  mask = 0;
  readonly affinity: CpuMask;
  readonly effectiveAffinity: CpuMask;
  /** NUMA node, -1 for none. */
  node: number;

  constructor(
    readonly desc: IrqDataDesc,
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

  /** Has the chip route the interrupt to `dest`, see IrqChip; EINVAL if it cannot. */
  chipSetAffinity(dest: CpuMask, force: boolean): number {
    return this.chip.irqSetAffinity?.(this, dest, force) ?? errnoValue('EINVAL');
  }

  /** @primitive `chipSetAffinity` is its plain form. */
  chipSetAffinitySteps(dest: CpuMask, force: boolean): Procedure<number> {
    return (
      this.chip.irqSetAffinitySteps?.(this, dest, force) ?? inOneGo(() => this.chipSetAffinity(dest, force))
    );
  }

  /** Another chip has the line from now on. */
  setChip(chip: IrqChip): void {
    if (isWatched()) this.desc.cold.chipWord.announce();
    this.chip = chip;
  }

  /** From here on a chip behind a slow bus only collects what it is asked for (chip_bus_lock). */
  busLock(): void {
    this.chip.irqBusLock?.(this);
  }

  /** @primitive `busLock` is its plain form. */
  busLockSteps(): Procedure<void> {
    if (isWatched()) this.desc.cold.chipWord.announceRead();
    return this.chip.irqBusLockSteps?.(this) ?? inOneGo(() => this.busLock());
  }

  /** Has the chip do what it has collected, where it may sleep (chip_bus_sync_unlock). */
  busSyncUnlock(): void {
    this.chip.irqBusSyncUnlock?.(this);
  }

  /** @primitive `busSyncUnlock` is its plain form. */
  busSyncUnlockSteps(): Procedure<void> {
    if (isWatched()) this.desc.cold.chipWord.announceRead();
    return this.chip.irqBusSyncUnlockSteps?.(this) ?? inOneGo(() => this.busSyncUnlock());
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

  /** False for lines that are tied to their CPUs (irqd_can_balance). */
  get canBalance(): boolean {
    return (this.state & (irqd.PER_CPU | irqd.NO_BALANCING)) === 0;
  }
}

/** For chips: tells which CPUs the interrupt really goes to (irq_data_update_effective_affinity). */
export function irqDataUpdateEffectiveAffinity(d: IrqData, mask: CpuMask): void {
  d.effectiveAffinity.copyFrom(mask);
}
