import type { Irq } from '../../lib/brand.js';
import type { Cpu } from '../../machine/cpu.js';
import { cpuhpPlace } from '../../machine/hotplug.js';
import type { Machine } from '../../machine/machine.js';
import type { IrqCore } from '../../irq/core.js';
import { disablePercpuIrq, enablePercpuIrq } from '../../irq/management/percpu.js';
import type { Gic } from './gic.js';

/** Enables or disables a per-CPU line on `cpu`, which does that for itself. */
export function onCpu(
  machine: Machine,
  cpu: Cpu,
  action: (core: IrqCore, irq: Irq) => void,
  core: IrqCore,
  irq: Irq,
): void {
  const previous = machine.thisCpu;
  machine.thisCpu = cpu.id;
  action(core, irq);
  machine.thisCpu = previous;
}

/**
 * Per-CPU lines that each CPU enables when it starts and disables when it stops: IPIs (arch/arm64/kernel/smp.c ipi_setup,
 * ipi_teardown) and those of drivers with a starting state, such as the timer's. Before them, the GIC of the CPU is set
 * up (drivers/irqchip/irq-gic-v3.c gic_starting_cpu).
 */
export class PercpuLines {
  private readonly irqs: Irq[] = [];

  constructor(
    private readonly machine: Machine,
    private readonly core: IrqCore,
    gic: Gic,
  ) {
    const { hotplug } = machine;
    hotplug.register({
      name: 'irqchip/arm/gicv3:starting',
      place: cpuhpPlace.starting,
      *startup(cpu) {
        gic.startCpu(cpu.id);
      },
    });
    const lines = this;
    hotplug.register({
      name: 'arm64/percpu:starting',
      place: cpuhpPlace.starting,
      *startup(cpu) {
        lines.onEach(cpu, enablePercpuIrq);
      },
    });
    hotplug.registerDying({ dying: (cpu) => this.onEach(cpu, disablePercpuIrq) });
  }

  /** Enables the line on all CPUs, on those that are offline once they come. */
  add(irq: Irq): void {
    const { machine, core } = this;
    this.irqs.push(irq);
    for (const cpu of machine.online) onCpu(machine, machine.cpus[cpu], enablePercpuIrq, core, irq);
  }

  /** Disables the line everywhere, for good. */
  remove(irq: Irq): void {
    const { machine, core, irqs } = this;
    for (const cpu of machine.online) onCpu(machine, machine.cpus[cpu], disablePercpuIrq, core, irq);
    irqs.splice(irqs.indexOf(irq), 1);
  }

  private onEach(cpu: Cpu, action: (core: IrqCore, irq: Irq) => void): void {
    for (const irq of this.irqs) onCpu(this.machine, cpu, action, this.core, irq);
  }
}
