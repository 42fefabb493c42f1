import type { CpuId } from '../../lib/brand.js';

/** Counts per CPU: one number for every CPU, a list from CPU 0 on, or CPU → count. What is left out is 0. */
export type CpuCounts = number | readonly number[] | Readonly<Record<CpuId, number>>;

/** `counts` as one number per CPU. @throws RangeError if it speaks of a CPU that does not exist. */
export function countsPerCpu(counts: CpuCounts | undefined, nrCpus: number): number[] {
  const result = new Array<number>(nrCpus).fill(typeof counts === 'number' ? counts : 0);
  if (counts === undefined || typeof counts === 'number') return result;
  for (const [key, count] of Object.entries(counts)) {
    const cpu = Number(key);
    if (!(Number.isInteger(cpu) && cpu >= 0 && cpu < nrCpus)) {
      throw new RangeError(`there is a count for CPU ${key}, but the guest has CPUs 0-${nrCpus - 1}`);
    }
    result[cpu] = count;
  }
  return result;
}
