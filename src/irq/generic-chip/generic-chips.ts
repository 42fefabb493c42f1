import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../data/core.js';
import { noIrqChip } from '../data/dummychip.js';
import type { IrqData } from '../data/irqdata.js';
import type { IrqFlowHandler } from '../data/irqdesc.js';
import { type IrqDomain, type IrqDomainOps, irqFindMapping } from '../data/revmap.js';
import {
  irqModifyStatus,
  irqSetChip,
  irqSetChipAndHandler,
  irqSetChipData,
  irqSetHandler,
  irqSetHandlerData,
} from '../management/chip.js';
import { IrqChipGeneric, irqGc, type RegisterFile } from './chip-type.js';

/** The generic chips that an irqdomain is to have (struct irq_domain_chip_generic_info). */
export interface DomainChipInfo {
  readonly name: string;
  readonly handler: IrqFlowHandler;
  /** 1 to 32. */
  readonly irqsPerChip: number;
  readonly numCt: number;
  /** Bits of irqStatus that a line loses and gets when it is mapped. */
  readonly irqFlagsToClear?: number;
  readonly irqFlagsToSet?: number;
  /** Bits of irqGc. */
  readonly gcFlags?: number;
  /** Sets one chip up; not 0: the errno that all fails with. */
  init?(gc: IrqChipGeneric): number;
  exit?(gc: IrqChipGeneric): void;
}

/** struct irq_domain_chip_generic. */
interface DomainChips {
  readonly info: DomainChipInfo;
  readonly chips: IrqChipGeneric[];
}

const ALL_LINES = 0xffffffff;

/** The generic chips of a machine (kernel/irq/generic-chip.c with its static variables). */
export class GenericChips {
  /** For irqdomains with generic chips (irq_generic_chip_ops). */
  readonly ops: IrqDomainOps = {
    map: (domain, irq, hwirq) => this.map(domain, irq, hwirq),
    unmap: (domain, irq) => this.unmap(domain, irq),
  };
  private readonly list: IrqChipGeneric[] = [];
  private readonly ofDomain = new Map<IrqDomain, DomainChips>();

  constructor(private readonly core: IrqCore) {}

  /** A chip for lines from `irqBase` on, with `handler` for its first type (irq_alloc_generic_chip). */
  alloc(
    name: string,
    numCt: number,
    irqBase: Irq,
    regs: RegisterFile | null,
    handler: IrqFlowHandler | null,
  ): IrqChipGeneric {
    const { genericChipNamesAllTypes } = this.core.behaviour;
    return new IrqChipGeneric(name, numCt, irqBase, regs, handler, genericChipNamesAllTypes);
  }

  /** Gives the lines that are bits of `lines` the chip's first type (irq_setup_generic_chip). */
  setup(gc: IrqChipGeneric, lines: number, flags: number, clear: number, set: number): void {
    const { core } = this;
    const [chip] = gc.chipTypes;
    this.list.push(gc);
    initMaskCache(gc, flags);
    for (const at of bitsOf(lines)) {
      const irq = gc.irqBase + at;
      const d = core.desc(irq)?.data;
      if ((flags & irqGc.NO_MASK) === 0 && d !== undefined) calcMask(gc, d, at);
      irqSetChipAndHandler(core, irq, chip, chip.handler);
      irqSetChipData(core, irq, gc);
      irqModifyStatus(core, irq, clear, set);
      gc.irqCnt = at + 1;
    }
  }

  /** Takes the lines that are bits of `lines` away from the chip (irq_remove_generic_chip). */
  remove(gc: IrqChipGeneric, lines: number, clear: number, set: number): void {
    const { core, list } = this;
    const at = list.indexOf(gc);
    if (at >= 0) list.splice(at, 1);
    for (const bit of bitsOf(lines)) {
      const irq = gc.domain === null ? gc.irqBase + bit : irqFindMapping(gc.domain, gc.irqBase + bit);
      if (gc.domain !== null && irq === 0) continue;
      irqSetHandler(core, irq, null, false, null);
      irqSetChip(core, irq, noIrqChip);
      irqSetChipData(core, irq, null);
      irqModifyStatus(core, irq, clear, set);
    }
  }

  /**
   * Makes the chips of an irqdomain whose ops are `ops` (irq_domain_alloc_generic_chips).
   *
   * @returns 0, EBUSY if it has some, EINVAL if it has no place for a line, or what `init` refuses with.
   */
  allocForDomain(domain: IrqDomain, info: DomainChipInfo): number {
    if (this.ofDomain.has(domain)) return errnoValue('EBUSY');
    const numChips = Math.ceil(domain.revmapSize / info.irqsPerChip);
    if (numChips === 0) return errnoValue('EINVAL');
    const of: DomainChips = { info, chips: [] };
    this.ofDomain.set(domain, of);
    for (let i = 0; i < numChips; i++) {
      const gc = this.alloc(info.name, info.numCt, i * info.irqsPerChip, null, info.handler);
      gc.domain = domain;
      gc.bigEndian = ((info.gcFlags ?? 0) & irqGc.BE_IO) !== 0;
      const ret = info.init?.(gc) ?? 0;
      if (ret !== 0) {
        this.removeChips(domain, of.chips.reverse());
        return ret;
      }
      this.list.push(gc);
      of.chips.push(gc);
    }
    return 0;
  }

