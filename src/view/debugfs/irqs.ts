import { ErrnoError, errnoCode } from '../../lib/errno.js';
import type { IrqCore } from '../../irq/core.js';
import { irqchipFlags } from '../../irq/data/irqchip.js';
import { type IrqData, irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc, IrqDescCore } from '../../irq/data/irqdesc.js';
import { irqs } from '../../irq/data/istate.js';
import { irqInjectInterrupt } from '../../irq/line/resend.js';
import { irqSettingsIsHidden, irqStatus } from '../../irq/data/settings.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { kernelName } from '../../irq/messages/symbols.js';
import { IrqEntries } from '../irq-entries.js';
import { type BitNames, bits, hex } from './bits.js';
import { type DirectoryNode, debugFile, type FileNode } from '../tree-node.js';

const statusNames: BitNames = (
  [
    'NOPROBE',
    'NOREQUEST',
    'NOTHREAD',
    'NOAUTOEN',
    'NESTED_THREAD',
    'PER_CPU_DEVID',
    'IS_POLLED',
    'DISABLE_UNLAZY',
    'HIDDEN',
  ] as const
).map((name) => [`_IRQ_${name}`, irqStatus[name]]);

const istateNames: BitNames = (
  [
    'AUTODETECT',
    'SPURIOUS_DISABLED',
    'POLL_INPROGRESS',
    'ONESHOT',
    'REPLAY',
    'WAITING',
    'PENDING',
    'SUSPENDED',
    'NMI',
  ] as const
).map((name) => [`IRQS_${name}`, irqs[name]]);

const triggerNames: BitNames = [
  ['IRQ_TYPE_EDGE_RISING', 1],
  ['IRQ_TYPE_EDGE_FALLING', 2],
  ['IRQ_TYPE_LEVEL_HIGH', 4],
  ['IRQ_TYPE_LEVEL_LOW', 8],
];

const dataNames: BitNames = [
  ...triggerNames,
  ...(
    [
      'LEVEL',
      'ACTIVATED',
      'IRQ_STARTED',
      'IRQ_DISABLED',
      'IRQ_MASKED',
      'IRQ_INPROGRESS',
      'PER_CPU',
      'NO_BALANCING',
      'SINGLE_TARGET',
      'MOVE_PCNTXT',
      'AFFINITY_SET',
      'SETAFFINITY_PENDING',
      'AFFINITY_MANAGED',
      'AFFINITY_ON_ACTIVATE',
      'MANAGED_SHUTDOWN',
      'CAN_RESERVE',
      'FORWARDED_TO_VCPU',
      'WAKEUP_STATE',
      'WAKEUP_ARMED',
      'DEFAULT_TRIGGER_SET',
      'HANDLE_ENFORCE_IRQCTX',
      'IRQ_ENABLED_ON_SUSPEND',
      'RESEND_WHEN_IN_PROGRESS',
    ] as const
  ).map((name) => [`IRQD_${name}`, irqd[name]] as const),
];

const chipNames: BitNames = (
  [
    'SET_TYPE_MASKED',
    'EOI_IF_HANDLED',
    'MASK_ON_SUSPEND',
    'ONOFFLINE_ENABLED',
    'SKIP_SET_WAKE',
    'ONESHOT_SAFE',
    'EOI_THREADED',
    'SUPPORTS_LEVEL_MSI',
    'SUPPORTS_NMI',
    'ENABLE_WAKEUP_ON_SUSPEND',
    'IMMUTABLE',
    'MOVE_DEFERRED',
  ] as const
).map((name) => [`IRQCHIP_${name}`, irqchipFlags[name]]);

function chipText(data: IrqData, core: IrqDescCore, indent: number): string {
  const { chip } = data;
  const space = ' '.repeat(indent);
  const name = chip.irqPrintChip?.(data) ?? chip.name ?? '(null)';
  // The flag came with the kernels that go by it.
  const unknown = core.behaviour.moveInProcessContext === 'status' ? irqchipFlags.MOVE_DEFERRED : 0;
  const flags = (chip.flags ?? 0) & ~unknown;
  return `${space}chip:    ${name}\n${space} flags:   ${hex(flags)}\n${bits(flags, chipNames, indent)}`;
}

/** One level of the line, and those nearer to the CPU (kernel/irq/debugfs.c irq_debug_show_data). */
function levelText(data: IrqData, core: IrqDescCore, indent: number): string {
  const { domain, hwirq, parentData } = data;
  const space = ' '.repeat(indent);
  const level =
    `${space}domain:  ${domain?.name ?? ''}\n${space} hwirq:   ${hex(hwirq)}\n` +
    `${chipText(data, core, indent + 1)}${domain?.debugShow(data, indent + 1) ?? ''}`;
  return parentData === null ? level : `${level}${space} parent:\n${levelText(parentData, core, indent + 4)}`;
}

/** The CPUs of a change that waits, where changes can. */
function pendingText({ cold, core }: IrqDesc): string {
  return core.genericPendingIrq ? `pending:  ${formatCpuList(cold.pendingMask)}\n` : '';
}

/** _IRQ_PROC_VALID, the bit of IRQ_RESERVED; without a name in debugfs (kernel/irq/settings.h). */
const PROC_VALID = 1 << 22;

/** The settings, with the note whether the line is shown in /proc/interrupts (kernel/irq/proc.c irq_proc_update_valid). */
function shownStatus(desc: IrqDesc): number {
  const isShown = !irqSettingsIsHidden(desc) && !desc.isChained && desc.action !== undefined;
  return desc.core.behaviour.marksShownLines && isShown ? desc.status | PROC_VALID : desc.status;
}

/** kernel/irq/debugfs.c irq_debug_show. */
function lineText(desc: IrqDesc): string {
  const { data, status, istate } = desc;
  return (
    `handler:  ${kernelName(desc.handleIrq.name)}\ndevice:   ${desc.cold.deviceName ?? '(null)'}\n` +
    `status:   ${hex(shownStatus(desc), 8)}\n${bits(status, statusNames)}` +
    `istate:   ${hex(istate, 8)}\n${bits(istate, istateNames)}` +
    `ddepth:   ${desc.cold.depth}\nwdepth:   ${desc.cold.wakeDepth}\n` +
    `dstate:   ${hex(data.state, 8)}\n${bits(data.state, dataNames)}` +
    `node:     ${data.node}\naffinity: ${formatCpuList(data.affinity)}\n` +
    `effectiv: ${formatCpuList(data.effectiveAffinity)}\n${pendingText(desc)}` +
    levelText(data, desc.core, 0)
  );
}

/** Writing the start of "trigger" raises the interrupt by software (irq_debug_write). */
function lineFile(core: IrqCore, desc: IrqDesc): FileNode {
  return debugFile(0o644, {
    read: () => lineText(desc),
    write: (data) => {
      if (!'trigger'.startsWith(data.slice(0, 7))) return data.length;
      const ret = irqInjectInterrupt(core, desc.irq);
      if (ret < 0) throw new ErrnoError(errnoCode(ret), `IRQ ${desc.irq} cannot be raised now`);
      return data.length;
    },
  });
}

/** /sys/kernel/debug/irq/irqs: a file for every allocated descriptor. */
export function debugIrqs(core: IrqCore): DirectoryNode {
  return new IrqEntries(core, 'files', (desc) => lineFile(core, desc));
}
