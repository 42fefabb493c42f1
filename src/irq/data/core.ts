import type { CpuId, Irq } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import { SharedWord } from '../../machine/step.js';
import { type KernelBehaviour, type KernelVersion, kernelBehaviour } from '../kernel.js';
import { Ratelimits } from '../messages/ratelimit.js';
import { SaidBefore } from '../messages/said-before.js';
import { warnOnce } from '../messages/warn.js';
import { IRQ_NONE, IrqAction } from './irqaction.js';
import type { LineDomain } from './irqdata.js';
import type { IrqDesc, IrqDescCore, ResendList, SpuriousPoller } from './irqdesc.js';
import { KstatPool } from './kstat-pool.js';
import { ProcConstraints } from './proc-constraints.js';
import { type IrqProc, noIrqProc } from './proc-port.js';
import { createResendList } from './resend-queue.js';
import { SparseIrqs } from './sparse-irqs.js';

/** What an interrupt layer is made of. */
export interface IrqCoreOptions {
  /** Whose behaviour; default 6.10. */
  readonly kernel?: KernelVersion;
  /** Where it differs from that kernel's, such as before a fix. */
  readonly behaviour?: Partial<KernelBehaviour>;
  /** Handlers run in threads unless their requesters forbid it (kernel parameter threadirqs); default false. */
  readonly threadirqs?: boolean;
  /** CPUs that interrupts may go to by default (kernel parameter irqaffinity); default: all. */
  readonly defaultAffinity?: Iterable<CpuId>;
  /** 1: kernel parameter irqfixup, 2: irqpoll; default 0. */
  readonly irqfixup?: 0 | 1 | 2;
  /** Kernel parameter noirqdebug: spurious interrupts disable no line; default false. */
  readonly noirqdebug?: boolean;
  /** Initial number of interrupt numbers; it grows when more are needed. */
  readonly nrIrqs?: number;
  /** The most that the boot code took that number for on its way to it (irq_set_nr_irqs); default: `nrIrqs`. */
  readonly mostNrIrqs?: number;
  /** First number for dynamic allocation: 24 on x86 (the end of the IO-APIC's). Without it hwirq is the hint. */
  readonly dynirqLowerBound?: number;
  /** A change of affinity can wait for the next interrupt: x86, not arm64 (CONFIG_GENERIC_PENDING_IRQ); default true. */
  readonly genericPendingIrq?: boolean;
  /** Have the debug messages of kernel/irq/cpuhotplug.c in the log (dynamic debug); default false. */
  readonly debugHotplug?: boolean;
  /** Print each rate limited message, not at most 10 in 5 s from one place; default false. */
  readonly noRatelimit?: boolean;
}

/** What the interrupt layer needs of floors above this one. */
export interface IrqCoreParts {
  /** Has interrupts moved when CPUs come and go. */
  registerIrqHotplug(core: IrqCore): void;
  createSpuriousPoller(core: IrqCore): SpuriousPoller;
}

/**
 * The interrupt layer of one machine: its descriptors and what they have in common, which are static variables of
 * kernel/irq in Linux. Made by earlyIrqInit.
 */
export class IrqCore implements IrqDescCore {
  readonly behaviour: KernelBehaviour;
  readonly dynirqLowerBound: number | undefined;
  readonly debugHotplug: boolean;
  readonly threadirqs: boolean;
  readonly genericPendingIrq: boolean;
  readonly ratelimits: Ratelimits;
  readonly saidBefore = new SaidBefore();
  /** Whose interrupts firmware means when it names no controller (irq_set_default_domain). */
  defaultDomain: LineDomain | null = null;
  /** What shows the interrupts under /proc/irq. */
  proc: IrqProc = noIrqProc;
  /** Widths of columns that /proc/interrupts keeps. */
  readonly procConstraints = new ProcConstraints();
  readonly chainedAction: IrqAction;
  readonly resend: ResendList;
  readonly spurious: SpuriousPoller;
  irqfixup: number;
  noirqdebug: boolean;
  /** Interrupts of all lines on each possible CPU, 64 bits wide (struct kernel_stat irqs_sum). */
  readonly irqsSum: Float64Array;
  readonly kstatPool: KstatPool;
  readonly sparseIrqs = new SparseIrqs();
  private totalNrIrqs: number;
  private readonly domainList: LineDomain[] = [];
  private readonly domainsWord = new SharedWord('irq_domain_list');
  private readonly nrIrqsWord = new SharedWord('total_nr_irqs');
  private readonly defaultAffinityMask: CpuMask;
  private readonly defaultAffinityWord = new SharedWord('irq_default_affinity');