  /** Takes an irqdomain's chips away (irq_domain_remove_generic_chips). */
  removeFromDomain(domain: IrqDomain): void {
    const of = this.ofDomain.get(domain);
    if (of !== undefined) this.removeChips(domain, of.chips);
  }

  /** The chip of `hwirq`, if the domain has one (irq_get_domain_generic_chip). */
  chipOf(domain: IrqDomain, hwirq: Hwirq): IrqChipGeneric | undefined {
    const of = this.ofDomain.get(domain);
    return of?.chips[Math.floor(hwirq / of.info.irqsPerChip)];
  }

  /** The machine goes to sleep: each chip is told, its lines' type first (irq_gc_suspend). */
  suspend(): void {
    for (const gc of this.list) {
      this.tell(gc, (d) => gc.chipTypes[0].irqSuspend?.(d));
      gc.suspend?.(gc);
    }
  }

  /** The machine is awake again, the other way round (irq_gc_resume). */
  resume(): void {
    for (const gc of this.list) {
      gc.resume?.(gc);
      this.tell(gc, (d) => gc.chipTypes[0].irqResume?.(d));
    }
  }

  /** The machine is switched off (irq_gc_shutdown). */
  shutdown(): void {
    for (const gc of this.list) this.tell(gc, (d) => gc.chipTypes[0].irqPmShutdown?.(d));
  }

  private removeChips(domain: IrqDomain, chips: readonly IrqChipGeneric[]): void {
    const exit = this.ofDomain.get(domain)?.info.exit;
    for (const gc of chips) {
      exit?.(gc);
      this.remove(gc, ALL_LINES, 0, 0);
    }
    this.ofDomain.delete(domain);
  }

  /** Calls with any line that the chip has; none, none (irq_gc_get_irq_data). */
  private tell(gc: IrqChipGeneric, call: (d: IrqData) => void): void {
    const { domain, irqBase, installed } = gc;
    if (domain !== null && installed === 0) return;
    const irq = domain === null ? irqBase : irqFindMapping(domain, irqBase + bitsOf(installed)[0]);
    const desc = this.core.desc(irq);
    if (desc !== undefined && (domain === null || irq !== 0)) call(desc.data);
  }

  /** irq_map_generic_chip. */
  private map(domain: IrqDomain, irq: Irq, hwirq: Hwirq): number {
    const { core } = this;
    const of = this.ofDomain.get(domain);
    if (of === undefined) return errnoValue('ENODEV');
    const gc = this.chipOf(domain, hwirq);
    if (gc === undefined) return errnoValue('EINVAL');
    const { irqsPerChip, gcFlags = 0, irqFlagsToClear = 0, irqFlagsToSet = 0 } = of.info;
    const at = hwirq % irqsPerChip;
    if (((gc.unused >>> at) & 1) !== 0) return errnoValue('ENOTSUPP');
    if (((gc.installed >>> at) & 1) !== 0) return errnoValue('EBUSY');
    if (gc.installed === 0) initMaskCache(gc, gcFlags);
    gc.installed = (gc.installed | (1 << at)) >>> 0;
    const d = core.desc(irq)?.data;
    if (d !== undefined) calcMask(gc, d, at);
    const [chip] = gc.chipTypes;
    irqSetChipAndHandler(core, irq, chip, chip.handler);
    irqSetChipData(core, irq, gc);
    irqSetHandlerData(core, irq, null);
    irqModifyStatus(core, irq, irqFlagsToClear, irqFlagsToSet);
    return 0;
  }

  /** irq_unmap_generic_chip. */
  private unmap(domain: IrqDomain, irq: Irq): void {
    const { core } = this;
    const hwirq = core.desc(irq)?.data.hwirq ?? 0;
    const gc = this.chipOf(domain, hwirq);
    if (gc === undefined) return;
    gc.installed = (gc.installed & ~(1 << (hwirq - gc.irqBase))) >>> 0;
    irqSetChipAndHandler(core, irq, noIrqChip, null);
    irqSetChipData(core, irq, null);
    irqSetHandlerData(core, irq, null);
  }
}

/** All types share the chip's cache, or each has its own; it may begin with the register (irq_gc_init_mask_cache). */
function initMaskCache(gc: IrqChipGeneric, flags: number): void {
  const perType = (flags & irqGc.MASK_CACHE_PER_TYPE) !== 0;
  for (const type of gc.chipTypes) {
    type.maskCache = perType ? { value: 0 } : gc.maskCache;
    const { regs } = perType ? type : gc.chipTypes[0];
    if ((flags & irqGc.INIT_MASK_CACHE) !== 0) type.maskCache.value = gc.readl(regs.mask);
  }
}

function calcMask({ chipTypes: [chip] }: IrqChipGeneric, d: IrqData, at: number): void {
  if (chip.irqCalcMask) chip.irqCalcMask(d);
  else d.mask = (1 << at) >>> 0;
}

function bitsOf(word: number): number[] {
  const bits: number[] = [];
  for (let at = 0; at < 32; at++) if (((word >>> at) & 1) !== 0) bits.push(at);
  return bits;
}
