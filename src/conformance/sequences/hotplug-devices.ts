import { ErrnoError } from '../../lib/errno.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import type { Guest } from '../../guest/guest.js';
import { type Comparison, judge, unknownKernel } from '../judge.js';
import { pciDevicesOf, type PciLine } from '../machine/pci-devices.js';
import { recordedGuest } from '../machine/recorded-guest.js';
import { type RecordedCpus, recordedKernel } from '../recorded.js';
import { lineState } from '../fixture/line-state.js';
import type { CaseResult, Replayer } from '../replayer.js';

type LineRecord = Readonly<Record<string, unknown>>;

interface DeviceOp {
  readonly start?: boolean;
  readonly write?: string;
  readonly data?: string;
  readonly ret?: number;
  readonly err?: string;
  readonly log: readonly string[];
  readonly online: string;
  readonly changed: Readonly<Record<string, LineRecord | null>>;
}

interface DeviceCase {
  readonly kernel: string;
  readonly config: string;
  readonly cpus: Pick<RecordedCpus, 'possible' | 'nr_cpu_ids'>;
  readonly ops: readonly DeviceOp[];
}

/** Managed lines are compared whole; of others what does not follow from where they are. */
const ofUnmanaged: ReadonlySet<string> = new Set([
  'chip',
  'hwirq',
  'flow',
  'name',
  'actions',
  'depth',
  'managed',
]);

/**
 * Replays what CPU hotplug does to real MSI-X interrupts, on a guest with the recorded devices. Where interrupts go that
 * are not managed comes out of all else that the machine did, so it is not compared, nor what the log says of them;
 * their network driver sets the affinity of its own again at each change.
 */
export const hotplugDevicesReplayer: Replayer = {
  file: 'hotplug-devices.jsonl',
  replay(recorded: unknown): CaseResult {
    const device = recorded as DeviceCase;
    const id = `${device.kernel} ${device.config}`;
    const kernel = recordedKernel(device.kernel);
    if (kernel === undefined) return unknownKernel(id, device.kernel);
    const lines = Object.values(device.ops[0]?.changed ?? {}) as unknown as readonly PciLine[];
    const cmdline = 'dyndbg="file kernel/irq/cpuhotplug.c +p"';
    const guest = recordedGuest(kernel, device.cpus, { cmdline, pci: pciDevicesOf(lines) });
    return judge(id, compareAll(guest, device));
  },
};

function* compareAll(guest: Guest, device: DeviceCase): Generator<Comparison> {
  const { log, online } = guest.machine;
  const lines = new Map<string, LineRecord>();
  for (const [at, op] of device.ops.entries()) {
    const logged = log.lines.length;
    if (op.write !== undefined) {
      yield { what: `op ${at} res`, expected: op.err ?? op.ret, actual: write(guest, op) };
    }
    for (const [irq, change] of Object.entries(op.changed)) {
      if (change !== null) lines.set(irq, { ...lines.get(irq), ...change });
    }
    const unmanaged = [...lines].flatMap(([irq, { managed }]) => (managed === true ? [] : [irq]));
    const said = op.start === true ? [] : log.lines.slice(logged).map((line) => line.text);
    const told = (texts: readonly string[]) => texts.filter((text) => !isAbout(text, unmanaged));
    yield { what: `op ${at} log`, expected: told(op.log), actual: told(said) };
    yield { what: `op ${at} online`, expected: op.online, actual: formatCpuList(online) };
    for (const [irq, expected] of lines) yield compareLine(guest, at, irq, expected);
  }
}

/** Whether the log speaks of where one of these lines goes. */
function isAbout(text: string, irqs: readonly string[]): boolean {
  const irq = /^IRQ ?(\d+):/.exec(text)?.[1];
  return irq !== undefined && irqs.includes(irq);
}

function compareLine(guest: Guest, at: number, irq: string, recorded: LineRecord): Comparison {
  const desc = guest.irqCore.desc(Number(irq));
  const state = desc ? lineState(desc) : {};
  const compared = (key: string) => recorded.managed === true || ofUnmanaged.has(key);
  const keys = Object.keys(recorded).filter(compared);
  const pick = (from: LineRecord) => Object.fromEntries(keys.map((key) => [key, from[key]]));
  return { what: `op ${at} changed.${irq}`, expected: pick(recorded), actual: pick(state) };
}

function write({ fs }: Guest, { write: path = '', data = '' }: DeviceOp): unknown {
  try {
    return fs.writeFile(path, data);
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}
