import type { IrqAction } from '../../irq/data/irqaction.js';
import { irqCanSetAffinityUsr } from '../../irq/affinity/affinity.js';
import type { IrqCore } from '../../irq/core.js';
import { noIrqChip } from '../../irq/data/dummychip.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { IrqProc } from '../../irq/data/proc-port.js';
import { CpuMask } from '../../machine/cpumask.js';
import { cpuSetFile, defaultAffinityFile, irqAffinityFile, listText, maskText } from './affinity-files.js';
import { descOfName } from '../irq-entries.js';
import { type DirectoryNode, type FileNode, procFile, StaticDirectory, type TreeNode } from '../tree-node.js';

/** Most characters of an action's name that its directory takes over. */
const MAX_NAME = 127;
/** HZ=250: a jiffy is 4 ms. */
const MS_PER_JIFFY = 4;
const PROC_GENERIC = 'fs/proc/generic.c';

/** Counts about interrupts that nobody handled (kernel/irq/proc.c irq_spurious_proc_show). */
function spuriousFile(desc: IrqDesc): FileNode {
  const lastMs = (): number => (desc.cold.lastUnhandled * MS_PER_JIFFY) >>> 0;
  return procFile(0o444, {
    read: () =>
      `count ${desc.cold.irqCount}\nunhandled ${desc.irqsUnhandled}\nlast_unhandled ${lastMs()} ms\n`,
  });
}

/** The order that procfs keeps names in: shorter ones first. */
function procOrder(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

/** /proc/irq/N. */
class IrqDirectory extends StaticDirectory {
  /** Directories of the actions that have one (irqaction.dir). */
  readonly actions = new Map<IrqAction, string>();
  private readonly own: readonly string[];

  constructor(core: IrqCore, desc: IrqDesc) {
    const { data } = desc;
    const empty = new CpuMask(core.machine.nrCpuIds);
    const mode = irqCanSetAffinityUsr(desc) ? 0o644 : core.behaviour.unsettableAffinityMode;
    const files = {
      smp_affinity: irqAffinityFile(core, desc, mode, maskText),
      affinity_hint: cpuSetFile(() => desc.cold.affinityHint ?? empty, maskText),
      smp_affinity_list: irqAffinityFile(core, desc, mode, listText),
      node: procFile(0o444, { read: () => `${data.node}\n` }),
      effective_affinity: cpuSetFile(() => data.effectiveAffinity, maskText),
      effective_affinity_list: cpuSetFile(() => data.effectiveAffinity, listText),
      spurious: spuriousFile(desc),
    };
    super(0o555, files);
    this.own = Object.keys(files);
  }

  /** What is still there when the kernel has removed its files, in procfs' order. */
  leftovers(): string[] {
    return [...this.list()].filter((name) => !this.own.includes(name)).sort(procOrder);
  }
}

/** Shows the lines that exist when /proc/irq is made (kernel/irq/proc.c init_irq_proc). */
export function initIrqProc(core: IrqCore): void {
  for (const desc of core.descs()) core.proc.registerIrq(desc);
}

/**
 * /proc/irq (kernel/irq/proc.c). The interrupt layer tells it when directories come and go: a line's directory comes
 * with its first successful request and goes with the descriptor; an action's goes when that action is freed, even if
 * another action of that name stays.
 */
export class ProcIrq implements IrqProc, DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o555;
  private readonly directories = new Map<IrqDesc, IrqDirectory>();
  private readonly defaultAffinity: FileNode;

  /**
   * Shows the lines that exist already and those to come.
   *
   * @param onRegister called at each successful request of a line.
   */
  constructor(
    private readonly core: IrqCore,
    private readonly onRegister: (desc: IrqDesc) => void = () => {},
  ) {
    this.defaultAffinity = defaultAffinityFile(core);
    for (const desc of core.descs()) this.registerIrq(desc);
    core.proc = this;
  }

  *list(): Iterable<string> {
    yield 'default_smp_affinity';
    for (const desc of this.directories.keys()) yield String(desc.irq);
  }

  lookup(name: string): TreeNode | undefined {
    if (name === 'default_smp_affinity') return this.defaultAffinity;
    const desc = descOfName(this.core, name);
    return desc && this.directories.get(desc);
  }

  registerIrq(desc: IrqDesc): void {
    this.onRegister(desc);
    if (desc.data.chip === noIrqChip || this.directories.has(desc)) return;
    this.directories.set(desc, new IrqDirectory(this.core, desc));
  }

  unregisterIrq(desc: IrqDesc): void {
    const directory = this.directories.get(desc);
    if (directory === undefined) return;
    this.directories.delete(desc);
    const [left] = directory.leftovers();
    if (left === undefined) return;
    const { log } = this.core.machine;
    log.printk(
      `remove_proc_entry: removing non-empty directory 'irq/${desc.irq}', leaking at least '${left}'`,
    );
    log.warn(PROC_GENERIC, 'remove_proc_entry');
  }

  registerHandler(desc: IrqDesc, action: IrqAction): void {
    const directory = this.directories.get(desc);
    if (directory === undefined || directory.actions.has(action) || action.name === null) return;
    for (const other of desc.actions()) if (other !== action && other.name === action.name) return;
    const name = action.name.slice(0, MAX_NAME);
    if (this.makeDirectory(directory, desc, name)) directory.actions.set(action, name);
  }

  unregisterHandler(desc: IrqDesc, action: IrqAction): void {
    const directory = this.directories.get(desc);
    const name = directory?.actions.get(action);
    if (directory === undefined || name === undefined) return;
    directory.actions.delete(action);
    directory.remove(name);
  }

  /** proc_mkdir, which warns about names it cannot take (fs/proc/generic.c). */
  private makeDirectory(directory: IrqDirectory, desc: IrqDesc, name: string): boolean {
    if (name.includes('/')) return this.refuse(`name '${name}'`, '__xlate_proc_name');
    if (name === '') return this.refuse('name len 0', '__proc_create');
    if (name === '.' || name === '..') return this.refuse(`name '${name}'`, '__proc_create');
    if (directory.lookup(name) !== undefined) {
      return this.refuse(`proc_dir_entry '${desc.irq}/${name}' already registered`, 'proc_register');
    }
    directory.add(name, new StaticDirectory(0o555));
    return true;
  }

  private refuse(text: string, func: string): false {
    const { log } = this.core.machine;
    log.printk(text);
    log.warn(PROC_GENERIC, func);
    return false;
  }
}
