import type { Irq } from '../lib/brand.js';
import { CpuMask } from '../machine/cpumask.js';
import type { Machine } from '../machine/machine.js';
import { badChainedIrq } from './line/badirq.js';
import { registerIrqHotplug } from './management/cpuhotplug.js';
import { IrqAction } from './data/irqaction.js';
import type { IrqDesc } from './data/irqdesc.js';
import { type KernelBehaviour, type KernelVersion, kernelBehaviour } from './kernel.js';
import { KstatPool } from './data/kstat.js';
import { type IrqProc, noIrqProc } from './proc-port.js';
import { Ratelimits } from './ratelimit.js';
import { ResendQueue } from './line/resend.js';
import type { IrqDomain } from './mapping/revmap.js';

export interface IrqCoreOptions {
  /** Whose behaviour; default 6.10. */
  readonly kernel?: KernelVersion;
  /** Initial number of interrupt numbers; it grows when more are needed. */
  readonly nrIrqs?: number;
  /** First number for dynamic allocation: 24 on x86 (the end of the IO-APIC's). Without it hwirq is the hint. */
  readonly dynirqLowerBound?: number;
  /** Have the debug messages of kernel/irq/cpuhotplug.c in the log (dynamic debug); default false. */
  readonly debugHotplug?: boolean;
  /** Print each rate limited message, not at most 10 in 5 s from one place; default false. */
  readonly noRatelimit?: boolean;
}

/** Numbers below this are found in a table. Linux gives out the lowest that are free, so higher ones are rare. */
const TABLE_END = 1 << 20;

/** The interrupt layer of one machine: its descriptors and what they have in common. */
export class IrqCore {
  readonly behaviour: KernelBehaviour;
  nrIrqs: number;
  readonly dynirqLowerBound: number | undefined;
  readonly debugHotplug: boolean;
  readonly ratelimits: Ratelimits;
  /** CPUs that newly requested interrupts may go to (/proc/irq/default_smp_affinity). */
  readonly defaultAffinity: CpuMask;
  /** What shows the interrupts under /proc/irq. */
  proc: IrqProc = noIrqProc;
  /** For warnOnce only. */
  readonly warnedOnce = new Set<string>();
  /** For report_bad_irq only: how many bogus results of handlers will still be reported. */
  badReportsLeft = 100;
  /** The action of all chained interrupts, so that they count as taken. */
  readonly chainedAction: IrqAction;
  readonly resend: ResendQueue;
  /** Interrupts of lines that are gone: they stay in the total of /proc/stat. */
  goneInStat = 0;
  /** For irqdesc.ts only. */
  readonly kstatPool: KstatPool;
  /** For affinity.ts only: masks for work in progress. */
  readonly scratchMask: CpuMask;
  /** All irqdomains, in the order of their creation. */
  readonly domains: IrqDomain[] = [];
  private readonly table: (IrqDesc | undefined)[] = [];
  /** Lines with numbers that no table is long enough for. */
  private readonly far = new Map<Irq, IrqDesc>();

  constructor(
    readonly machine: Machine,
    options: IrqCoreOptions = {},
  ) {
    this.behaviour = kernelBehaviour(options.kernel ?? '6.10');
    this.nrIrqs = options.nrIrqs ?? 256;
    this.dynirqLowerBound = options.dynirqLowerBound;
    this.debugHotplug = options.debugHotplug ?? false;
    this.ratelimits = new Ratelimits(machine, options.noRatelimit ?? false);
    this.defaultAffinity = CpuMask.all(machine.nrCpuIds);
    this.scratchMask = new CpuMask(machine.nrCpuIds);
    this.chainedAction = new IrqAction((irq) => badChainedIrq(this, irq), null, 0, null, null);
    this.resend = new ResendQueue(this);
    this.kstatPool = new KstatPool(machine.nrCpuIds);
    machine.hotplug.announcesSmpBoot = this.behaviour.announcesSmpBoot;
    registerIrqHotplug(this);
  }

  /** The line with number `irq`, if allocated (irq_to_desc). */
  desc(irq: Irq): IrqDesc | undefined {
    return irq < TABLE_END ? this.table[irq] : this.far.get(irq);
  }

  /** All allocated lines, ascending. Lines may come and go meanwhile. */
  *descs(): Generator<IrqDesc, void, void> {
    for (let irq = 0; irq < this.table.length; irq++) {
      const desc = this.table[irq];
      if (desc !== undefined) yield desc;
    }
    if (this.far.size > 0) yield* [...this.far.values()].sort((a, b) => a.irq - b.irq);
  }

  /** For irqdesc.ts only: first of `cnt` free numbers in a row, at or after `from`. */
  findFreeArea(from: number, cnt: number): Irq {
    let start = from;
    for (let irq = from; irq < start + cnt; irq++) if (this.desc(irq) !== undefined) start = irq + 1;
    return start;
  }

  /** For irqdesc.ts only. */
  insertDesc(desc: IrqDesc): void {
    if (desc.irq >= TABLE_END) {
      this.far.set(desc.irq, desc);
      return;
    }
    while (this.table.length < desc.irq) this.table.push(undefined);
    this.table[desc.irq] = desc;
  }

  /** For irqdesc.ts only. */
  removeDesc(desc: IrqDesc): void {
    if (desc.irq < TABLE_END) this.table[desc.irq] = undefined;
    else this.far.delete(desc.irq);
  }
}
