import type { CpuId } from '../../lib/brand.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';
import { irqMoveIrq } from '../../irq/affinity/migration.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqData } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { EdgeFate } from '../line-hardware.js';
import { genericHandleIrqDesc } from '../../irq/line/handle.js';

/** Hears of the end of interrupts: an IO-APIC, whose level-triggered pins wait for it. */
export interface EoiListener {
  /** The interrupt with `vector` has ended on some CPU. */
  eoi(vector: number): void;
}

/** No interrupt is in service. */
const NONE = -1;

/** A vector that still may get one interrupt, which is nobody's any more (VECTOR_RETRIGGERED, VECTOR_SHUTDOWN). */
const STRAY = Symbol('stray');

type VectorEntry = IrqDesc | typeof STRAY | undefined;

/**
 * The local APICs as device interrupts see them: which line each vector of each CPU belongs to (per_cpu vector_irq), and
 * what is handled just now.
 */
export class LocalApics {
  /** vector_irq of each CPU, made for its first vector. */
  private readonly tables: Map<number, VectorEntry>[];
  private readonly inService: Int16Array;
  private readonly listeners: EoiListener[] = [];
  private readonly entries = new Map<number, InterruptHandler>();

  constructor(
    private readonly machine: Machine,
    private readonly core: IrqCore,
  ) {
    this.tables = Array.from({ length: machine.nrCpuIds }, () => new Map());
    this.inService = new Int16Array(machine.nrCpuIds).fill(NONE);
  }

  onEoi(listener: EoiListener): void {
    this.listeners.push(listener);
  }

  /** From now on interrupts with `vector` on `cpu` are the line's. */
  install(cpu: CpuId, vector: number, desc: IrqDesc): void {
    this.handle(vector);
    this.tables[cpu].set(vector, desc);
  }

  /** The vector is nobody's any more, and no interrupt can come there (VECTOR_UNUSED). */
  clear(cpu: CpuId, vector: number): void {
    this.tables[cpu].delete(vector);
  }

  /** The line is shut down; one interrupt that is on its way is no surprise (VECTOR_SHUTDOWN). */
  shutDown(cpu: CpuId, vector: number): void {
    this.tables[cpu].set(vector, STRAY);
  }

  /** One interrupt that comes there yet is no surprise, unless the vector is somebody's (VECTOR_RETRIGGERED). */
  expectStray(cpu: CpuId, vector: number): void {
    if (this.line(cpu, vector) !== undefined) return;
    this.handle(vector);
    this.shutDown(cpu, vector);
  }

  /** The line of a vector; undefined: none. */
  line(cpu: CpuId, vector: number): IrqDesc | undefined {
    const entry = this.tables[cpu].get(vector);
    return entry === STRAY ? undefined : entry;
  }

  /** A CPU that comes online begins with no vectors (lapic_online). */
  forgetVectors(cpu: CpuId): void {
    this.tables[cpu].clear();
  }

  /** A device's message has arrived. One for a CPU that is not online is lost; the IRR has one bit a vector. */
  deliver(cpu: CpuId, vector: number): EdgeFate {
    if (cpu >= this.machine.nrCpuIds || !this.machine.online.has(cpu)) return 'lost';
    this.handle(vector);
    const target = this.machine.cpus[cpu];
    if (target.isPending(vector)) return 'joined';
    target.raise(vector);
    return 'sent';
  }

  /** True while an interrupt waits that the CPU has been sent. */
  isPending(cpu: CpuId, vector: number): boolean {
    return this.machine.cpus[cpu].isPending(vector);
  }

  /** Interrupts with a vector of the system's have a handler of their own. */
  setSystemHandler(vector: number, handler: InterruptHandler): void {
    this.entries.set(vector, handler);
    this.machine.setVectorHandler(vector, handler);
  }

  /** The running CPU sends an interrupt, which is taken when nobody keeps it from that any more (__apic_send_IPI). */
  sendIpi(cpu: CpuId, vector: number): void {
    this.handle(vector);
    if (this.machine.online.has(cpu)) this.machine.cpus[cpu].sendIpi(vector);
  }

  /** The running CPU has ended its interrupt (apic_eoi). */
  eoi(): void {
    const cpu = this.machine.thisCpu;
    const vector = this.inService[cpu];
    if (vector === NONE) return;
    this.inService[cpu] = NONE;
    for (const listener of this.listeners) listener.eoi(vector);
  }

  /** Ends an interrupt of this line, and moves the line if that waited (arch/x86/kernel/apic/vector.c apic_ack_irq). */
  ackIrq(d: IrqData): void {
    irqMoveIrq(d);
    this.eoi();
  }

  /** Has the vector's interrupts come to commonInterrupt. */
  private handle(vector: number): void {
    if (this.entries.has(vector)) return;
    const entry: InterruptHandler = { handleInterrupt: (cpu) => this.commonInterrupt(cpu, vector) };
    this.entries.set(vector, entry);
    this.machine.setVectorHandler(vector, entry);
  }

  /** arch/x86/kernel/irq.c common_interrupt. */
  private commonInterrupt(cpu: Cpu, vector: number): void {
    this.inService[cpu.id] = vector;
    const entry = this.tables[cpu.id].get(vector);
    if (entry !== undefined && entry !== STRAY) {
      genericHandleIrqDesc(entry);
      this.inService[cpu.id] = NONE;
      return;
    }
    this.eoi();
    if (entry === STRAY) this.tables[cpu.id].delete(vector);
    else this.complain(cpu, vector);
  }

  private complain(cpu: Cpu, vector: number): void {
    const { core, machine } = this;
    if (!core.ratelimits.allows('common_interrupt')) return;
    const { strayVectorPlace: place } = core.behaviour;
    const where = `${cpu.id}.${vector}`;
    machine.log.prEmerg(
      place === null ? `No irq handler for ${where}` : `${place}: ${where} No irq handler for vector`,
    );
  }
}
