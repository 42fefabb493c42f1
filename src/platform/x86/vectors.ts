import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import { cpusOfNode } from '../../machine/topology.js';
import type { IrqCore } from '../../irq/core.js';
import { type IrqData, irqd, irqDataUpdateEffectiveAffinity } from '../../irq/data/irqdata.js';
import { irqchipFlags } from '../../irq/data/irqchip.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import { IrqMatrix, type MatrixPlace } from '../../irq/matrix/matrix.js';
import { warnOnce } from '../../irq/messages/warn.js';
import { type ApicChipData, apicChipData } from './apic-chip-data.js';
import type { LocalApics } from './local-apic.js';
import {
  FIRST_EXTERNAL_VECTOR,
  firstSystemVector,
  MANAGED_IRQ_SHUTDOWN_VECTOR,
  NR_VECTORS,
  systemVectors,
} from './vector-numbers.js';
import {
  vectorAlloc,
  vectorAllocManaged,
  vectorClear,
  vectorConfig,
  vectorReserve,
  vectorUpdate,
} from './trace-events.js';
import { VectorMoves } from './vector-moves.js';

/**
 * Who has which vector of which CPU (arch/x86/kernel/apic/vector.c): every device interrupt but those of VMBus needs one
 * on the CPU that it goes to.
 *
 * Access rules: all of it is vector_lock's in Linux; here each call is one step.
 */
export class Vectors {
  readonly matrix: IrqMatrix;
  readonly moves: VectorMoves;

  constructor(
    private readonly core: IrqCore,
    private readonly apics: LocalApics,
  ) {
    const { machine, behaviour } = core;
    this.matrix = new IrqMatrix(core, machine.nrCpuIds, {
      matrixBits: NR_VECTORS,
      allocStart: FIRST_EXTERNAL_VECTOR,
      allocEnd: firstSystemVector(behaviour),
    });
    this.moves = new VectorMoves(machine, behaviour, apics, (cpu, vector, managed) =>
      this.matrix.free(cpu, vector, managed),
    );
    for (const vector of systemVectors(behaviour)) this.matrix.assignSystem(machine.thisCpu, vector, false);
  }

  /** What activates and requests the line finds a vector for it: on its node, in its mask, or anywhere; 0 or an errno. */
  assignAny(d: IrqData): number {
    const { affinity, node } = d;
    const { nrCpuIds, online, topology } = this.core.machine;
    const near = node < 0 ? null : CpuMask.of(nrCpuIds, cpusOfNode(topology, node));
    if (near !== null && this.assign(d, near.and(affinity)) === 0) return 0;
    if (this.assign(d, affinity.and(online)) === 0) return 0;
    if (near !== null && this.assign(d, near) === 0) return 0;
    return this.assign(d, online);
  }

  /**
   * Gives the line a vector on a CPU of `dest`, unless it has one there (assign_vector_locked).
   *
   * @returns 0; EBUSY while the last move is not over; ENOSPC, EINVAL from the matrix.
   */
  assign(d: IrqData, dest: CpuMask): number {
    const line = lineOf(d);
    if (line.vector !== 0 && this.core.machine.online.has(line.cpu) && dest.has(line.cpu)) return 0;
    if (line.moveInProgress || line.cleanupPending) return errnoValue('EBUSY');
    const { hasReserved: reserved } = line;
    const place = this.matrix.alloc(dest, reserved);
    const vector = typeof place === 'number' ? place : place.bit;
    this.core.machine.tracePort?.emit(vectorAlloc, { irq: d.irq, vector, reserved, ret: vector });
    return this.take(d, place);
  }

  /** The same for a managed line, out of the vectors that are kept for it (assign_managed_vector). */
  assignManaged(d: IrqData, dest: CpuMask): number {
    const line = lineOf(d);
    const mask = dest.and(d.affinity);
    if (line.vector !== 0 && mask.has(line.cpu)) return 0;
    const place = this.matrix.allocManaged(mask);
    const vector = typeof place === 'number' ? place : place.bit;
    this.core.machine.tracePort?.emit(vectorAllocManaged, { irq: d.irq, vector, ret: vector });
    return this.take(d, place);
  }

