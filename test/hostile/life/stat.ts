import type { Guest } from '../../../src/guest/guest.js';
import { handlePercpuIrqNostatShown } from '../../../src/irq/line/percpu-flow.js';

/** Holds the sums of /proc/stat against each other, and against those before. */
export class StatWatch {
  private total = 0;

  /** Another kernel counts from 0. */
  forget(): void {
    this.total = 0;
  }

  broken(guest: Guest): string[] {
    const broken: string[] = [];
    const intr = /^intr (.*)$/m.exec(guest.fs.readFile('/proc/stat'))?.[1];
    if (intr === undefined) return ['/proc/stat has no intr'];
    const [total, ...byIrq] = intr.split(' ').map(Number);
    if (!(total >= this.total)) broken.push(`/proc/stat: intr fell from ${this.total} to ${total}`);
    this.total = total;
    let sum = 0;
    // A design shows its counts without adding them, since those of the interrupts behind it are in there.
    for (const desc of guest.irqCore.descs())
      if (desc.handleIrq !== handlePercpuIrqNostatShown) sum += byIrq[desc.irq] ?? 0;
    if (!(sum <= total)) broken.push(`/proc/stat: the interrupts are ${sum}, all together ${total}`);
    for (const desc of guest.irqCore.descs()) {
      const shown = byIrq[desc.irq];
      const counted = guest.irq(desc.irq).total;
      if (shown !== counted)
        broken.push(`/proc/stat: IRQ ${desc.irq} is ${shown}, its descriptor says ${counted}`);
    }
    return broken;
  }
}
