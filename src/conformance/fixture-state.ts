import { type IrqDesc, irqd, irqStatus, irqs } from '../irq/index.js';
import { kernelName } from '../irq/messages/symbols.js';
import { formatCpuList } from '../machine/cpumask-text.js';

/** Names of the bits that are set, lowest first. */
function bitNames(value: number, names: Readonly<Record<string, number>>, except: string): string[] {
  return Object.entries(names)
    .filter(([name, bit]) => name !== except && (value & bit) !== 0)
    .map(([name]) => name);
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** A line's state under the names that the recordings use. */
export function lineState(desc: IrqDesc): Record<string, unknown> {
  const { data } = desc;
  const actions = [...desc.actions()];
  return {
    hwirq: data.hwirq,
    domain: data.domain?.name ?? null,
    chip: data.chip.name ?? '(noname)',
    flow: kernelName(desc.handleIrq.name),
    name: desc.name,
    chained: desc.isChained ? 1 : 0,
    depth: desc.depth,
    wake_depth: desc.wakeDepth,
    irq_count: desc.irqCount,
    irqs_unhandled: desc.irqsUnhandled,
    istate: bitNames(desc.istate, irqs, ''),
    status: bitNames(desc.status, irqStatus, 'TYPE_SENSE_MASK'),
    type: desc.status & irqStatus.TYPE_SENSE_MASK,
    irqd: bitNames(data.state, irqd, 'TRIGGER_MASK'),
    irqd_trigger: data.triggerType,
    tot_count: desc.totCount,
    kstat: [...desc.kstat],
    affinity: formatCpuList(data.affinity),
    effective: formatCpuList(data.effectiveAffinity),
    pending: formatCpuList(desc.pendingMask),
    hint: desc.affinityHint ? formatCpuList(desc.affinityHint) : null,
    nr_actions: desc.nrActions,
    threads_oneshot: desc.threadsOneshot,
    actions: actions.map((action) => action.name ?? '(null)'),
    actions_flags: actions.map((action) => hex(action.flags)),
    actions_thread_mask: actions.map((action) => hex(action.threadMask)),
    managed: data.has(irqd.AFFINITY_MANAGED),
  };
}
