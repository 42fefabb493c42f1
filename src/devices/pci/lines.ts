import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import { pullOutLine } from '../line/pull-out.js';
import type { PciDriver, PciMachine } from './driver.js';

/** A function whose interrupts are lines that the guest has already, with drivers of their own. */
export class LinesDevice implements PciDriver {
  readonly queues = [];

  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    readonly name: string,
  ) {}

  /** EINVAL if one of the lines is not there. */
  *probe(): Procedure<number> {
    const { core } = this.machine;
    return this.pci.lines?.some(({ irq }) => core.desc(irq) === undefined) ? errnoValue('EINVAL') : 0;
  }

  *remove(): Procedure<void> {
    const { core, lines } = this.machine;
    for (const { irq } of this.pci.lines ?? []) {
      const desc = core.desc(irq);
      if (desc !== undefined) yield* pullOutLine(core, lines, desc);
    }
  }
}
