import type { IrqCore } from '../../irq/core.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { IrqEntries } from '../irq-entries.js';
import { type DirectoryNode, type FileNode, onePage, StaticDirectory, sysfsFile } from '../tree-node.js';

/** A file that shows a line, or nothing while `text` gives null. */
function attribute(text: () => string | null): FileNode {
  return sysfsFile(0o444, {
    show: () => {
      const shown = text();
      return shown === null ? '' : onePage(`${shown}\n`);
    },
  });
}

function actionNames(desc: IrqDesc): string | null {
  if (desc.action === undefined) return null;
  return [...desc.actions()].map((action) => action.name ?? '(null)').join(',');
}

/** /sys/kernel/irq/N (kernel/irq/irqdesc.c irq_attrs). */
function irqDirectory(desc: IrqDesc): StaticDirectory {
  const { data } = desc;
  return new StaticDirectory(0o755, {
    per_cpu_count: attribute(() => desc.cold.kstat.join(',')),
    chip_name: attribute(() => data.chip.name),
    hwirq: attribute(() => (data.domain === null ? null : String(data.hwirq))),
    type: attribute(() => (data.has(irqd.LEVEL) ? 'level' : 'edge')),
    wakeup: attribute(() => (data.has(irqd.WAKEUP_STATE) ? 'enabled' : 'disabled')),
    name: attribute(() => desc.cold.name),
    actions: attribute(() => actionNames(desc)),
  });
}

/** /sys/kernel/irq: a directory for every allocated descriptor, as long as it exists. */
export function sysIrq(core: IrqCore): DirectoryNode {
  return new IrqEntries(core, 'directories', irqDirectory);
}
