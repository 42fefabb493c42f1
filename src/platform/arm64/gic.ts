import type { CpuId, Hwirq } from '../../lib/brand.js';
import { clearBit, setBit, testBit } from '../../lib/bitmap.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';
import { Tasklet } from '../../machine/tasklet.js';
import { GicBank } from './gic-bank.js';
import {
  EPPI_BASE_INTID,
  ESPI_BASE_INTID,
  isInRedistributor,
  LPI_BASE_INTID,
  SPURIOUS_INTID,
} from './intid.js';

/** SGIs and PPIs, then the extended PPIs: their order in a redistributor's registers. */
const PRIVATE_INTERRUPTS = 32 + 64;
const FIRST_EPPI = 32;
/** SPIs at their own numbers, then the extended SPIs. */
const FIRST_ESPI = 1024;
const SHARED_INTERRUPTS = FIRST_ESPI + 1024;
/** SGIs come as edges, whatever is written. */
const SGI_MASK = 0xffff;
/** Number, for the machine, of the one line by which a GIC interrupts a CPU. */
const IRQ_LINE = 0;

/** Interrupts of which each goes to one CPU, which can be changed. */
class RoutedBank extends GicBank {
  /** The CPU that each goes to (GICD_IROUTER, or the ITS' tables). */
  readonly routes: Uint32Array;

  constructor(size: number) {
    super(size);
    this.routes = new Uint32Array(size);
  }

  /** The lowest interrupt that is to go to `cpu`, -1 if none is. */
  nextFor(cpu: CpuId): number {
    let index = this.nextForwarded(0);
    while (index >= 0 && this.routes[index] !== cpu) index = this.nextForwarded(index + 1);
    return index;
  }
}

/** Handles an interrupt that the running CPU has acknowledged (set_handle_irq). */
export type GicHandler = (intid: Hwirq) => void;

/**
 * The GICv3 as hardware: a distributor for the interrupts that all CPUs share, a redistributor for each CPU's own, and
 * the CPU interfaces with their acknowledge and end of interrupt (Arm IHI 0069). All have the same priority, so the
 * lowest id goes first; without an end of interrupt that drops the priority only (EOImode 0), as in a guest.
 *
 * What devices do comes to the CPU at once, if it takes interrupts. What the running context writes into registers
 * comes when that context gives way: in Linux it writes with interrupts off.
 */
export class Gic implements InterruptHandler {
  private readonly redistributors: readonly GicBank[];
  private readonly distributor = new RoutedBank(SHARED_INTERRUPTS);
  /** The LPIs: each has one CPU at a time, so the redistributors' tables of what is pending are one here. */
  private lpis = new RoutedBank(0);
  /** Let a CPU look what there is for it after the running context. */
  private readonly looks: readonly Tasklet[];

  constructor(
    private readonly machine: Machine,
    private readonly handler: GicHandler,
  ) {
    this.redistributors = machine.cpus.map(() => {
      const bank = new GicBank(PRIVATE_INTERRUPTS);
      bank.edge[0] = SGI_MASK;
      return bank;
    });
    this.looks = machine.cpus.map(
      ({ id }) => new Tasklet(`GIC of CPU ${id}`, () => this.signal(id), undefined, null),
    );
    machine.setVectorHandler(IRQ_LINE, this);
  }

  /** A device gives a pulse on the line of a CPU's own interrupt, or a CPU is sent an SGI. */
  pulsePrivate(cpu: CpuId, intid: Hwirq): void {
    const index = indexOf(intid);
    const bank = this.redistributors[cpu];
    bank.latch(index);
    if (bank.isForwarded(index)) this.machine.cpus[cpu].raise(IRQ_LINE);
  }

  /** A device drives the line of a shared interrupt. */
  driveShared(intid: Hwirq, isHigh: boolean): void {
    const index = indexOf(intid);
    this.distributor.drive(index, isHigh);
    this.forward(this.distributor, index);
  }

  /** A device gives a pulse on the line of a shared interrupt: an edge, and too short for a level. */
  pulseShared(intid: Hwirq): void {
    const index = indexOf(intid);
    this.distributor.drive(index, true);
    this.distributor.drive(index, false);
    this.forward(this.distributor, index);
  }

  /** There are `count` LPIs from now on, if there have been none. */
  enableLpis(count: number): void {
    if (!this.hasLpis) this.lpis = new RoutedBank(count);
  }

  get hasLpis(): boolean {
    return this.lpis.routes.length > 0;
  }

  /** An ITS makes an LPI pending. */
  pulseLpi(intid: Hwirq): void {
    const index = indexOf(intid);
    this.lpis.latch(index);
    this.forward(this.lpis, index);
  }

  /** The CPU is interrupted, and handles what it acknowledges (drivers/irqchip/irq-gic-v3.c gic_handle_irq). */
  handleInterrupt(cpu: Cpu): void {
    const intid = this.acknowledge(cpu.id);
    if (intid === SPURIOUS_INTID) return;
    this.handler(intid);
    if (this.nextFor(cpu.id) !== SPURIOUS_INTID) cpu.raise(IRQ_LINE);
  }

