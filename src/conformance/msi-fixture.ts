import { errnoValue } from '../lib/errno.js';
import {
  handleEdgeIrq,
  type IrqChip,
  IrqCore,
  type IrqData,
  type IrqDomain,
  irqd,
  irqDataUpdateEffectiveAffinity,
  irqDomainCreateTree,
  irqSetChipAndHandler,
} from '../irq/index.js';
import { CpuMask } from '../machine/cpumask.js';

/** State bits that MSI-X lines of x86 have from their mapping on. */
const MSI_STATE = irqd.SINGLE_TARGET | irqd.HANDLE_ENFORCE_IRQCTX | irqd.AFFINITY_ON_ACTIVATE;

/**
 * MSI-X interrupts of x86, as far as managed ones need it (arch/x86/kernel/apic/vector.c): one target CPU, the one of
 * the mask with the fewest managed interrupts, and the first online CPU while the line is shut down. Which CPU others
 * go to comes out of the whole machine's vector allocation, which this is not.
 */
export class MsiFixture {
  /** Managed interrupts that go to each CPU. */
  private readonly managedOn: Uint32Array;
  private readonly targets = new Map<IrqData, number>();
  private readonly chips = new Map<string, IrqChip>();

  constructor(private readonly core: IrqCore) {
    this.managedOn = new Uint32Array(core.machine.nrCpuIds);
  }

  /** A PCI device's domain; its chip has the name that /proc/interrupts shows. */
  domain(chipName: string): IrqDomain {
    const { core } = this;
    return irqDomainCreateTree(core, {
      name: chipName,
      ops: {
        map: (_domain, irq) => {
          irqSetChipAndHandler(core, irq, this.chip(chipName), handleEdgeIrq, 'edge');
          core.desc(irq)?.data.set(MSI_STATE);
          return 0;
        },
        activate: (_domain, d) => this.assign(d, d.affinity),
        deactivate: (_domain, d) => this.release(d),
      },
    });
  }

  private chip(name: string): IrqChip {
    let chip = this.chips.get(name);
    if (chip === undefined) {
      chip = {
        name,
        irqMask: () => {},
        irqUnmask: () => {},
        irqAck: () => {},
        irqSetAffinity: (d, dest) => this.assign(d, dest),
      };
      this.chips.set(name, chip);
    }
    return chip;
  }

  private assign(d: IrqData, dest: CpuMask): number {
    const { online } = this.core.machine;
    const reachable = dest.and(online);
    if (reachable.isEmpty) return errnoValue('EINVAL');
    const present = this.targets.get(d);
    if (present !== undefined && reachable.has(present)) return 0;
    this.forget(d);
    let target = reachable.first();
    if (d.has(irqd.AFFINITY_MANAGED)) {
      for (const cpu of reachable) if (this.managedOn[cpu] <= this.managedOn[target]) target = cpu;
      this.managedOn[target] += 1;
    }
    this.targets.set(d, target);
    this.point(d, target);
    return 0;
  }

  private release(d: IrqData): void {
    this.forget(d);
    if (d.has(irqd.AFFINITY_MANAGED)) this.point(d, this.core.machine.online.first());
  }

  private forget(d: IrqData): void {
    const target = this.targets.get(d);
    if (target !== undefined && d.has(irqd.AFFINITY_MANAGED)) this.managedOn[target] -= 1;
    this.targets.delete(d);
  }

  private point(d: IrqData, cpu: number): void {
    irqDataUpdateEffectiveAffinity(d, CpuMask.of(this.core.machine.nrCpuIds, [cpu]));
  }
}
