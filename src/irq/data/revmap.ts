import type { Hwirq, Irq } from '../../lib/brand.js';
import { Mutex } from '../../machine/lock.js';
import { isWatched, makeWithId, type Procedure, reserveObjectIds, SharedWord } from '../../machine/step.js';
import type { IrqCore } from './core.js';
import type { IrqData, LineDomain } from './irqdata.js';
import type { IrqDesc } from './irqdesc.js';

/** What a controller has to do for its interrupts (struct irq_domain_ops). */
export interface IrqDomainOps {
  /** Gives a new line its chip and flow handler; 0 or a negative errno. */
  map?(domain: IrqDomain, irq: Irq, hwirq: Hwirq): number;
  unmap?(domain: IrqDomain, irq: Irq): void;
  /**
   * Gets the hardware ready for the line's first action or its managed restart; 0 or a negative errno.
   *
   * @param reserve a line that nobody has requested yet: a promise of what it needs will do.
   */
  activate?(domain: IrqDomain, d: IrqData, reserve: boolean): number;
  /** Gives back what activate got. */
  deactivate?(domain: IrqDomain, d: IrqData): void;
  /**
   * Sets `count` new lines up from `irq` on, in the parents as well (irqDomainAllocIrqsParent). Who has it is a domain
   * of a hierarchy. 0 or a negative errno.
   *
   * @param arg what the domain's callers and children agree on with it.
   */
  alloc?(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number;
  /** Undoes alloc, with the parents (irqDomainFreeIrqsParent). */
  free?(domain: IrqDomain, irq: Irq, count: number): void;
  /** Reads a firmware's description of an interrupt; a negative errno if it makes no sense. */
  translate?(domain: IrqDomain, fwspec: IrqFwspec): FwspecMeaning | number;
  /** Whether the domain is the one for a description, where more than its node decides. */
  select?(domain: IrqDomain, fwspec: IrqFwspec, busToken: string): boolean;
  /**
   * More lines for the domain's file in debugfs (`d` null), and for that of one of its lines.
   *
   * @param indent columns that each is indented by.
   */
  debugShow?(domain: IrqDomain, d: IrqData | null, indent: number): string;
}

/** How a firmware describes an interrupt (struct irq_fwspec). */
export interface IrqFwspec {
  /** What the firmware calls the controller; null: the default domain. */
  readonly fwnode: object | null;
  readonly param: readonly number[];
}

/** What a description means to its domain. */
export interface FwspecMeaning {
  readonly hwirq: Hwirq;
  /** Trigger type, IRQ_TYPE_*; 0: not given. */
  readonly type: number;
}

/** What a domain may have beside its ops and the size of its map. */
export interface IrqDomainExtras {
  /** The domain nearer to the CPU. */
  readonly parent?: IrqDomain | null;
  /** IRQ_DOMAIN_FLAG_*. */
  readonly flags?: number;
  /** What firmware calls the controller. */
  readonly fwnode?: object | null;
  /** Tells domains of one controller apart (enum irq_domain_bus_token); default: any. */
  readonly busToken?: string;
}

/** Flags of domains (include/linux/irqdomain.h), in the numbering since 6.2. */
export const irqDomainFlags = {
  HIERARCHY: 1 << 0,
  NAME_ALLOCATED: 1 << 1,
  IPI_PER_CPU: 1 << 2,
  IPI_SINGLE: 1 << 3,
  MSI: 1 << 4,
  ISOLATED_MSI: 1 << 5,
  NO_MAP: 1 << 6,
  MSI_PARENT: 1 << 8,
  MSI_DEVICE: 1 << 9,
} as const;

/**
 * Translates a controller's numbers (hwirq) into Linux interrupt numbers (struct irq_domain).
 *
 * Access rules: whoever makes or takes away a mapping holds `mutex` when running step by step. Who looks one up needs
 * nothing (in Linux a reader of RCU) and yields the read of its `slot`.
 */
export class IrqDomain implements LineDomain {
  /** Keeps mappings from being made and taken away at the same time (domain->root->mutex). */
  readonly mutex: Mutex;
  readonly parent: IrqDomain | null;
  readonly isHierarchy: boolean;
  readonly flags: number;
  readonly fwnode: object | null;
  readonly busToken: string;
  mapcount = 0;
  /** Direct reverse map for hwirqs below revmapSize; as long as what has been mapped needs. */
  readonly linear: (IrqDesc | undefined)[] = [];
  /** Reverse map for the others. */
  readonly tree = new Map<Hwirq, IrqDesc>();
  private readonly slotIds: number;
  private slots: Map<number, SharedWord> | undefined;

  constructor(
    readonly core: IrqCore,
    readonly name: string,
    readonly ops: IrqDomainOps,
    readonly hostData: unknown,
    readonly revmapSize: number,
    /** One more than the highest hwirq. */
    readonly hwirqMax: number,
    readonly noMap: boolean,
    extras: IrqDomainExtras = {},
  ) {
    const { parent = null, flags = 0, fwnode = null, busToken = 'any' } = extras;
    this.parent = parent;
    this.flags = flags;
    this.fwnode = fwnode;
    this.busToken = busToken;
    this.isHierarchy = ops.alloc !== undefined;
    this.mutex = parent?.mutex ?? new Mutex(`mutex of irqdomain ${name}`);
    this.slotIds = reserveObjectIds(revmapSize + 1);
    core.addDomain(this);
  }