  /** Ends the interrupt that the running CPU has acknowledged: a level that is still high comes again (ICC_EOIR1_EL1). */
  deactivate(intid: Hwirq): void {
    this.setActive(intid, false);
  }

  isEnabled(intid: Hwirq): boolean {
    return testBit(this.bankOf(intid).enabled, indexOf(intid));
  }

  /** Of the running CPU's own interrupts it is hers that is meant, here as in the others. */
  setEnabled(intid: Hwirq, isEnabled: boolean): void {
    this.write(this.bankOf(intid).enabled, intid, isEnabled);
  }

  isActive(intid: Hwirq): boolean {
    return testBit(this.bankOf(intid).active, indexOf(intid));
  }

  /** LPIs are never active. */
  setActive(intid: Hwirq, isActive: boolean): void {
    if (intid >= LPI_BASE_INTID) return;
    this.write(this.bankOf(intid).active, intid, isActive);
  }

  isEdge(intid: Hwirq): boolean {
    return testBit(this.bankOf(intid).edge, indexOf(intid));
  }

  /** An edge has come, or software has said so, and no CPU has taken it. */
  isEdgeWaiting(intid: Hwirq): boolean {
    return this.bankOf(intid).isLatched(indexOf(intid));
  }

  isPending(intid: Hwirq): boolean {
    return this.bankOf(intid).isPending(indexOf(intid));
  }

  setPending(intid: Hwirq, isPending: boolean): void {
    const bank = this.bankOf(intid);
    if (isPending) bank.latch(indexOf(intid));
    else bank.unlatch(indexOf(intid));
    this.changed(intid);
  }

  setEdge(intid: Hwirq, isEdge: boolean): void {
    this.write(this.bankOf(intid).edge, intid, isEdge);
  }

  /** Sends a shared interrupt or LPI to another CPU. */
  setRoute(intid: Hwirq, cpu: CpuId): void {
    this.routedBankOf(intid).routes[indexOf(intid)] = cpu;
    this.changed(intid);
  }

  /** A CPU comes: none of its own interrupts is enabled or active (gic_cpu_config). */
  startCpu(cpu: CpuId): void {
    this.redistributors[cpu].disableAll();
    this.lookSoon(cpu);
  }

  private forward(bank: RoutedBank, index: number): void {
    if (bank.isForwarded(index)) this.machine.cpus[bank.routes[index]].raise(IRQ_LINE);
  }

  private write(words: Uint32Array, intid: Hwirq, value: boolean): void {
    if (value) setBit(words, indexOf(intid));
    else clearBit(words, indexOf(intid));
    this.changed(intid);
  }

  private bankOf(intid: Hwirq): GicBank {
    return isInRedistributor(intid) ? this.redistributors[this.machine.thisCpu] : this.routedBankOf(intid);
  }

  private routedBankOf(intid: Hwirq): RoutedBank {
    return intid >= LPI_BASE_INTID ? this.lpis : this.distributor;
  }

  /** A register of the interrupt has changed: it may have to go to its CPU now. */
  private changed(intid: Hwirq): void {
    const index = indexOf(intid);
    if (!this.bankOf(intid).isForwarded(index)) return;
    this.lookSoon(isInRedistributor(intid) ? this.machine.thisCpu : this.routedBankOf(intid).routes[index]);
  }

  private lookSoon(cpu: CpuId): void {
    const { cpus, thisCpu } = this.machine;
    if (cpu === thisCpu && cpus[cpu].hardirq) cpus[cpu].raise(IRQ_LINE);
    else cpus[cpu].taskletSchedule(this.looks[cpu]);
  }

  private signal(cpu: CpuId): void {
    if (this.nextFor(cpu) !== SPURIOUS_INTID) this.machine.cpus[cpu].raise(IRQ_LINE);
  }

  private acknowledge(cpu: CpuId): Hwirq {
    const intid = this.nextFor(cpu);
    if (intid >= LPI_BASE_INTID) this.lpis.unlatch(indexOf(intid));
    else if (intid !== SPURIOUS_INTID) this.bankOf(intid).acknowledge(indexOf(intid));
    return intid;
  }

  /** The lowest interrupt that is to go to `cpu`. */
  private nextFor(cpu: CpuId): Hwirq {
    const own = this.redistributors[cpu].nextForwarded(0);
    if (own >= 0) return own < FIRST_EPPI ? own : own - FIRST_EPPI + EPPI_BASE_INTID;
    const shared = this.distributor.nextFor(cpu);
    if (shared >= 0) return shared < FIRST_ESPI ? shared : shared - FIRST_ESPI + ESPI_BASE_INTID;
    const lpi = this.lpis.nextFor(cpu);
    return lpi < 0 ? SPURIOUS_INTID : lpi + LPI_BASE_INTID;
  }
}

/** Where an interrupt is in its bank (drivers/irqchip/irq-gic-v3.c convert_offset_index). */
function indexOf(intid: Hwirq): number {
  if (intid >= LPI_BASE_INTID) return intid - LPI_BASE_INTID;
  if (intid >= ESPI_BASE_INTID) return intid - ESPI_BASE_INTID + FIRST_ESPI;
  if (intid >= EPPI_BASE_INTID) return intid - EPPI_BASE_INTID + FIRST_EPPI;
  return intid;
}
