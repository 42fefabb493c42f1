import type { CpuId } from '../../lib/brand.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import type { CpuCounts } from '../options/counts.js';
import type { Path, Report } from '../place.js';

/** Checks that whoever names CPUs names those that the guest has. */
export class CpuNumbers {
  /** @param possible CPUs of the guest; undefined if the file does not say: then nothing is wrong. */
  constructor(
    private readonly possible: number | undefined,
    private readonly report: Report,
  ) {}

  /** A CPU's number. */
  check(cpu: CpuId | undefined, path: Path): void {
    const { possible } = this;
    if (cpu === undefined || possible === undefined || cpu < possible) return;
    const there = possible === 1 ? 'CPU 0 only' : `CPUs 0-${possible - 1}`;
    this.report(path, `there is no CPU ${cpu}: this guest has ${there}`);
  }

  /** A list such as `0-3,5` of at least one CPU. */
  checkList(text: string | undefined, path: Path): void {
    const { possible } = this;
    if (text === undefined || possible === undefined || isCpuList(text, possible)) return;
    this.report(path, `expected a list of CPUs of 0-${possible - 1}, not "${text}"`);
  }

  /** The CPUs that there are counts for. */
  checkCounts(counts: CpuCounts | undefined, path: Path): void {
    if (typeof counts !== 'object') return;
    for (const cpu of Object.keys(counts)) this.check(Number(cpu), [...path, cpu]);
  }
}

function isCpuList(text: string, possible: number): boolean {
  try {
    return !parseCpuList(text, possible).isEmpty;
  } catch {
    return false;
  }
}
