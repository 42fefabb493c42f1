import type { Hwirq, Irq } from '../../src/lib/brand.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { handleSimpleIrq } from '../../src/irq/line/flow.js';
import { irqSetChipAndHandler, irqSetStatusFlags } from '../../src/irq/management/chip.js';
import { earlyIrqInit, type IrqCore } from '../../src/irq/core.js';
import { IRQ_HANDLED } from '../../src/irq/data/irqaction.js';
import { type IrqChip, irqDataUpdateEffectiveAffinity } from '../../src/irq/data/irqdata.js';
import type { IrqDomain } from '../../src/irq/data/revmap.js';
import { irqDomainCreateLinear } from '../../src/irq/mapping/create-domain.js';
import { irqCreateMapping } from '../../src/irq/mapping/irqdomain.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import { freeIrq } from '../../src/irq/management/free.js';
import { requestIrq } from '../../src/irq/management/request.js';
import { irqStatus } from '../../src/irq/data/settings.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import { createGuestTree, type GuestTreeOptions } from '../../src/view/guest-tree.js';
import type { FileTree } from '../../src/view/tree.js';

/** The errno name that `run` throws, or its result. */
export function outcome<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}

export interface GuestOptions extends MachineOptions {
  readonly kernel?: KernelVersion;
  readonly nrIrqs?: number;
  readonly mostNrIrqs?: number;
  readonly tree?: Omit<GuestTreeOptions, 'irq'>;
}

/** A small guest with one interrupt controller, whose files are looked at. */
export class Guest {
  readonly machine: Machine;
  readonly core: IrqCore;
  readonly tree: FileTree;
  readonly domain: IrqDomain;

  constructor(options: GuestOptions, chip: Partial<IrqChip> = {}) {
    this.machine = new Machine(options);
    const { kernel = '6.12', nrIrqs, mostNrIrqs } = options;
    this.core = earlyIrqInit(this.machine, {
      kernel,
      dynirqLowerBound: 24,
      mostNrIrqs,
      ...(nrIrqs !== undefined && { nrIrqs }),
    });
    this.tree = createGuestTree({ irq: this.core, ...options.tree });
    const full: IrqChip = {
      name: 'VMBus',
      irqMask: () => {},
      irqUnmask: () => {},
      irqSetAffinity: (d, dest) => {
        irqDataUpdateEffectiveAffinity(d, CpuMask.of(dest.nrCpuIds, [dest.first()]));
        return 0;
      },
      ...chip,
    };
    this.domain = irqDomainCreateLinear(this.core, {
      name: 'vmbus',
      size: 4096,
      ops: {
        map: (_, irq) => {
          irqSetChipAndHandler(this.core, irq, full, handleSimpleIrq);
          irqSetStatusFlags(this.core, irq, irqStatus.MOVE_PCNTXT);
          return 0;
        },
      },
    });
  }

  map(hwirq: Hwirq): Irq {
    return irqCreateMapping(this.domain, hwirq);
  }

  /** request_irq; returns what it returned. */
  request(irq: Irq, name: string, devId: unknown = name, flags = 0): number {
    return this.machine.run(
      'request',
      requestIrq(this.core, irq, () => IRQ_HANDLED, flags, name, devId),
    );
  }

  free(irq: Irq, devId: unknown): void {
    this.machine.run('free', freeIrq(this.core, irq, devId));
  }

  read(path: string): string {
    return this.tree.readFile(path);
  }

  /** One write(): its result or errno. */
  write(path: string, text: string): number | string {
    return outcome(() => this.tree.writeFile(path, text));
  }

  /** Lines of the kernel log from here on. */
  logOf(run: () => void): string[] {
    const { lines } = this.machine.log;
    const from = lines.length;
    run();
    return lines.slice(from).map(({ text }) => text);
  }
}

/** What /proc/irq/N has of its own, in the order of names. */
export const ownFiles = [
  'affinity_hint',
  'effective_affinity',
  'effective_affinity_list',
  'node',
  'smp_affinity',
  'smp_affinity_list',
  'spurious',
];
