import type { Hwirq, Irq } from '../../lib/brand.js';
import type { IrqCore } from '../core.js';
import type { IrqData } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';

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
export class IrqDomain {
  /** Number of mappings. */
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
    /** Number of hwirqs in the direct reverse map. */
    readonly revmapSize: number,
    /** One more than the highest hwirq. */
    readonly hwirqMax: number,
    /** hwirq and irq are the same number, and there is no reverse map. */
    readonly noMap: boolean,
  ) {
    this.linear = new Array<IrqDesc | undefined>(revmapSize).fill(undefined);
    core.domains.push(this);
  }
}

/** Linux' number of `hwirq`, 0 if not mapped (include/linux/irqdomain.h irq_find_mapping). */
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