  constructor(
    readonly machine: Machine,
    options: IrqCoreOptions,
    /** What floors above do. */
    above: IrqCoreParts,
  ) {
    const behaviour = kernelBehaviour(options.kernel);
    this.behaviour = options.behaviour === undefined ? behaviour : { ...behaviour, ...options.behaviour };
    this.totalNrIrqs = Math.min(options.nrIrqs ?? 256, this.behaviour.maxIrqs);
    this.procConstraints.calcPrec(Math.max(this.totalNrIrqs, options.mostNrIrqs ?? 0));
    this.dynirqLowerBound = options.dynirqLowerBound;
    this.threadirqs = options.threadirqs ?? false;
    this.genericPendingIrq = options.genericPendingIrq ?? true;
    this.debugHotplug = options.debugHotplug ?? false;
    this.ratelimits = new Ratelimits(machine, options.noRatelimit ?? false);
    this.defaultAffinityMask = CpuMask.of(machine.nrCpuIds, options.defaultAffinity ?? machine.possible);
    // print_irq_desc shows the name.
    const badChainedIrq = (irq: Irq): number => this.chainedHandler(irq);
    this.chainedAction = new IrqAction(badChainedIrq, null, { threadFn: null, flags: 0, name: null });
    this.resend = createResendList(this);
    this.spurious = above.createSpuriousPoller(this);
    this.irqfixup = options.irqfixup ?? 0;
    this.noirqdebug = options.noirqdebug ?? false;
    this.irqsSum = new Float64Array(machine.nrCpuIds);
    this.kstatPool = new KstatPool(machine.nrCpuIds);
    machine.hotplug.announcesSmpBoot = this.behaviour.announcesSmpBoot;
    machine.cpuPlug.behaviour = this.behaviour;
    above.registerIrqHotplug(this);
    this.announceParameters();
  }

  /** kernel/irq/spurious.c noirqdebug_setup, irqfixup_setup, irqpoll_setup. */
  private announceParameters(): void {
    const { log } = this.machine;
    if (this.noirqdebug) log.printk('IRQ lockup detection disabled');
    if (this.irqfixup === 1) {
      log.prWarn('Misrouted IRQ fixup support enabled.');
      log.prWarn('This may impact system performance.');
    } else if (this.irqfixup === 2) {
      log.prWarn('Misrouted IRQ fixup and polling support enabled');
      log.prWarn('This may significantly impact system performance');
    }
  }

  /** Number of interrupt numbers (irq_get_nr_irqs). */
  get nrIrqs(): number {
    this.nrIrqsWord.announceRead();
    return this.totalNrIrqs;
  }

  set nrIrqs(total: number) {
    this.nrIrqsWord.announce();
    this.totalNrIrqs = total;
    this.procConstraints.calcPrec(total);
  }

  /** All irqdomains, in the order of their creation. */
  get domains(): readonly LineDomain[] {
    this.domainsWord.announceRead();
    return this.domainList;
  }

  addDomain(domain: LineDomain): void {
    this.domainsWord.announce();
    this.domainList.push(domain);
  }

  removeDomain(domain: LineDomain): void {
    this.domainsWord.announce();
    const at = this.domainList.indexOf(domain);
    if (at >= 0) this.domainList.splice(at, 1);
  }

  /** CPUs that newly requested interrupts may go to (/proc/irq/default_smp_affinity). */
  get defaultAffinity(): CpuMask {
    this.defaultAffinityWord.announceRead();
    return this.defaultAffinityMask;
  }

  setDefaultAffinity(mask: CpuMask): void {
    this.defaultAffinityWord.announce();
    this.defaultAffinityMask.copyFrom(mask);
  }

  /** The line with number `irq`, if allocated (irq_to_desc). Whoever asks is going to look at it or change it. */
  desc(irq: Irq): IrqDesc | undefined {
    const desc = this.sparseIrqs.get(irq);
    desc?.announce();
    return desc;
  }

  /** All allocated lines, ascending. Lines may come and go meanwhile. */
  descs(): Generator<IrqDesc, void, void> {
    return this.sparseIrqs.all();
  }

  /** How many lines are allocated. */
  get descCount(): number {
    return this.sparseIrqs.count;
  }

  /** The handler of chained interrupts' stand-in action (kernel/irq/chip.c bad_chained_irq). */
  private chainedHandler(irq: Irq): number {
    warnOnce(this, 'chip', 'bad_chained_irq', `Chained irq ${irq} should not call an action`);
    return IRQ_NONE;
  }
}
