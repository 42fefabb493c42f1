// @ts-check
// A platform-like irqdomain of one's own: an interrupt simulator as Linux' kernel/irq/irq_sim.c, whose lines have a chip
// that masks, a linear domain, and one handler. A file of /sys fires a line, so that scenarios can do it, too.
//
//   $ irqlab run examples/plugin-irqdomain/irq-sim.yaml --plugin examples/plugin-irqdomain/plugin.js
import { ContainerModule } from 'inversify';
import { GUEST_FILE, IRQ_DOMAIN_PLUGIN, irq, StaticDirectory, sysfsFile } from 'irqlab';

const LINES = 4;
/** x86's vector for irq_work, by which the simulator interrupts. */
const IRQ_WORK_VECTOR = 0xf6;

/** Attached while the guest boots, before VMBus is. */
export class IrqSim {
  name = 'irq_sim';
  enabled = new Set();
  pending = new Set();

  /** @param {import('irqlab').IrqCore} core */
  *attach(core) {
    const { enabled } = this;
    this.core = core;
    const chip = {
      name: 'irq_sim',
      /** @param {irq.IrqData} data */
      irqMask: ({ hwirq }) => enabled.delete(hwirq),
      /** @param {irq.IrqData} data */
      irqUnmask: ({ hwirq }) => enabled.add(hwirq),
    };
    this.domain = irq.irqDomainCreateLinear(core, {
      name: this.name,
      size: LINES,
      ops: {
        map(_domain, virq) {
          irq.irqSetChipAndHandler(core, virq, chip, irq.handleSimpleIrq, 'simple');
          return 0;
        },
      },
    });
    core.machine.setVectorHandler(IRQ_WORK_VECTOR, { handleInterrupt: () => this.handleWork() });
    for (let line = 0; line < LINES; line++) {
      const virq = irq.irqCreateMapping(this.domain, line);
      yield* irq.requestIrq(core, virq, () => irq.IRQ_HANDLED, 0, `sim${line}`, this);
    }
  }

  /** Interrupts CPU 0 for a line, unless that is masked. @param {number} line */
  fire(line) {
    const machine = this.core?.machine;
    if (machine === undefined || !this.enabled.has(line)) return;
    this.pending.add(line);
    machine.cpu(0).raise(IRQ_WORK_VECTOR);
    machine.settle();
  }

  /** In hard interrupt context (irq_sim_handle_irq). */
  handleWork() {
    for (const line of this.pending) {
      this.pending.delete(line);
      if (this.domain !== undefined) irq.genericHandleDomainIrq(this.domain, line);
    }
  }
}

/** /sys/kernel/irq_sim: a file for each line; any write fires it. @param {IrqSim} sim */
function directory(sim) {
  const files = Array.from({ length: LINES }, (_, line) => [
    `fire${line}`,
    sysfsFile(0o200, { store: () => sim.fire(line) }),
  ]);
  return { path: '/sys/kernel/irq_sim', node: new StaticDirectory(0o755, Object.fromEntries(files)) };
}

export default new ContainerModule(({ bind }) => {
  bind(IrqSim)
    .toResolvedValue(() => new IrqSim())
    .inSingletonScope();
  bind(IRQ_DOMAIN_PLUGIN).toService(IrqSim);
  bind(GUEST_FILE).toResolvedValue(directory, [IrqSim]);
});
