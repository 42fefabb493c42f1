import type { CpuId } from '../../lib/brand.js';
import type { ClockEvent } from '../../machine/clock.js';
import type { Machine } from '../../machine/machine.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import type { ApicChipData } from './apic-chip-data.js';
import type { LocalApics } from './local-apic.js';
import { vectorFreeMoved } from './trace-events.js';
import { IRQ_MOVE_CLEANUP_VECTOR } from './vector-numbers.js';

/** HZ=250. */
const JIFFY_NS = 4_000_000;

/** What of a CPU's old vectors waits to be cleaned up (struct vector_cleanup). */
class CleanupList {
  /** Lines whose old vector is on this CPU, the latest first. */
  readonly lines: ApicChipData[] = [];
  /** The timer while it is pending. */
  timer: ClockEvent | undefined;
}

/**
 * Vectors whose lines have moved to other CPUs: the old one can be given away only when no interrupt can be on its way to
 * it any more (arch/x86/kernel/apic/vector.c, from irq_complete_move to vector_cleanup_callback).
 */
export class VectorMoves {
  private readonly lists: readonly CleanupList[];

  constructor(
    private readonly machine: Machine,
    private readonly behaviour: KernelBehaviour,
    private readonly apics: LocalApics,
    /** Gives a vector back to the matrix. */
    private readonly freeVector: (cpu: CpuId, vector: number, managed: boolean) => void,
  ) {
    this.lists = Array.from({ length: machine.nrCpuIds }, () => new CleanupList());
    if (behaviour.cleansVectorsByIpi) {
      apics.setSystemHandler(IRQ_MOVE_CLEANUP_VECTOR, {
        handleInterrupt: (cpu) => this.cleanUpByIpi(cpu.id),
      });
    }
  }

  /** An interrupt is handled: if it came on the line's new CPU the old vector has no use any more (irq_complete_move). */
  complete(line: ApicChipData): void {
    if (line.moveInProgress && line.cpu === this.machine.thisCpu) this.scheduleCleanup(line);
  }

  /** The device uses the new vector for certain, as with interrupt remapping (vector_schedule_cleanup). */
  scheduleCleanup(line: ApicChipData): void {
    if (!line.moveInProgress) return;
    const { machine } = this;
    const { prevCpu } = line;
    line.moveInProgress = false;
    if (!machine.online.has(prevCpu)) {
      machine.log.prWarn(`IRQ ${line.irq} schedule cleanup for offline CPU ${prevCpu}`);
      this.freeMoved(line);
      return;
    }
    line.cleanupPending = true;
    this.lists[prevCpu].lines.unshift(line);
    if (this.behaviour.cleansVectorsByIpi) machine.cpus[prevCpu].sendIpi(IRQ_MOVE_CLEANUP_VECTOR);
    else this.startTimer(prevCpu);
  }

  /** The line's old vector is given back at once, with all CPUs stopped (apic_force_complete_move). */
  force(line: ApicChipData): void {
    const { thisCpu, log } = this.machine;
    const { prevVector } = line;
    if (prevVector === 0 || (line.cpu !== thisCpu && line.prevCpu !== thisCpu)) return;
    if (line.moveInProgress) {
      log.prWarn(`IRQ fixup: irq ${line.irq} move in progress, old vector ${prevVector}`);
    }
    this.freeMoved(line);
  }

  /** The line lets go of its vectors: nothing is left to clean up. */
  forget(line: ApicChipData): void {
    line.moveInProgress = false;
    this.unlist(line);
  }

  /** A CPU goes offline with what its timer has not come to (lapic_offline). */
  cleanUpAll(cpu: CpuId): void {
    const list = this.lists[cpu];
    for (const line of [...list.lines]) this.freeMoved(line);
    if (list.timer !== undefined) this.machine.clock.cancel(list.timer);
    list.timer = undefined;
  }

  private freeMoved(line: ApicChipData): void {
    const { irq, prevCpu, prevVector, isManaged } = line;
    this.machine.tracePort?.emit(vectorFreeMoved, {
      irq,
      cpu: prevCpu,
      vector: prevVector,
      is_managed: isManaged,
    });
    this.freeVector(prevCpu, prevVector, isManaged);
    this.apics.clear(prevCpu, prevVector);
    this.unlist(line);
    line.prevVector = 0;
    line.moveInProgress = false;
  }

  private unlist(line: ApicChipData): void {
    if (!line.cleanupPending) return;
    line.cleanupPending = false;
    const { lines } = this.lists[line.prevCpu];
    lines.splice(lines.indexOf(line), 1);
  }

  private startTimer(cpu: CpuId): void {
    const list = this.lists[cpu];
    if (list.timer !== undefined) return;
    list.timer = { fire: () => this.timerFires(cpu) };
    const { clock } = this.machine;
    const nextJiffy = (Math.floor(clock.now / JIFFY_NS) + 1) * JIFFY_NS;
    clock.after(nextJiffy - clock.now, list.timer);
  }

  private timerFires(cpu: CpuId): void {
    this.lists[cpu].timer = undefined;
    if (!this.cleanUp(cpu)) this.startTimer(cpu);
  }

  private cleanUpByIpi(cpu: CpuId): void {
    this.apics.eoi();
    if (!this.cleanUp(cpu)) this.machine.cpus[cpu].sendIpi(IRQ_MOVE_CLEANUP_VECTOR);
  }

  /** @returns false if an interrupt still waits on one of the old vectors. */
  private cleanUp(cpu: CpuId): boolean {
    let done = true;
    for (const line of [...this.lists[cpu].lines]) {
      if (this.machine.cpus[cpu].isPending(line.prevVector)) done = false;
      else this.freeMoved(line);
    }
    return done;
  }
}
