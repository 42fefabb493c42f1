import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { ErrnoError } from '../../src/lib/errno.js';
import { formatCpuList, formatCpuMask, parseCpuList, parseCpuMask } from '../../src/machine/cpumask-text.js';

interface WriteCase {
  kernel: string;
  cpus: { online: string; nr_cpu_ids: number };
  file: string;
  irq_kind: string | null;
  write: string;
  err?: string;
  after: Record<string, string>;
}

const file = new URL('../golden/affinity-write.jsonl.gz', import.meta.url);
const cases = gunzipSync(readFileSync(file))
  .toString('utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as WriteCase)
  .filter(({ irq_kind: kind }) => kind === null || kind === 'movable');

/** What the kernel's file says after the write, or the errno. */
function outcome({ cpus, file: name, write }: WriteCase): string {
  const list = name === 'smp_affinity_list';
  try {
    const mask = list ? parseCpuList(write, cpus.nr_cpu_ids) : parseCpuMask(write, cpus.nr_cpu_ids);
    if (!mask.intersects(parseCpuList(cpus.online, cpus.nr_cpu_ids))) return 'EINVAL';
    return (list ? formatCpuList(mask) : formatCpuMask(mask)) + '\n';
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}

test(`${cases.length} recorded writes of masks and lists`, () => {
  expect(cases.length).toBeGreaterThan(4000);
  const wrong = cases
    .map((item) => ({ write: item.write, want: item.err ?? item.after[item.file], got: outcome(item) }))
    .filter(({ want, got }) => want !== got);
  expect(wrong).toEqual([]);
});
