import { assert } from '../../lib/assert.js';
import { setBit, testAndClearBit, testAndSetBit, wordsFor } from '../../lib/bitmap.js';
import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { type Speaker, warnOnce } from '../messages/warn.js';
import { CpuMap } from './cpumap.js';
import { firstFreeBit, firstUnusedManagedBit } from './search.js';
import {
  irqMatrixAlloc,
  irqMatrixAllocManaged,
  irqMatrixAssign,
  irqMatrixAssignSystem,
  irqMatrixFree,
  irqMatrixOffline,
  irqMatrixOnline,
  irqMatrixRemoveManaged,
  irqMatrixRemoveReserved,
  irqMatrixReserve,
  irqMatrixReserveManaged,
} from './trace-events.js';

/** What an allocation came to: the bit (an x86 vector), and the CPU that it is one of. */
export interface MatrixPlace {
  readonly bit: number;
  readonly cpu: CpuId;
}

/** What a matrix of vectors is made of (irq_alloc_matrix). */
export interface MatrixOptions {
  /** Bits of each CPU (NR_VECTORS, 256, on x86). */
  readonly matrixBits: number;
  /** First bit that is given out, and the first behind the last. */
  readonly allocStart: number;
  readonly allocEnd: number;
}

/** Places in `sums`. */
const AVAILABLE = 0;
const RESERVED = 1;
const ALLOCATED = 2;

/**
 * Which bit of which CPU belongs to an interrupt: the allocator behind x86 vectors (kernel/irq/matrix.c, struct
 * irq_matrix). It has numbers only, no interrupts, and is the same in all kernels that are modelled.
 *
 * Access rules: all of it is its user's lock's (vector_lock on x86), which the caller holds.
 */
export class IrqMatrix {
  readonly matrixBits: number;
  readonly allocStart: number;
  readonly allocEnd: number;
  onlineMaps = 0;
  /** Bits that belong to the system on every CPU. */
  readonly systemMap: Uint32Array;
  private readonly maps: readonly CpuMap[];
  private readonly sums = new Uint32Array(3);
  private systemBitsInAlloc = 0;

  /**
   * As irq_alloc_matrix, with the matrix of each of `nrCpuIds` CPUs offline.
   *
   * @throws RangeError unless 0 <= allocStart <= allocEnd <= matrixBits.
   */
  constructor(
    private readonly speaker: Speaker,
    nrCpuIds: number,
    { matrixBits, allocStart, allocEnd }: MatrixOptions,
  ) {
    if (!(0 <= allocStart && allocStart <= allocEnd && allocEnd <= matrixBits)) {
      throw new RangeError(`bits ${allocStart} to ${allocEnd} are not within a matrix of ${matrixBits}`);
    }
    this.matrixBits = matrixBits;
    this.allocStart = allocStart;
    this.allocEnd = allocEnd;
    this.systemMap = new Uint32Array(wordsFor(matrixBits));
    this.maps = Array.from({ length: nrCpuIds }, () => new CpuMap(matrixBits));
  }

  /** Free bits of all CPUs online. An unsigned int like the next two, which wraps below zero. */
  get globalAvailable(): number {
    return this.sums[AVAILABLE];
  }

  /** Interrupts that will want a bit when they are activated (irq_matrix_reserved). */
  get globalReserved(): number {
    return this.sums[RESERVED];
  }

  /** Bits given out on CPUs online; what a CPU has when it goes offline stays counted. */
  get totalAllocated(): number {
    return this.sums[ALLOCATED];
  }

  /** The vectors of `cpu`, to look at. */
  map(cpu: CpuId): Readonly<CpuMap> {
    return this.maps[cpu];
  }

  /** Brings the bits of `cpu`, which runs this, into play (irq_matrix_online). */
  online(cpu: CpuId): void {
    const map = this.maps[cpu];
    assert(!map.online, 'the matrix of a CPU comes online that is online', { cpu });
    if (!map.initialized) {
      map.available = this.allocEnd - this.allocStart - map.managed - this.systemBitsInAlloc;
      map.initialized = true;
    }
    this.sums[AVAILABLE] += map.available;
    map.online = true;
    this.onlineMaps++;
    this.trace?.emit(irqMatrixOnline, this.sumsNow());
  }

  /** Takes the bits of `cpu`, which runs this, out of play (irq_matrix_offline). */
  offline(cpu: CpuId): void {
    const map = this.maps[cpu];
    this.sums[AVAILABLE] -= map.available;
    map.online = false;
    this.onlineMaps--;
    this.trace?.emit(irqMatrixOffline, this.sumsNow());
  }

