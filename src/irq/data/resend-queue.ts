import type { Machine } from '../../machine/machine.js';
import { Tasklet } from '../../machine/tasklet.js';
import type { KernelBehaviour } from '../kernel.js';
import type { IrqDesc, ResendList } from './irqdesc.js';

/** Interrupts that software sends again, from a tasklet (kernel/irq/resend.c resend_irqs). */
export class ResendQueue implements ResendList {
  private readonly waiting: IrqDesc[] = [];
  private readonly tasklet: Tasklet;

  constructor(
    private readonly machine: Machine,
    private readonly order: KernelBehaviour['resendOrder'],
  ) {
    this.tasklet = new Tasklet('resend_irqs', () => this.run());
  }

  add(desc: IrqDesc): void {
    const { machine } = this;
    if (!desc.cold.resendQueued) {
      desc.cold.resendQueued = true;
      this.waiting.push(desc);
    }
    machine.cpu(machine.thisCpu).taskletSchedule(this.tasklet);
  }

  remove(desc: IrqDesc): void {
    if (!desc.cold.resendQueued) return;
    desc.cold.resendQueued = false;
    this.waiting.splice(this.waiting.indexOf(desc), 1);
  }

  private run(): void {
    const { machine } = this;
    for (let desc = this.next(); desc !== undefined; desc = this.next()) {
      this.remove(desc);
      const cpu = machine.cpu(machine.thisCpu);
      cpu.localIrqDisable();
      desc.announce();
      desc.handleIrq(desc);
      cpu.localIrqEnable();
    }
  }

  private next(): IrqDesc | undefined {
    const { waiting } = this;
    if (this.order === 'lastFirst') return waiting[waiting.length - 1];
    let lowest = waiting[0];
    for (const desc of waiting) if (desc.irq < lowest.irq) lowest = desc;
    return lowest;
  }
}
