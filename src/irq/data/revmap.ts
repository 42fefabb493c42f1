import type { Hwirq, Irq } from '../../lib/brand.js';
import type { IrqCore } from './core.js';
import type { IrqData, LineDomain } from './irqdata.js';
import type { IrqDesc } from './irqdesc.js';

/** What a controller has to do for its interrupts (struct irq_domain_ops). */
export interface IrqDomainOps {
  /** Gives a new line its chip and flow handler; 0 or a negative errno. */
  map?(domain: IrqDomain, irq: Irq, hwirq: Hwirq): number;
  unmap?(domain: IrqDomain, irq: Irq): void;
  /** Gets the hardware ready for the line's first action or its managed restart; 0 or a negative errno. */
  activate?(domain: IrqDomain, d: IrqData): number;
  /** Gives back what activate got. */
  deactivate?(domain: IrqDomain, d: IrqData): void;
}

/** Translates a controller's numbers (hwirq) into Linux interrupt numbers (struct irq_domain). */
export class IrqDomain implements LineDomain {
  mapcount = 0;
  /** Direct reverse map for hwirqs below its length. */
  readonly linear: (IrqDesc | undefined)[];
  /** Reverse map for the others. */
  readonly tree = new Map<Hwirq, IrqDesc>();

  constructor(
    readonly core: IrqCore,
    readonly name: string,
    readonly ops: IrqDomainOps,
    readonly hostData: unknown,
    readonly revmapSize: number,
    /** One more than the highest hwirq. */
    readonly hwirqMax: number,
    readonly noMap: boolean,
  ) {
    this.linear = new Array<IrqDesc | undefined>(revmapSize).fill(undefined);
    core.domains.push(this);
  }

  activate(d: IrqData): number {
    return this.ops.activate?.(this, d) ?? 0;
  }

  deactivate(d: IrqData): void {
    this.ops.deactivate?.(this, d);
  }

  unmap(irq: Irq): void {
    this.ops.unmap?.(this, irq);
  }

  /** From now on `hwirq` is the line's (irq_domain_set_mapping). */
  setMapping(hwirq: Hwirq, desc: IrqDesc): void {
    this.mapcount += 1;
    if (hwirq < this.revmapSize) this.linear[hwirq] = desc;
    else if (!this.noMap) this.tree.set(hwirq, desc);
  }

  clearMapping(hwirq: Hwirq): void {
    this.mapcount -= 1;
    if (hwirq < this.revmapSize) this.linear[hwirq] = undefined;
    else this.tree.delete(hwirq);
  }
}

/** The Linux interrupt number of `hwirq`, 0 if not mapped (include/linux/irqdomain.h irq_find_mapping). */
export function irqFindMapping(domain: IrqDomain, hwirq: Hwirq): Irq {
  return irqResolveMapping(domain, hwirq)?.irq ?? 0;
}

/** The line of `hwirq`, undefined if not mapped (kernel/irq/irqdomain.c __irq_resolve_mapping). */
export function irqResolveMapping(domain: IrqDomain, hwirq: Hwirq): IrqDesc | undefined {
  if (hwirq < domain.revmapSize) return domain.linear[hwirq];
  return resolveElsewhere(domain, hwirq);
}

function resolveElsewhere(domain: IrqDomain, hwirq: Hwirq): IrqDesc | undefined {
  if (!domain.noMap) return domain.tree.get(hwirq);
  const desc = hwirq < domain.hwirqMax ? domain.core.desc(hwirq as number) : undefined;
  return desc?.data.domain === domain ? desc : undefined;
}