  private take(d: IrqData, place: MatrixPlace | number): number {
    if (typeof place === 'number') return place;
    this.update(d, place);
    return 0;
  }

  /** The line's interrupts come to another place from now on (chip_data_update). */
  private update(d: IrqData, { bit, cpu }: MatrixPlace): void {
    const line = lineOf(d);
    this.core.machine.tracePort?.emit(vectorUpdate, {
      irq: d.irq,
      vector: bit,
      cpu,
      prev_vector: line.vector,
      prev_cpu: line.cpu,
    });
    line.prevVector = 0;
    if (line.vector !== 0 && line.vector !== MANAGED_IRQ_SHUTDOWN_VECTOR) this.leave(d, line, cpu);
    line.vector = bit;
    line.cpu = cpu;
    const desc = this.core.desc(d.irq);
    if (desc !== undefined) this.apics.install(cpu, bit, desc);
    this.configure(d, bit, cpu);
  }

  /** The old vector stays until an interrupt has come to the new one, unless its CPU is gone. */
  private leave(d: IrqData, line: ApicChipData, newCpu: CpuId): void {
    if (!this.core.machine.online.has(line.cpu)) {
      this.matrix.free(line.cpu, line.vector, d.has(irqd.AFFINITY_MANAGED));
      return;
    }
    line.moveInProgress = true;
    line.prevVector = line.vector;
    line.prevCpu = line.cpu;
    if (line.cpu === newCpu) warnOnce(this.core, 'arch/x86/kernel/apic/vector', 'apic_update_vector');
  }

  /** Tells the controllers above what to send, and the line's files where it goes (apic_update_irq_cfg). */
  configure(d: IrqData, vector: number, cpu: CpuId): void {
    const line = lineOf(d);
    line.configuredVector = vector;
    line.configuredCpu = cpu;
    irqDataUpdateEffectiveAffinity(d, CpuMask.of(d.affinity.nrCpuIds, [cpu]));
    this.core.machine.tracePort?.emit(vectorConfig, { irq: d.irq, vector, cpu, apicdest: cpu });
  }

  /** A line that holds no vector is set to one that nobody has, on some CPU (vector_assign_managed_shutdown). */
  park(d: IrqData): void {
    this.configure(d, MANAGED_IRQ_SHUTDOWN_VECTOR, this.core.machine.online.first());
  }

  /** A promise of a vector, for a line that nobody may ever request (reserve_irq_vector_locked). */
  reserve(d: IrqData): void {
    const line = lineOf(d);
    this.matrix.reserve();
    line.canReserve = true;
    line.hasReserved = true;
    d.set(irqd.CAN_RESERVE);
    this.core.machine.tracePort?.emit(vectorReserve, { irq: d.irq, ret: 0 });
    this.park(d);
  }

  /** Takes the line's vectors away (clear_irq_vector). */
  clear(d: IrqData): void {
    const line = lineOf(d);
    if (line.vector === 0) return;
    const managed = d.has(irqd.AFFINITY_MANAGED);
    this.core.machine.tracePort?.emit(vectorClear, {
      irq: d.irq,
      vector: line.vector,
      cpu: line.cpu,
      prev_vector: line.prevVector,
      prev_cpu: line.prevCpu,
    });
    this.giveBack(line.cpu, line.vector, managed);
    line.vector = 0;
    if (line.prevVector === 0) return;
    this.giveBack(line.prevCpu, line.prevVector, managed);
    this.moves.forget(line);
    line.prevVector = 0;
  }

  private giveBack(cpu: CpuId, vector: number, managed: boolean): void {
    this.apics.shutDown(cpu, vector);
    this.matrix.free(cpu, vector, managed);
  }
}

/** @throws Error if the line has no vectors; a chip of another hierarchy has been given one's work. */
export function lineOf(d: IrqData): ApicChipData {
  const line = apicChipData(d);
  if (line === null) throw new Error(`IRQ ${d.irq} does not end in the domain of x86 vectors`);
  return line;
}

/** A chip's flag for moves that wait for the next interrupt, where chips say so (before 6.15 all lines wait). */
export function deferredMoves({ moveInProcessContext }: KernelBehaviour): number {
  return moveInProcessContext === 'chip' ? irqchipFlags.MOVE_DEFERRED : 0;
}