  /**
   * Makes `bit` one of the system's on every CPU (irq_matrix_assign_system): before any CPU is online, or with
   * `replace` when `cpu` alone is, in the place of one given out there.
   */
  assignSystem(cpu: CpuId, bit: number, replace: boolean): void {
    const { onlineMaps } = this;
    assert(bit <= this.matrixBits, 'a system vector beyond the matrix', { bit });
    assert(onlineMaps === 0 || (onlineMaps === 1 && replace), 'a system vector comes too late', {
      bit,
      onlineMaps,
    });
    setBit(this.systemMap, bit);
    if (replace) {
      const map = this.maps[cpu];
      assert(testAndClearBit(map.allocMap, bit), 'a system vector replaces one that is not given out', {
        bit,
      });
      map.allocated--;
      this.sums[ALLOCATED]--;
    }
    if (this.isAllocatable(bit)) this.systemBitsInAlloc++;
    this.trace?.emit(irqMatrixAssignSystem, { bit, ...this.sumsNow() });
  }

  /**
   * Keeps a bit for a managed interrupt on each CPU of `mask`, online or not (irq_matrix_reserve_managed).
   *
   * @returns 0, or -ENOSPC: one of the CPUs has no bit free, and none is kept.
   */
  reserveManaged(mask: CpuMask): number {
    for (const cpu of mask) {
      const map = this.maps[cpu];
      const bit = firstFreeBit(this, map);
      if (bit < 0) {
        for (const done of mask) if (done < cpu) this.removeManagedOf(done);
        return errnoValue('ENOSPC');
      }
      setBit(map.managedMap, bit);
      map.managed++;
      if (map.online) {
        map.available--;
        this.sums[AVAILABLE]--;
      }
      this.trace?.emit(irqMatrixReserveManaged, this.placeNow(bit, cpu));
    }
    return 0;
  }

  /** Gives back a bit kept on each CPU of `mask`, any that is not given out (irq_matrix_remove_managed). */
  removeManaged(mask: CpuMask): void {
    for (const cpu of mask) this.removeManagedOf(cpu);
  }

  private removeManagedOf(cpu: CpuId): void {
    const map = this.maps[cpu];
    if (this.warnOnceIf(map.managed === 0, 'irq_matrix_remove_managed', 'none')) return;
    const bit = firstUnusedManagedBit(map, this.allocEnd);
    if (this.warnOnceIf(bit < 0, 'irq_matrix_remove_managed', 'all in use')) return;
    testAndClearBit(map.managedMap, bit);
    map.managed--;
    if (map.online) {
      map.available++;
      this.sums[AVAILABLE]++;
    }
    this.trace?.emit(irqMatrixRemoveManaged, this.placeNow(bit, cpu));
  }

  /**
   * Gives a managed interrupt the bit that is kept for it on that CPU of `mask` which has given out the fewest of these
   * (irq_matrix_alloc_managed).
   *
   * @returns the place, or -EINVAL for no CPUs, -ENOSPC if none is online or its bits are all given out.
   */
  allocManaged(mask: CpuMask): MatrixPlace | number {
    if (mask.isEmpty) return errnoValue('EINVAL');
    const cpu = this.findBestCpuManaged(mask);
    if (cpu < 0) return errnoValue('ENOSPC');
    const map = this.maps[cpu];
    const bit = firstUnusedManagedBit(map, this.allocEnd);
    if (bit < 0) return errnoValue('ENOSPC');
    setBit(map.allocMap, bit);
    map.allocated++;
    map.managedAllocated++;
    this.sums[ALLOCATED]++;
    this.trace?.emit(irqMatrixAllocManaged, this.placeNow(bit, cpu));
    return { bit, cpu };
  }

  /** Counts `bit` of `cpu`, which runs this, as given out (irq_matrix_assign). */
  assign(cpu: CpuId, bit: number): void {
    const map = this.maps[cpu];
    if (this.warnOnceIf(!this.isAllocatable(bit), 'irq_matrix_assign', 'range')) return;
    if (this.warnOnceIf(testAndSetBit(map.allocMap, bit), 'irq_matrix_assign', 'twice')) return;
    map.allocated++;
    this.sums[ALLOCATED]++;
    map.available--;
    this.sums[AVAILABLE]--;
    this.trace?.emit(irqMatrixAssign, this.placeNow(bit, cpu));
  }

