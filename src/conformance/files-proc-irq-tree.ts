import { parseCpuList } from '../machine/cpumask-text.js';
import { createGuestTree } from '../view/guest-tree.js';
import { intrLine, type SoftirqCount, softirqNames } from '../view/proc/stat.js';
import { noArchInterrupts } from '../view/interrupts/live.js';
import type { FileTree } from '../view/tree.js';
import { ErrnoError } from '../lib/errno.js';
import type { KernelVersion } from '../irq/kernel.js';
import { type Comparison, judge, unknownKernel } from './files-compare.js';
import {
  type RecordedCpus,
  RecordedLayer,
  type RecordedLine,
  recordedKernel,
  recordedMachine,
} from './files-state.js';
import type { CaseResult, Replayer } from './replayer.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';

interface Entry {
  readonly mode: string;
  readonly text?: string;
  readonly entries?: Readonly<Record<string, Entry>>;
}

interface CaseHead {
  readonly kernel: string;
  readonly config: string;
  readonly snapshot: string;
  readonly cpus: RecordedCpus;
  readonly nr_irqs: number;
}

interface IrqCase extends CaseHead {
  readonly kind: 'irq';
  readonly irq: number;
  readonly proc: Entry | null;
  readonly sys: Entry | null;
  readonly desc: Omit<RecordedLine, 'irq' | 'counts'> & { readonly kstat: readonly number[] };
}

interface FilesCase extends CaseHead {
  readonly kind: 'files';
  readonly default_smp_affinity: Entry;
  readonly proc_irq_names: readonly string[];
  readonly sys_kernel_irq_names: readonly string[];
}

interface StatCase extends CaseHead {
  readonly kind: 'stat_intr';
  readonly fields: number;
  readonly total: number;
  readonly per_irq: Readonly<Record<string, number>>;
  readonly line?: string;
}

interface SoftirqsCase extends CaseHead {
  readonly kind: 'softirqs';
  readonly text: string;
}

interface CpuCase extends CaseHead {
  readonly kind: 'cpu';
  readonly files: Readonly<Record<string, Entry>>;
  readonly cpu_dirs: readonly string[];
  readonly cpu_online_files: Readonly<Record<string, string | { readonly err: string }>>;
}

type TreeCase = IrqCase | FilesCase | StatCase | SoftirqsCase | CpuCase;

/** What depends on when it was recorded. */
function withoutTime(text: string): string {
  return text.replace(/last_unhandled [1-9]\d* ms/, 'last_unhandled <jiffies> ms');
}

/** A part of the tree as the recordings write it: modes in octal, and texts. */
function entryOf(tree: FileTree, path: string): Entry | null {
  if (!tree.exists(path)) return null;
  const { kind, mode } = tree.stat(path);
  const shown = mode.toString(8).padStart(7, '0');
  if (kind === 'file') return { mode: shown, text: withoutTime(tree.readFile(path)) };
  const entries: Record<string, Entry> = {};
  for (const name of tree.readdir(path)) {
    const entry = entryOf(tree, `${path}/${name}`);
    if (entry !== null) entries[name] = entry;
  }
  return { mode: shown, entries };
}

function sorted(entry: Entry | null): Entry | null {
  if (entry?.entries === undefined) return entry;
  const entries: Record<string, Entry> = {};
  for (const name of Object.keys(entry.entries).sort()) {
    const inner = sorted(entry.entries[name]);
    if (inner !== null) entries[name] = inner;
  }
  return { mode: entry.mode, entries };
}

/** How these recordings call the chip without a name. */
const NAMELESS = '(noname)';
/** Below this number the x86 kernel's lines are there at boot, before /proc/irq. */
const BOOT_LINES = 16;
/** The timer is requested before there is a /proc/irq, so its action never gets a directory there. */
const TIMER = 0;

function* compareIrq(recorded: IrqCase, kernel: KernelVersion): Generator<Comparison> {
  const { irq, desc: state } = recorded;
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const { core } = layer;
  const { kstat: counts, chip: recordedChip, ...rest } = state;
  const line = { ...rest, chip: recordedChip === NAMELESS ? null : recordedChip };
  const atBoot = irq < BOOT_LINES;
  const add = () => layer.addLine({ ...line, irq, counts });
  let desc = atBoot ? add() : undefined;
  const tree = createGuestTree({ irq: core });
  desc ??= add();
  // A line without actions has a directory if it was requested before; only the recording knows.
  const requested = !state.chained && (state.actions.length > 0 || recorded.proc !== null);
  if (requested) core.proc.registerIrq(desc);
  if (irq !== TIMER) for (const action of desc.actions()) core.proc.registerHandler(desc, action);
  setSpurious(recorded.proc?.entries?.spurious?.text, desc);
  yield { what: '/proc/irq/N', expected: sorted(recorded.proc), actual: entryOf(tree, `/proc/irq/${irq}`) };
  yield {
    what: '/sys/kernel/irq/N',
    expected: sorted(recorded.sys),
    actual: entryOf(tree, `/sys/kernel/irq/${irq}`),
  };
}

