import { expect, test } from '@jest/globals';
import { kstatSet } from '../../../src/irq/data/kstat.js';
import { irqSetStatusFlags } from '../../../src/irq/management/chip.js';
import { irqStatus } from '../../../src/irq/data/settings.js';
import type { ArchInterrupts } from '../../../src/view/interrupts/arch.js';
import { arm64CpuFiles } from '../../../src/platform/arm64/cpu-files.js';
import { Guest } from '../machine.js';

const arch: ArchInterrupts = {
  arch: 'x86',
  sources: () => [{ label: 'LOC', text: 'Local timer interrupts', counts: [100, 20] }],
};

test('/proc/stat counts lines by their total, per-CPU lines by their CPUs', () => {
  const guest = new Guest({
    present: 2,
    nrIrqs: 28,
    tree: { arch, stat: () => ({ bootTimeS: 1_700_000_000, contextSwitches: 12, forks: 3 }) },
  });
  const [plain, perCpu] = [guest.map(1), guest.map(2)];
  irqSetStatusFlags(guest.core, perCpu, irqStatus.PER_CPU);
  for (const irq of [plain, perCpu]) {
    const desc = guest.core.desc(irq);
    if (desc) kstatSet(desc, [3, 4]);
  }
  guest.machine.elapse(2_000_000_000);
  expect(guest.read('/proc/stat').split('\n')).toEqual([
    'cpu  0 0 0 400 0 0 0 0 0 0',
    'cpu0 0 0 0 200 0 0 0 0 0 0',
    'cpu1 0 0 0 200 0 0 0 0 0 0',
    `intr 134 ${'0 '.repeat(24)}7 7 0 0`,
    'ctxt 12',
    'btime 1700000000',
    'processes 3',
    'procs_running 1',
    'procs_blocked 0',
    'softirq 0 0 0 0 0 0 0 0 0 0 0',
    '',
  ]);
  expect(guest.write('/proc/stat', 'x')).toBe('EIO');
});

test('/proc/softirqs has a column for every possible CPU', () => {
  const softirqs = (name: string, cpu: number): number => (name === 'TASKLET' ? cpu + 1 : 0);
  const guest = new Guest({ possible: 2, present: 1, tree: { softirqs } });
  const lines = guest.read('/proc/softirqs').split('\n');
  expect(lines[0]).toBe('                    CPU0       CPU1       ');
  expect(lines[7]).toBe('     TASKLET:          1          2');
  expect(lines).toHaveLength(12);
  expect(guest.read('/proc/stat')).toContain('softirq 3 0 0 0 0 0 0 3 0 0 0\n');
});

test('/proc/cpuinfo shows the CPUs online, in the form of the architecture', () => {
  const guest = new Guest({ present: 3, online: [0, 2] });
  const text = guest.read('/proc/cpuinfo');
  expect(text.match(/^processor\t: .*$/gm)).toEqual(['processor\t: 0', 'processor\t: 2']);
  expect(text.match(/^siblings\t: 2$/gm)).toHaveLength(2);
  expect(text.endsWith('power management:\n\n')).toBe(true);
  const arm = new Guest({ present: 1, tree: { cpuFiles: arm64CpuFiles } });
  expect(arm.read('/proc/cpuinfo')).toMatch(/^processor\t: 0\nBogoMIPS\t: 50\.00\nFeatures\t: fp /);
});
