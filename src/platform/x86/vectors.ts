import type { CpuId, Irq } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import type { Cpu } from '../../machine/cpu.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { DyingCallback } from '../../machine/hotplug.js';
import type { Machine } from '../../machine/machine.js';

/** Vectors that a CPU has for devices: 0x20 to 0xeb without the system call's 0x80. */
export const VECTORS_PER_CPU = 203;

/**
 * The x86 vectors of each CPU (kernel/irq/matrix.c, arch/x86/kernel/apic/vector.c): every device interrupt but those
 * of VMBus needs one on the CPU that it goes to. Simplified: no reservation, no managed vectors.
 */
export class VectorMatrix implements DyingCallback {
  private readonly allocated: Uint32Array;
  private readonly cpuOfIrq = new Map<Irq, CpuId>();

  constructor(
    private readonly machine: Machine,
    private readonly perCpu = VECTORS_PER_CPU,
  ) {
    this.allocated = new Uint32Array(machine.nrCpuIds);
    machine.hotplug.registerDying(this);
  }

  /**
   * Gives the interrupt a vector on a CPU of `mask`: where it is if that is in the mask, else where most are free
   * (matrix_find_best_cpu).
   *
   * @returns the CPU; -1 if all vectors are taken.
   */
  assign(irq: Irq, mask: CpuMask): CpuId {
    const present = this.cpuOfIrq.get(irq);
    if (present !== undefined && mask.has(present) && this.machine.online.has(present)) return present;
    let best: CpuId = -1;
    for (const cpu of mask) {
      if (!this.machine.online.has(cpu) || this.allocated[cpu] >= this.perCpu) continue;
      if (best < 0 || this.allocated[cpu] < this.allocated[best]) best = cpu;
    }
    if (best < 0) return -1;
    this.release(irq);
    this.allocated[best] += 1;
    this.cpuOfIrq.set(irq, best);
    return best;
  }

  /** Takes the interrupt's vector away. */
  release(irq: Irq): void {
    const cpu = this.cpuOfIrq.get(irq);
    if (cpu === undefined) return;
    this.allocated[cpu] -= 1;
    this.cpuOfIrq.delete(irq);
  }

  /**
   * Refuses to take a CPU offline whose vectors would find no room elsewhere (lapic_can_unplug_cpu).
   *
   * @throws ErrnoError ENOSPC if the other CPUs have no room for this one's vectors.
   */
  prepare(cpu: Cpu): void {
    const used = this.allocated[cpu.id];
    let available = 0;
    for (const other of this.machine.online) {
      if (other !== cpu.id) available += this.perCpu - this.allocated[other];
    }
    if (used <= available) return;
    this.machine.log.printk(`CPU ${cpu.id} has ${used} vectors, ${available} available. Cannot disable CPU`);
    throw new ErrnoError(
      'ENOSPC',
      `CPU ${cpu.id} has ${used} vectors and the others have room for ${available}`,
    );
  }

  dying(): void {}
}
