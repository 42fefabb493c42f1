import type { PciFunction, PciMsi, VectorAffinity } from '../../../src/devices/pci/pci-msi.js';
import type { IrqCore } from '../../../src/irq/core.js';
import { irqd } from '../../../src/irq/data/irqdata.js';
import type { IrqAffinityDesc } from '../../../src/irq/data/irqdesc.js';
import { irqSetChipAndHandler } from '../../../src/irq/management/chip.js';
import { handleEdgeIrq } from '../../../src/irq/line/flow.js';
import { allocDescs, freeDescsSteps } from '../../../src/irq/mapping/alloc-descs.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import type { Procedure } from '../../../src/machine/step.js';

/**
 * The least that gives PCI functions vectors: lines without a domain, which go to the first online CPU of their mask.
 * Managed ones get possible CPUs in a row, as many each.
 */
export class FakeMsi implements PciMsi {
  /** What was asked for: function, number, and vectors that are not spread. */
  readonly asked: string[] = [];
  private readonly vectors = new Map<string, number[]>();

  constructor(private readonly core: IrqCore) {}

  *allocIrqVectors(
    device: PciFunction,
    min: number,
    max: number,
    affinity?: VectorAffinity,
  ): Procedure<number> {
    this.asked.push(`${device.name} ${min}-${max}${affinity ? ` pre ${affinity.preVectors}` : ''}`);
    const count = Math.min(max, device.msix);
    if (count < min) return errnoValue('ENOSPC');
    const { machine } = this.core;
    const masks = affinity && spread(machine.nrCpuIds, count, affinity.preVectors);
    const first = allocDescs(this.core, -1, 24, count, masks ?? null);
    const irqs = Array.from({ length: count }, (_, i) => first + i);
    for (const [i, irq] of irqs.entries()) {
      const chip = {
        name: `PCI-MSIX-${device.name}`,
        irqAck: () => {},
        irqMask: () => {},
        irqUnmask: () => {},
        irqSetAffinity: (d: { effectiveAffinity: CpuMask }, dest: CpuMask) => {
          d.effectiveAffinity.clearAll();
          d.effectiveAffinity.set(dest.and(machine.online).first());
          return 0;
        },
      };
      irqSetChipAndHandler(this.core, irq, chip, handleEdgeIrq, 'edge');
      const data = this.core.desc(irq)?.data;
      if (data === undefined) continue;
      data.hwirq = i;
      data.set(irqd.SINGLE_TARGET | irqd.MOVE_PCNTXT);
    }
    this.vectors.set(device.name, irqs);
    return count;
  }

  *freeIrqVectors(device: PciFunction): Procedure<void> {
    for (const irq of this.vectors.get(device.name) ?? []) yield* freeDescsSteps(this.core, irq, 1);
    this.vectors.delete(device.name);
  }

  *remove(): Procedure<void> {}

  irqVector(device: PciFunction, nr: number): number {
    const irq = this.vectors.get(device.name)?.[nr];
    if (irq === undefined) throw new RangeError(`${device.name} has no vector ${nr}`);
    return irq;
  }
}

function spread(cpus: number, count: number, preVectors: number): IrqAffinityDesc[] {
  const managed = count - preVectors;
  return Array.from({ length: count }, (_, i) => {
    if (i < preVectors) return { mask: CpuMask.all(cpus), managed: false };
    const mask = new CpuMask(cpus);
    for (let cpu = 0; cpu < cpus; cpu++)
      if (Math.floor((cpu * managed) / cpus) === i - preVectors) mask.set(cpu);
    return { mask, managed: true };
  });
}
