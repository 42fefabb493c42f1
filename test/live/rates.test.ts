import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseScenario } from '../../src/scenario/load.js';
import { parseInterrupts } from '../../src/view/interrupts/parse.js';
import { describeReal, inShell, parts, root } from '../support/real.js';

// Rates are near only where the programs come to their turn in time: .ci/run has nothing beside this file.

const BUSY = 'examples/two-node-16vcpu.yaml';
const CPUS = 16;

/** Interrupts per second that the workload makes. */
function rates(): { byRelid: Map<number, number>; total: number } {
  const { workload } = parseScenario(readFileSync(join(root, BUSY), 'utf8'), BUSY);
  const byRelid = new Map<number, number>();
  for (const item of workload) {
    if (item.kind === 'periodic' && item.relid !== undefined)
      byRelid.set(item.relid, (item.burst * 1e9) / item.everyNs);
  }
  return { byRelid, total: [...byRelid.values()].reduce((sum, rate) => sum + rate, 0) };
}

describeReal('programs that count interrupts', ['lsirq', 'irqtop', 'vmstat', 'mpstat', 'sar'], () => {
  test('lsirq shows what /proc/interrupts has', async () => {
    const { out, err } = await inShell(BUSY, 'lsirq -J; echo ====; cat /proc/interrupts', '--speed', '0');
    expect(err).toBe('');
    const [listed, interrupts] = parts(out);
    const { interrupts: found } = JSON.parse(listed) as {
      interrupts: { irq: string; total: number; name: string }[];
    };
    const { rows } = parseInterrupts(interrupts).table;
    const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
    const wanted = rows.map((row): [string, number] => {
      const label = row.kind === 'irq' ? String(row.irq) : row.label;
      return [label, row.kind === 'total' ? row.total : sum(row.counts)];
    });
    expect(new Map(found.map(({ irq, total }) => [irq, Number(total)]))).toEqual(new Map(wanted));
    expect(found.find(({ irq }) => irq === '27')?.name).toBe('VMBus 14 pri@storvsc0');
  });

  test('vmstat, mpstat, sar and irqtop give the workload’s rates', async () => {
    const script = `vmstat 1 3; echo ====; mpstat -I ALL 1 2; echo ====; sar -I SUM 1 2; echo ====
      timeout 3 irqtop -b -C -t -i -d 1`;
    const { out, err } = await inShell(BUSY, script);
    expect(err).toBe('');
    const [vmstat, mpstat, sar, irqtop] = parts(out);
    const { byRelid, total } = rates();
    const near = (value: string | number | undefined, rate: number): void => {
      expect(Math.abs(Number(value) - rate)).toBeLessThan(0.05 * rate + 5);
    };
    const samples = vmstat.trim().split('\n').slice(3);
    expect(samples).toHaveLength(2);
    for (const sample of samples) near(sample.trim().split(/ +/)[10], total);
    near(/^Average: +all +([\d.]+)$/m.exec(mpstat)?.[1], total);
    near(/^Average: +sum +([\d.]+)$/m.exec(sar)?.[1], total);
    const [, head, ...cpuRows] = /^(Average: +CPU +8\/s .*\n(?:.+\n)*)/m.exec(mpstat)?.[1].split(/^/m) ?? [
      '',
      '',
      '',
    ];
    expect([head, ...cpuRows]).toHaveLength(CPUS);
    const column = (/^Average: +CPU +8\/s .*/m.exec(mpstat)?.[0] ?? '').split(/ +/).indexOf('28/s');
    near(/^Average: +8 .*/m.exec(mpstat)?.[0].split(/ +/)[column], byRelid.get(20) ?? 0);
    near(/^ *([\d.]+) +cpu8 .*VMBus +20 /m.exec(irqtop)?.[1], byRelid.get(20) ?? 0);
    near(/^ *([\d.]+) +cpu\d+ .*VMBus +21 /m.exec(irqtop)?.[1], byRelid.get(21) ?? 0);
  });
});
