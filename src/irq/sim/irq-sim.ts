import { clearBit, nextBit, setBit, testBit, wordsFor } from '../../lib/bitmap.js';
import type { Hwirq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { IrqWork } from '../../machine/irq-work.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import { noIrqChip } from '../data/dummychip.js';
import { irqType } from '../data/irqaction.js';
import { IRQCHIP_STATE_PENDING, type IrqchipState } from '../data/irqchip.js';
import type { IrqChip, IrqData } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { type IrqDomain, irqResolveMapping } from '../data/revmap.js';
import { irqStatus } from '../data/settings.js';
import { handleSimpleIrq, handleSimpleIrqSteps } from '../line/flow.js';
import { irqModifyStatus, irqSetChip, irqSetChipData, irqSetHandler } from '../management/chip.js';
import { irqDomainCreateLinear, irqDomainRemove } from '../mapping/irqdomain.js';

/** What a simulator tells its owner, such as gpio-sim (struct irq_sim_ops). */
export interface IrqSimOps {
  /** A line is requested; not 0: the errno that it fails with. */
  irqRequested?(domain: IrqDomain, hwirq: Hwirq): number;
  irqReleased?(domain: IrqDomain, hwirq: Hwirq): void;
}

/** A line's own (struct irq_sim_irq_ctx). */
interface SimLine {
  enabled: boolean;
  readonly sim: IrqSim;
}

const simLine = (d: IrqData): SimLine => d.chipData as SimLine;

/** Lines of it are raised by software, through IRQCHIP_STATE_PENDING (kernel/irq/irq_sim.c irq_sim_irqchip). */
const irqSimChip: IrqChip = {
  name: 'irq_sim',
  symbol: 'irq_sim_irqchip',
  irqMask(d) {
    simLine(d).enabled = false;
  },
  irqUnmask(d) {
    simLine(d).enabled = true;
  },
  irqSetType: irqSimSetType,
  irqGetIrqchipState(d, which) {
    if (which !== IRQCHIP_STATE_PENDING) return errnoValue('EINVAL');
    const { enabled, sim } = simLine(d);
    // Of a line that is masked Linux says nothing, and its caller keeps what it had before.
    return enabled && sim.isPending(d.hwirq);
  },
  irqSetIrqchipState(d, which: IrqchipState, state) {
    if (which !== IRQCHIP_STATE_PENDING) return errnoValue('EINVAL');
    const { enabled, sim } = simLine(d);
    if (enabled) sim.setPending(d.hwirq, state);
    return 0;
  },
  irqRequestResources: (d) => simLine(d).sim.requested(d.hwirq),
  irqReleaseResources: (d) => simLine(d).sim.released(d.hwirq),
};

/** Edges only (irq_sim_set_type). */
function irqSimSetType(d: IrqData, type: number): number {
  if ((type & ~irqType.EDGE_BOTH) !== 0) return errnoValue('EINVAL');
  d.triggerType = type;
  return 0;
}

/** What a simulator's lines share (struct irq_sim_work_ctx). */
class IrqSim {
  readonly domain: IrqDomain;
  private readonly pending: Uint32Array;
  private readonly work: IrqWork;

  constructor(
    private readonly core: IrqCore,
    name: string,
    irqCount: number,
    private readonly ops: IrqSimOps,
  ) {
    this.pending = new Uint32Array(wordsFor(irqCount));
    const handle = (): void => {
      for (let desc = this.next(0); desc !== undefined; desc = this.next(desc.data.hwirq))
        handleSimpleIrq(desc);
    };
    this.work = new IrqWork(`irq_work of ${name}`, handle, () => this.handleSteps());
    this.domain = irqDomainCreateLinear(core, {
      name,
      size: irqCount,
      ops: { map: (_domain, irq) => this.map(irq), unmap: (_domain, irq) => this.unmap(irq) },
      hostData: this,
    });
  }

  isPending(hwirq: Hwirq): boolean {
    this.work.announceRead();
    return testBit(this.pending, hwirq);
  }

  setPending(hwirq: Hwirq, state: boolean): void {
    this.work.announce();
    if (!state) {
      clearBit(this.pending, hwirq);
      return;
    }
    setBit(this.pending, hwirq);
    this.core.machine.runningCpu.queueIrqWork(this.work);
  }

  requested(hwirq: Hwirq): number {
    return this.ops.irqRequested?.(this.domain, hwirq) ?? 0;
  }

  released(hwirq: Hwirq): void {
    this.ops.irqReleased?.(this.domain, hwirq);
  }

  /** Waits until no interrupt is on its way, and takes the domain away. */
  *remove(): Procedure<void> {
    yield* this.work.sync();
    irqDomainRemove(this.domain);
  }

  /**
   * The next line from `from` on that is raised; it is not from now on (irq_sim_handle_irq).
   *
   * @throws Error where Linux would loop for ever: a handler has raised a line with a lower number.
   */
  private next(from: number): IrqDesc | undefined {
    this.work.announce();
    const hwirq = nextBit(this.pending, from);
    if (hwirq < 0) {
      const below = nextBit(this.pending, 0);
      if (below < 0) return undefined;
      throw new Error(
        `${this.domain.name}: hwirq ${below} was raised while ${from} was handled; irq_sim never comes to it and spins`,
      );
    }
    clearBit(this.pending, hwirq);
    return irqResolveMapping(this.domain, hwirq);
  }

  private *handleSteps(): Procedure<void> {
    for (let desc = this.next(0); desc !== undefined; desc = this.next(desc.data.hwirq))
      yield* handleSimpleIrqSteps(desc);
  }

  private map(irq: number): number {
    const { core } = this;
    const line: SimLine = { enabled: false, sim: this };
    irqSetChip(core, irq, irqSimChip);
    irqSetChipData(core, irq, line);
    irqSetHandler(core, irq, handleSimpleIrq, false, null);
    irqModifyStatus(core, irq, irqStatus.NOREQUEST | irqStatus.NOAUTOEN, irqStatus.NOPROBE);
    return 0;
  }

  private unmap(irq: number): void {
    const { core } = this;
    irqSetHandler(core, irq, null, false, null);
    irqSetChip(core, irq, noIrqChip);
    irqSetChipData(core, irq, null);
  }
}

/**
 * An irqdomain whose lines are raised by software: irqSetIrqchipState(…, IRQCHIP_STATE_PENDING, true) has an enabled
 * one handled in hard interrupt context of this CPU (kernel/irq/irq_sim.c irq_domain_create_sim_full).
 *
 * @param numIrqs hwirqs 0 to numIrqs - 1.
 */
export function irqDomainCreateSim(
  core: IrqCore,
  name: string,
  numIrqs: number,
  ops: IrqSimOps = {},
): IrqDomain {
  return new IrqSim(core, name, numIrqs, ops).domain;
}

/** Takes a simulator's domain away; its mappings must be disposed before (irq_domain_remove_sim). */
export function irqDomainRemoveSim(domain: IrqDomain): Procedure<void> {
  const { hostData } = domain;
  if (!(hostData instanceof IrqSim)) throw new TypeError(`irqdomain ${domain.name} is no simulator`);
  return hostData.remove();
}
