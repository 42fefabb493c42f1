import type { CpuId, Irq } from '../../lib/brand.js';
import { runAtomic } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import { IRQ_HANDLED, irqType, named } from '../../irq/data/irqaction.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { irqStatus } from '../../irq/data/settings.js';
import { irqSetStatusFlags } from '../../irq/management/chip.js';
import { freePercpuIrq, requestPercpuIrq } from '../../irq/management/percpu.js';
import { irqDisposeMapping } from '../../irq/mapping/irqdomain.js';
import type { GicDomain } from './gic-domain.js';
import type { PercpuLines } from './percpu-lines.js';

/** SGIs that are not the secure world's (drivers/irqchip/irq-gic-v3.c gic_smp_init). */
const NR_SGIS = 8;
/** Of these the ones that have a use, on kernels with an IPI to wake CPUs; the others use all. */
const NR_IPIS_WITH_WAKEUP = 7;

const ipiHandler = named(() => IRQ_HANDLED, 'ipi_handler');

/**
 * The SGIs as inter-processor interrupts: per-CPU lines that /proc/interrupts hides, since the architecture shows their
 * counts in rows of its own (arch/arm64/kernel/smp.c set_smp_ipi_range). Nobody sends one: no work is modelled that
 * would.
 */
export class Ipis {
  private readonly lines: (IrqDesc | undefined)[] = [];
  /** Counts of those whose line has made room. */
  private readonly ownCounts: (Uint32Array | undefined)[] = [];

  constructor(
    private readonly core: IrqCore,
    private readonly gic: GicDomain,
    private readonly percpuLines: PercpuLines,
  ) {
    const descs = Array.from({ length: NR_SGIS }, (_, sgi) => gic.map(sgi, irqType.NONE));
    const { arm64Ipis } = core.behaviour;
    const used = arm64Ipis === 'withWakeup' ? NR_IPIS_WITH_WAKEUP : NR_SGIS;
    for (const desc of descs.slice(0, used)) {
      const { irq } = desc;
      const ret = runAtomic(requestPercpuIrq(core, irq, ipiHandler, 'IPI', this));
      if (ret !== 0) throw new Error(`IPI ${irq} cannot be requested: ${ret}`);
      this.lines.push(desc);
      irqSetStatusFlags(core, irq, irqStatus.HIDDEN);
      percpuLines.add(irq);
    }
  }

  /** Sends `cpu` an IPI. */
  send(cpu: CpuId, ipi: number): void {
    this.gic.gic.pulsePrivate(cpu, ipi);
  }

  /** An IPI's line; undefined if it has made room for another. */
  line(ipi: number): IrqDesc | undefined {
    return this.lines[ipi];
  }

  /** How often each CPU got an IPI: the line's counts. */
  counts(ipi: number): Uint32Array {
    const line = this.line(ipi);
    if (line !== undefined) return line.cold.kstat;
    this.ownCounts[ipi] ??= new Uint32Array(this.core.machine.nrCpuIds);
    return this.ownCounts[ipi];
  }

  /**
   * Frees the IRQ if it is an IPI's: a scenario or a capture wants its number for another interrupt, as on kernels and
   * machines whose IPIs have others, or none.
   */
  makeRoom(irq: Irq): void {
    const { core, lines } = this;
    const ipi = lines.findIndex((line) => line?.irq === irq);
    if (ipi < 0) return;
    this.percpuLines.remove(irq);
    runAtomic(freePercpuIrq(core, irq, this));
    irqDisposeMapping(core, irq);
    lines[ipi] = undefined;
  }
}