/** The counts of unhandled interrupts are recorded only as text. */
function setSpurious(text: string | undefined, desc: IrqDesc): void {
  const numbers = /^count (\d+)\nunhandled (\d+)\nlast_unhandled (\d+|<jiffies>)/.exec(text ?? '');
  if (numbers === null) return;
  desc.cold.irqCount = Number(numbers[1]);
  desc.irqsUnhandled = Number(numbers[2]);
  desc.cold.lastUnhandled = numbers[3] === '<jiffies>' ? 1 : 0;
}

function plainLine(irq: number, counts: readonly number[], total: number): RecordedLine {
  return {
    irq,
    chip: 'x',
    hwirq: 0,
    domain: null,
    name: null,
    actions: [],
    chained: false,
    counts,
    tot_count: total,
  };
}

function* compareFiles(recorded: FilesCase, kernel: KernelVersion): Generator<Comparison> {
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const tree = createGuestTree({ irq: layer.core });
  for (const name of recorded.sys_kernel_irq_names) {
    const desc = layer.addLine(plainLine(Number(name), [], 0));
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

function* compareStat(recorded: StatCase, kernel: KernelVersion): Generator<Comparison> {
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  for (const [irq, count] of Object.entries(recorded.per_irq)) {
    layer.addLine(plainLine(Number(irq), [], count));
  }
  const shown = intrLine(layer.core, noArchInterrupts).trimEnd();
  const fields = shown.split(' ').slice(1);
  yield { what: 'number of fields', expected: recorded.fields, actual: fields.length };
  for (const [at, text] of fields.slice(1).entries()) {
    yield { what: `count of IRQ ${at}`, expected: String(recorded.per_irq[at] ?? 0), actual: text };
  }
  if (recorded.line === undefined) return;
  // The total has timer interrupts in it that the recording does not list.
  yield {
    what: 'intr line',
    expected: recorded.line,
    actual: shown.replace(/^intr \d+/, `intr ${recorded.total}`),
  };
}

/** Counts of /proc/softirqs by name; they are the recording's, only their layout is compared. */
function softirqCounts(text: string): SoftirqCount {
  const rows = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const [name, counts] = line.split(':');
    if (counts !== undefined) rows.set(name.trim(), counts.trim().split(/ +/).map(Number));
  }
  return (name, cpu) => rows.get(name)?.[cpu] ?? 0;
}

function* compareSoftirqs(recorded: SoftirqsCase, kernel: KernelVersion): Generator<Comparison> {
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const tree = createGuestTree({ irq: layer.core, softirqs: softirqCounts(recorded.text) });
  yield { what: '/proc/softirqs', expected: recorded.text, actual: tree.readFile('/proc/softirqs') };
  yield { what: 'softirqs', expected: 10, actual: softirqNames.length };
}

function* compareCpu(recorded: CpuCase, kernel: KernelVersion): Generator<Comparison> {
  const machine = recordedMachine(recorded.cpus);
  const { nrCpuIds } = machine;
  const layer = new RecordedLayer(machine, kernel, recorded.nr_irqs);
  const { isolated, nohz_full: nohz } = recorded.files;
  const nohzText = nohz?.text ?? '(null)';
  const tree = createGuestTree({
    irq: layer.core,
    cpu: {
      isolated: parseCpuList(isolated?.text ?? '', nrCpuIds),
      ...(!nohzText.includes('(null)') && { nohzFull: parseCpuList(nohzText, nrCpuIds) }),
      // cpu0_hotplug on the kernel's command line gives CPU 0 an online file, too.
      hotpluggable: (cpu) => cpu !== 0 || typeof recorded.cpu_online_files[0] === 'string',
    },
  });
  const directory = '/sys/devices/system/cpu';
  for (const [name, entry] of Object.entries(recorded.files)) {
    yield { what: name, expected: entry, actual: entryOf(tree, `${directory}/${name}`) };
  }
  const cpuDirs = tree.readdir(directory).filter((name) => /^cpu\d+$/.test(name));
  yield { what: 'directories of CPUs', expected: [...recorded.cpu_dirs].sort(), actual: cpuDirs };
  for (const [cpu, expected] of Object.entries(recorded.cpu_online_files)) {
    yield { what: `cpu${cpu}/online`, expected, actual: readOrError(tree, `${directory}/cpu${cpu}/online`) };
  }
}

function readOrError(tree: FileTree, path: string): string | { err: string } {
  try {
    return tree.readFile(path);
  } catch (error) {
    if (error instanceof ErrnoError) return { err: error.code };
    throw error;
  }
}

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