  /** Names the place of `hwirq` in the reverse map to an explorer; all that lie in the tree are one. */
  slot(hwirq: Hwirq): SharedWord {
    const at = Math.min(hwirq, this.revmapSize);
    this.slots ??= new Map();
    let slot = this.slots.get(at);
    if (slot === undefined) {
      const place = at === this.revmapSize ? 'tree' : `hwirq ${hwirq}`;
      slot = makeWithId(this.slotIds + at, () => new SharedWord(`revmap of ${this.name}: ${place}`));
      this.slots.set(at, slot);
    }
    return slot;
  }

  /** The running context looks the mapping up in one go. */
  announceLook(hwirq: Hwirq): void {
    if (isWatched()) this.slot(hwirq).announceRead();
  }

  /** The running context changes the mapping, or what who finds it looks at. */
  announceChange(hwirq: Hwirq): void {
    if (isWatched()) this.slot(hwirq).announce();
  }

  activate(d: IrqData, reserve: boolean): number {
    return this.ops.activate?.(this, d, reserve) ?? 0;
  }

  deactivate(d: IrqData): void {
    this.ops.deactivate?.(this, d);
  }

  unmap(irq: Irq): void {
    this.ops.unmap?.(this, irq);
  }

  get canFree(): boolean {
    return this.ops.free !== undefined;
  }

  free(irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) {
      if (irqDomainGetIrqData(this, i) !== null) this.ops.free?.(this, i, 1);
    }
  }

  debugShow(d: IrqData | null, indent: number): string {
    return this.ops.debugShow?.(this, d, indent) ?? '';
  }

  countMapping(change: 1 | -1): void {
    this.mapcount += change;
  }

  setMapping(hwirq: Hwirq, d: IrqData): void {
    this.announceChange(hwirq);
    const desc = this.core.sparseIrqs.get(d.irq);
    if (desc === undefined) return;
    const { linear } = this;
    if (hwirq < this.revmapSize) {
      while (linear.length < hwirq) linear.push(undefined);
      linear[hwirq] = desc;
    } else if (!this.noMap) {
      this.tree.set(hwirq, desc);
    }
  }

  clearMapping(hwirq: Hwirq): void {
    this.announceChange(hwirq);
    if (hwirq < this.revmapSize) this.linear[hwirq] = undefined;
    else this.tree.delete(hwirq);
  }
}

/** The Linux interrupt number of `hwirq`, 0 if not mapped (include/linux/irqdomain.h irq_find_mapping). */
export function* irqFindMappingSteps(domain: IrqDomain, hwirq: Hwirq): Procedure<Irq> {
  const desc = yield* irqResolveMappingSteps(domain, hwirq);
  return desc?.irq ?? 0;
}

/** Generated by `npm run twins`: `irqFindMappingSteps` in one go. */
export function irqFindMapping(domain: IrqDomain, hwirq: Hwirq): Irq {
  const desc = irqResolveMapping(domain, hwirq);
  return desc?.irq ?? 0;
}

/** The line of `hwirq`, undefined if not mapped (kernel/irq/irqdomain.c __irq_resolve_mapping). */
export function* irqResolveMappingSteps(domain: IrqDomain, hwirq: Hwirq): Procedure<IrqDesc | undefined> {
  yield domain.slot(hwirq).read;
  const { linear } = domain;
  if (hwirq < linear.length) return linear[hwirq];
  return resolveElsewhere(domain, hwirq);
}

/** Generated by `npm run twins`: `irqResolveMappingSteps` in one go. */
export function irqResolveMapping(domain: IrqDomain, hwirq: Hwirq): IrqDesc | undefined {
  const { linear } = domain;
  if (hwirq < linear.length) return linear[hwirq];
  return resolveElsewhere(domain, hwirq);
}

function resolveElsewhere(domain: IrqDomain, hwirq: Hwirq): IrqDesc | undefined {
  if (hwirq < domain.revmapSize) return undefined;
  if (!domain.noMap) return domain.tree.get(hwirq);
  if (hwirq >= domain.hwirqMax) return undefined;
  const irq: Irq = hwirq as number;
  return irqDomainGetIrqData(domain, irq)?.hwirq === hwirq ? domain.core.desc(irq) : undefined;
}

/** What the line has of `domain`, at whatever level; null: nothing (kernel/irq/irqdomain.c irq_domain_get_irq_data). */
export function irqDomainGetIrqData(domain: IrqDomain, irq: Irq): IrqData | null {
  let data: IrqData | null = domain.core.sparseIrqs.get(irq)?.data ?? null;
  while (data !== null && data.domain !== domain) data = data.parentData;
  return data;
}
