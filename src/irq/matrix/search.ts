import type { CpuMap } from './cpumap.js';

/** The bits that searches look at. */
interface SearchedMatrix {
  readonly allocStart: number;
  readonly allocEnd: number;
  readonly systemMap: Uint32Array;
}

/** Lowest bit of a CPU that nobody has and that is kept for nobody, or -1 (kernel/irq/matrix.c matrix_alloc_area). */
export function firstFreeBit(
  { allocStart, allocEnd, systemMap }: SearchedMatrix,
  { managedMap, allocMap }: CpuMap,
): number {
  return firstBitOf((i) => ~(managedMap[i] | systemMap[i] | allocMap[i]), allocStart, allocEnd);
}

/** Lowest bit below `end` that is kept for a managed interrupt and not given out, or -1. */
export function firstUnusedManagedBit({ managedMap, allocMap }: CpuMap, end: number): number {
  return firstBitOf((i) => managedMap[i] & ~allocMap[i], 0, end);
}

/** Lowest set bit in `start` to `end` - 1 of the bitmap whose words `word` gives, or -1. */
function firstBitOf(word: (index: number) => number, start: number, end: number): number {
  for (let base = start & ~31; base < end; base += 32) {
    const below = start > base ? -1 << (start - base) : -1;
    const bits = word(base >>> 5) & below;
    if (bits === 0) continue;
    const bit = base + 31 - Math.clz32(bits & -bits);
    return bit < end ? bit : -1;
  }
  return -1;
}
