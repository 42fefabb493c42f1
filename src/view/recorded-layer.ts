import { kstatSet } from '../irq/data/kstat.js';
import type { Irq } from '../lib/brand.js';
import { irqSetChip } from '../irq/management/chip.js';
import { earlyIrqInit, type IrqCore } from '../irq/core.js';
import { IrqAction } from '../irq/data/irqaction.js';
import { type IrqChip, irqd } from '../irq/data/irqdata.js';
import { allocDescs } from '../irq/mapping/alloc-descs.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { irqDomainCreateTree } from '../irq/mapping/create-domain.js';
import { irqs } from '../irq/data/istate.js';
import type { KernelVersion } from '../irq/kernel.js';
import { irqStatus } from '../irq/data/settings.js';
import { parseCpuList } from '../machine/cpumask-text.js';
import type { Machine } from '../machine/machine.js';

/** The state of a line in a recording. What is left out has the value of a new descriptor. */
export interface RecordedLine {
  readonly irq: Irq;
  readonly chip: string | null;
  readonly hwirq: number;
  readonly domain: string | null;
  /** Name of the flow handler. */
  readonly name: string | null;
  readonly actions: readonly (string | null)[];
  readonly chained: boolean | number;
  readonly counts: readonly number[];
  readonly tot_count: number;
  /** What the chip prints of itself, with the blank before it. */
  readonly printed?: string;
  readonly chip_has_set_affinity?: number;
  readonly depth?: number;
  /** Names of the bits that are set. */
  readonly istate?: readonly string[];
  readonly status?: readonly string[];
  readonly irqd?: readonly string[];
  /** Lists of CPUs. */
  readonly affinity?: string;
  readonly effective?: string;
  readonly pending?: string;
  readonly hint?: string | null;
  readonly node?: number;
}

/**
 * The way back from what a kernel shows: an interrupt layer with the lines of a recording or a capture, so that the
 * files can be held against the text that they were made of. The names of state bits are the model's.
 */
export class RecordedLayer {
  readonly core: IrqCore;

  /** @param mostNrIrqs as in IrqCoreOptions. */
  constructor(machine: Machine, kernel: KernelVersion, nrIrqs: number, mostNrIrqs?: number) {
    this.core = earlyIrqInit(machine, { kernel, nrIrqs, mostNrIrqs, dynirqLowerBound: 24 });
  }

  /** Adds a line in its recorded state, its actions without directories in /proc/irq yet. */
  addLine(line: RecordedLine): IrqDesc {
    const { core } = this;
    const desc = allocDescs(core, line.irq, line.irq, 1) < 0 ? undefined : core.desc(line.irq);
    if (desc === undefined) throw new RangeError(`IRQ ${line.irq} is recorded twice`);
    if (line.chip !== 'none') irqSetChip(core, line.irq, chipOf(line));
    this.setData(desc, line);
    desc.cold.name = line.name;
    kstatSet(desc, line.counts);
    desc.totCount = line.tot_count;
    if (line.depth !== undefined) desc.cold.depth = line.depth;
    if (line.istate) desc.istate = bits(irqs, line.istate);
    if (line.status) desc.status = bits(irqStatus, line.status);
    if (line.chained) desc.action = core.chainedAction;
    else addActions(desc, line.actions);
    return desc;
  }

  private setData(desc: IrqDesc, line: RecordedLine): void {
    const { core } = this;
    const { data } = desc;
    const { nrCpuIds } = core.machine;
    data.hwirq = line.hwirq;
    if (line.domain !== null) data.domain = irqDomainCreateTree(core, { name: line.domain, ops: {} });
    if (line.irqd) data.state = bits(irqd, line.irqd);
    if (line.node !== undefined) data.node = line.node;
    if (line.affinity !== undefined) data.affinity.copyFrom(parseCpuList(line.affinity, nrCpuIds));
    if (line.effective !== undefined) data.effectiveAffinity.copyFrom(parseCpuList(line.effective, nrCpuIds));
    if (line.pending !== undefined) desc.cold.pendingMask.copyFrom(parseCpuList(line.pending, nrCpuIds));
    if (typeof line.hint === 'string') desc.cold.affinityHint = parseCpuList(line.hint, nrCpuIds);
  }
}

function chipOf({ chip, printed, chip_has_set_affinity: settable }: RecordedLine): IrqChip {
  return {
    name: chip,
    ...(settable && { irqSetAffinity: () => 0 }),
    ...(printed !== undefined && { irqPrintChip: () => printed }),
  };
}

function addActions(desc: IrqDesc, names: readonly (string | null)[]): void {
  let last: IrqAction | undefined;
  for (const name of names) {
    const action = new IrqAction(() => 0, name, { threadFn: null, flags: 0, name });
    if (last === undefined) desc.action = action;
    else last.next = action;
    last = action;
  }
}

function bits(of: Readonly<Record<string, number>>, names: readonly string[]): number {
  let sum = 0;
  for (const name of names) {
    const bit = of[name];
    if (bit === undefined) throw new RangeError(`unknown state bit ${name}`);
    sum |= bit;
  }
  return sum;
}
