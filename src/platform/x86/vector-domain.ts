import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { IrqCore } from '../../irq/core.js';
import { IRQ_SET_MASK_OK } from '../../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqd, type MsiMsg } from '../../irq/data/irqdata.js';
import { irqMatrixText } from '../../irq/matrix/show.js';
import {
  type IrqDomain,
  irqDomainFlags,
  irqDomainGetIrqData,
  type IrqDomainOps,
} from '../../irq/data/revmap.js';
import { irqDomainCreateTree } from '../../irq/mapping/create-domain.js';
import { irqDomainResetIrqData } from '../../irq/mapping/hierarchy-data.js';
import { warnOnce } from '../../irq/messages/warn.js';
import { ApicChipData, apicChipData } from './apic-chip-data.js';
import type { LocalApics } from './local-apic.js';
import { composeMsiMsg } from './msi-msg.js';
import {
  vectorActivate,
  vectorDeactivate,
  vectorReserveManaged,
  vectorSetup,
  vectorTeardown,
} from './trace-events.js';
import { isaIrqVector } from './vector-numbers.js';
import { lineOf, type Vectors } from './vectors.js';
import { vectorText } from './vector-text.js';

/** What the domains on top of the vectors ask for with an allocation (struct irq_alloc_info). */
export interface IrqAllocInfo {
  /** The line goes to one of these from the start, instead of a promise of a vector. */
  readonly mask?: CpuMask;
  /** An ISA interrupt that the kernel had set up for the PIC (X86_IRQ_ALLOC_LEGACY). */
  readonly legacy?: boolean;
  /** The pin of an IO-APIC, or the index of an MSI. */
  readonly hwirq: number;
}

/** ISA interrupts' numbers where there is a PIC. */
const NR_IRQS_LEGACY = 16;
const PIC_CASCADE_IR = 2;

/** The local APICs as a chip: what ends each interrupt, and moves it (lapic_controller). */
class LapicController implements IrqChip {
  readonly name = 'APIC';
  readonly symbol = 'lapic_controller';

  constructor(
    private readonly core: IrqCore,
    private readonly vectors: Vectors,
    private readonly apics: LocalApics,
  ) {}

  irqAck(d: IrqData): void {
    this.vectors.moves.complete(lineOf(d));
    this.apics.ackIrq(d);
  }

  irqSetAffinity(d: IrqData, dest: CpuMask): number {
    if (!d.has(irqd.ACTIVATED)) {
      warnOnce(this.core, 'arch/x86/kernel/apic/vector', 'apic_set_affinity');
      return errnoValue('EIO');
    }
    const reachable = dest.and(this.core.machine.online);
    const managed = d.has(irqd.AFFINITY_MANAGED);
    const ret = managed ? this.vectors.assignManaged(d, reachable) : this.vectors.assign(d, reachable);
    return ret === 0 ? IRQ_SET_MASK_OK : ret;
  }

  irqComposeMsiMsg(d: IrqData): MsiMsg {
    const { configuredCpu, configuredVector } = lineOf(d);
    return composeMsiMsg(configuredCpu, configuredVector);
  }

  irqForceCompleteMove(d: IrqData): void {
    const line = apicChipData(d);
    if (line !== null) this.vectors.moves.force(line);
  }

  /** Sends the line's CPU its vector (apic_retrigger_irq). */
  irqRetrigger(d: IrqData): number {
    const { cpu, vector } = lineOf(d);
    this.apics.sendIpi(cpu, vector);
    return 1;
  }
}

/** The innermost domain of every line of an x86 machine: it gives the vectors (x86_vector_domain). */
class VectorDomainOps implements IrqDomainOps {
  private readonly chip: LapicController;

  constructor(
    private readonly core: IrqCore,
    private readonly vectors: Vectors,
    apics: LocalApics,
  ) {
    this.chip = new LapicController(core, vectors, apics);
  }