  /** Counts one interrupt more that will want a bit; more than there are is only warned of (irq_matrix_reserve). */
  reserve(): void {
    if (this.globalReserved === this.globalAvailable) {
      this.speaker.machine.log.prWarn('Interrupt reservation exceeds available resources');
    }
    this.sums[RESERVED]++;
    this.trace?.emit(irqMatrixReserve, this.sumsNow());
  }

  /** Takes one reservation back (irq_matrix_remove_reserved). */
  removeReserved(): void {
    this.sums[RESERVED]--;
    this.trace?.emit(irqMatrixRemoveReserved, this.sumsNow());
  }

  /**
   * Gives out the lowest free bit of that CPU of `mask` which has most of them (irq_matrix_alloc).
   *
   * @param reserved it is one that `reserve` counted.
   * @returns the place, or -EINVAL for no CPUs, -ENOSPC if none of them is online with a bit to give.
   */
  alloc(mask: CpuMask, reserved: boolean): MatrixPlace | number {
    if (mask.isEmpty) return errnoValue('EINVAL');
    const cpu = this.findBestCpu(mask);
    if (cpu < 0) return errnoValue('ENOSPC');
    const map = this.maps[cpu];
    const bit = firstFreeBit(this, map);
    if (bit < 0) return errnoValue('ENOSPC');
    setBit(map.allocMap, bit);
    map.allocated++;
    map.available--;
    this.sums[ALLOCATED]++;
    this.sums[AVAILABLE]--;
    if (reserved) this.sums[RESERVED]--;
    this.trace?.emit(irqMatrixAlloc, this.placeNow(bit, cpu));
    return { bit, cpu };
  }

  /** Takes `bit` of `cpu` back; one of a managed interrupt stays kept for it (irq_matrix_free). */
  free(cpu: CpuId, bit: number, managed: boolean): void {
    const map = this.maps[cpu];
    if (this.warnOnceIf(!this.isAllocatable(bit), 'irq_matrix_free', 'range')) return;
    if (this.warnOnceIf(!testAndClearBit(map.allocMap, bit), 'irq_matrix_free', 'twice')) return;
    map.allocated--;
    if (managed) map.managedAllocated--;
    if (map.online) this.sums[ALLOCATED]--;
    if (!managed) {
      map.available++;
      if (map.online) this.sums[AVAILABLE]++;
    }
    this.trace?.emit(irqMatrixFree, this.placeNow(bit, cpu));
  }

  /** Free bits of all CPUs online, without those of `without`, which is about to go (irq_matrix_available). */
  available(without?: CpuId): number {
    const gone = without === undefined ? 0 : this.maps[without].available;
    return (this.globalAvailable - gone) >>> 0;
  }

  /** Bits given out on `cpu` to interrupts that are not managed (irq_matrix_allocated). */
  allocated(cpu: CpuId): number {
    const map = this.maps[cpu];
    return (map.allocated - map.managedAllocated) >>> 0;
  }

  /** The CPU with most bits free, the lowest of several; -1 if none has any (matrix_find_best_cpu). */
  private findBestCpu(mask: CpuMask): CpuId {
    let best: CpuId = -1;
    let most = 0;
    for (const cpu of mask) {
      const { online, available } = this.maps[cpu];
      if (!online || available <= most) continue;
      best = cpu;
      most = available;
    }
    return best;
  }

  /** The CPU with the fewest managed bits given out, the highest of several; -1 (matrix_find_best_cpu_managed). */
  private findBestCpuManaged(mask: CpuMask): CpuId {
    let best: CpuId = -1;
    let fewest = Number.POSITIVE_INFINITY;
    for (const cpu of mask) {
      const { online, managedAllocated } = this.maps[cpu];
      if (!online || managedAllocated > fewest) continue;
      best = cpu;
      fewest = managedAllocated;
    }
    return best;
  }

  private get trace() {
    return this.speaker.machine.tracePort;
  }

  private sumsNow() {
    return {
      online_maps: this.onlineMaps,
      global_available: this.globalAvailable,
      global_reserved: this.globalReserved,
      total_allocated: this.totalAllocated,
    };
  }

  private placeNow(bit: number, cpu: CpuId) {
    const { online, available, allocated, managed } = this.maps[cpu];
    return { bit, cpu, online, available, allocated, managed, ...this.sumsNow() };
  }

  private isAllocatable(bit: number): boolean {
    return bit >= this.allocStart && bit < this.allocEnd;
  }

  /** WARN_ON_ONCE: whether `condition` holds, which should not be. */
  private warnOnceIf(condition: boolean, func: string, place: string): boolean {
    if (condition) warnOnce(this.speaker, 'matrix', func, undefined, place);
    return condition;
  }
}
