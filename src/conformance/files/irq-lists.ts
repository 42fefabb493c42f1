import type { KernelVersion } from '../../irq/kernel.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import { createGuestTree } from '../../view/guest-tree.js';
import { RecordedLayer } from '../../view/recorded-layer.js';
import type { Comparison } from '../judge.js';
import { recordedMachine } from '../recorded.js';
import type { CaseHead } from './case-head.js';
import { countedLine } from './counted-line.js';
import { type Entry, entryOf } from './entry.js';

/** What is in /proc/irq and /sys/kernel/irq themselves. */
export interface FilesCase extends CaseHead {
  readonly kind: 'files';
  readonly default_smp_affinity: Entry;
  readonly proc_irq_names: readonly string[];
  readonly sys_kernel_irq_names: readonly string[];
}

export function* compareFiles(recorded: FilesCase, kernel: KernelVersion): Generator<Comparison> {
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const tree = createGuestTree({ irq: layer.core });
  for (const name of recorded.sys_kernel_irq_names) {
    const desc = layer.addLine(countedLine(Number(name), [], 0));
    if (recorded.proc_irq_names.includes(name)) layer.core.proc.registerIrq(desc);
  }
  const mask = parseCpuList(recorded.cpus.possible, recorded.cpus.nr_cpu_ids);
  layer.core.defaultAffinity.copyFrom(mask);
  yield {
    what: '/proc/irq/default_smp_affinity',
    expected: recorded.default_smp_affinity,
    actual: entryOf(tree, '/proc/irq/default_smp_affinity'),
  };
  yield {
    what: '/proc/irq',
    expected: [...recorded.proc_irq_names].sort(),
    actual: tree.readdir('/proc/irq'),
  };
  const sysNames = [...recorded.sys_kernel_irq_names].sort();
  yield { what: '/sys/kernel/irq', expected: sysNames, actual: tree.readdir('/sys/kernel/irq') };
}