  /** No line ends in vectors alone: IO-APIC and MSI are on top (x86_vector_select). */
  select(): boolean {
    return false;
  }

  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const info = arg as IrqAllocInfo;
    if (info.legacy && irq === PIC_CASCADE_IR) {
      warnOnce(this.core, 'arch/x86/kernel/apic/vector', 'x86_vector_alloc_irqs');
      return errnoValue('EINVAL');
    }
    for (let i = irq; i < irq + count; i++) {
      const ret = this.setUp(domain, i, info);
      if (ret === 0) continue;
      this.free(domain, irq, i - irq);
      return ret;
    }
    return 0;
  }

  private setUp(domain: IrqDomain, irq: Irq, info: IrqAllocInfo): number {
    const d = irqDomainGetIrqData(domain, irq);
    if (d === null) throw new Error(`IRQ ${irq} has no level in ${domain.name}`);
    d.setChip(this.chip);
    d.chipData = new ApicChipData(irq);
    d.hwirq = irq as number;
    d.set(irqd.SINGLE_TARGET | irqd.HANDLE_ENFORCE_IRQCTX | irqd.AFFINITY_ON_ACTIVATE);
    if (info.legacy && !this.releasesLegacy(d)) return 0;
    const ret = this.assignByPolicy(d, info);
    this.core.machine.tracePort?.emit(vectorSetup, { irq, is_legacy: false, ret });
    if (ret !== 0) d.chipData = null;
    return ret;
  }

  /** A vector that is kept, one that is there, or a promise (assign_irq_vector_policy). */
  private assignByPolicy(d: IrqData, { mask }: IrqAllocInfo): number {
    if (d.has(irqd.AFFINITY_MANAGED)) {
      lineOf(d).isManaged = true;
      const ret = this.vectors.matrix.reserveManaged(d.affinity);
      this.core.machine.tracePort?.emit(vectorReserveManaged, { irq: d.irq, ret });
      return ret;
    }
    if (mask !== undefined) return this.vectors.assign(d, mask.and(this.core.machine.online));
    this.vectors.reserve(d);
    return 0;
  }

  /** The kernel's early vector of an ISA interrupt stays with one that is in use (vector_configure_legacy). */
  private releasesLegacy(d: IrqData): boolean {
    const line = lineOf(d);
    line.vector = isaIrqVector(d.irq);
    if (d.has(irqd.ACTIVATED)) {
      this.core.machine.tracePort?.emit(vectorSetup, { irq: d.irq, is_legacy: true, ret: 0 });
      this.vectors.configure(d, line.vector, line.cpu);
      return false;
    }
    line.canReserve = true;
    d.set(irqd.CAN_RESERVE);
    this.vectors.clear(d);
    return true;
  }

  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) {
      const d = irqDomainGetIrqData(domain, i);
      if (d === null || !(d.chipData instanceof ApicChipData)) continue;
      this.vectors.clear(d);
      const { isManaged: is_managed, hasReserved: has_reserved } = d.chipData;
      this.core.machine.tracePort?.emit(vectorTeardown, { irq: i, is_managed, has_reserved });
      if (d.chipData.hasReserved) this.vectors.matrix.removeReserved();
      if (d.chipData.isManaged) this.vectors.matrix.removeManaged(d.affinity);
      irqDomainResetIrqData(d);
    }
  }

  activate(_domain: IrqDomain, d: IrqData, reserve: boolean): number {
    const line = lineOf(d);
    const { isManaged: is_managed, canReserve: can_reserve } = line;
    this.core.machine.tracePort?.emit(vectorActivate, { irq: d.irq, is_managed, can_reserve, reserve });
    if (!line.canReserve && !line.isManaged) {
      this.vectors.assignAny(d);
      return 0;
    }
    const isShutDown = d.has(irqd.AFFINITY_MANAGED) && d.has(irqd.MANAGED_SHUTDOWN);
    if (reserve || isShutDown) this.vectors.park(d);
    else if (line.isManaged) return this.activateManaged(d);
    else if (line.hasReserved) return this.activateReserved(d);
    return 0;
  }

  private activateManaged(d: IrqData): number {
    const { core, vectors } = this;
    const reachable = d.affinity.and(core.machine.online);
    if (reachable.isEmpty) {
      warnOnce(core, 'arch/x86/kernel/apic/vector', 'x86_vector_activate', undefined, 'no CPU');
      core.machine.log.prErr(`Managed startup for irq ${d.irq}, but no CPU`);
      return errnoValue('EINVAL');
    }
    const ret = vectors.assignManaged(d, reachable);
    if (ret < 0) {
      warnOnce(core, 'arch/x86/kernel/apic/vector', 'x86_vector_activate', undefined, 'no vector');
      core.machine.log.prErr(`Managed startup irq ${d.irq}, no vector available`);
    }
    return ret;
  }

  /** The promise is made good (activate_reserved). */
  private activateReserved(d: IrqData): number {
    const line = lineOf(d);
    const ret = this.vectors.assignAny(d);
    if (ret === 0) {
      line.hasReserved = false;
      if (!d.has(irqd.CAN_RESERVE)) line.canReserve = false;
    }
    if (!d.effectiveAffinity.andNot(d.affinity).isEmpty) {
      this.core.machine.log.prWarn(`irq ${d.irq}: Affinity broken due to vector space exhaustion.`);
    }
    return ret;
  }

  /** The line holds no vector any more, a promise at most (x86_vector_deactivate). */
  deactivate(_domain: IrqDomain, d: IrqData): void {
    const line = lineOf(d);
    const { isManaged: is_managed, canReserve: can_reserve } = line;
    const reserve = false;
    this.core.machine.tracePort?.emit(vectorDeactivate, { irq: d.irq, is_managed, can_reserve, reserve });
    if ((!line.isManaged && !line.canReserve) || line.hasReserved) return;
    this.vectors.clear(d);
    if (line.canReserve) this.vectors.reserve(d);
    else this.vectors.park(d);
  }

  debugShow(_domain: IrqDomain, d: IrqData | null, indent: number): string {
    if (d !== null) return vectorText(d, indent);
    return irqMatrixText(this.vectors.matrix, this.core.machine.online, indent);
  }
}

/** Makes the domain, and the default one (arch_early_irq_init). */
export function createVectorDomain(core: IrqCore, vectors: Vectors, apics: LocalApics): IrqDomain {
  const domain = irqDomainCreateTree(core, {
    name: 'VECTOR',
    flags: core.behaviour.perDeviceMsiDomains ? irqDomainFlags.MSI_PARENT : 0,
    ops: new VectorDomainOps(core, vectors, apics),
    fwnode: {},
  });
  core.defaultDomain = domain;
  return domain;
}

export { NR_IRQS_LEGACY, PIC_CASCADE_IR };
