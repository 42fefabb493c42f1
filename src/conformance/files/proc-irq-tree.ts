import type { KernelVersion } from '../../irq/kernel.js';
import { type Comparison, judge, unknownKernel } from '../judge.js';
import { recordedKernel } from '../recorded.js';
import type { CaseResult, Replayer } from '../replayer.js';
import type { IrqCase } from './irq-case.js';
import { compareIrq } from './irq-directory.js';
import { compareFiles, type FilesCase } from './irq-lists.js';
import { compareSoftirqs, compareStat, type SoftirqsCase, type StatCase } from './proc-stat.js';
import { compareCpu, type CpuCase } from './sys-cpu.js';

type TreeCase = IrqCase | FilesCase | StatCase | SoftirqsCase | CpuCase;

function compare(recorded: TreeCase, kernel: KernelVersion): Generator<Comparison> {
  switch (recorded.kind) {
    case 'irq':
      return compareIrq(recorded, kernel);
    case 'files':
      return compareFiles(recorded, kernel);
    case 'stat_intr':
      return compareStat(recorded, kernel);
    case 'softirqs':
      return compareSoftirqs(recorded, kernel);
    case 'cpu':
      return compareCpu(recorded, kernel);
  }
}

/** Replays the files of recorded machines: /proc/irq, /sys/kernel/irq, /proc/stat, /proc/softirqs and the CPUs'. */
export const procIrqTreeReplayer: Replayer = {
  file: 'proc-irq-tree.jsonl',
  replay(recorded: unknown): CaseResult {
    const tree = recorded as TreeCase;
    const irq = tree.kind === 'irq' ? ` IRQ ${tree.irq}` : '';
    const id = `${tree.kernel} ${tree.config} ${tree.snapshot} ${tree.kind}${irq}`;
    const kernel = recordedKernel(tree.kernel);
    return kernel === undefined ? unknownKernel(id, tree.kernel) : judge(id, compare(tree, kernel));
  },
};
