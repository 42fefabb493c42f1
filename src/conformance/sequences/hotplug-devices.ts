import { ErrnoError } from '../../lib/errno.js';
import { allocDescs, IRQ_HANDLED, irqDomainAssociate, requestIrq } from '../../irq/index.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { createGuestTree } from '../../view/guest-tree.js';
import type { FileTree } from '../../view/tree.js';
import { type Comparison, judge, unknownKernel } from '../judge.js';
import { recordedKernel, recordedParameters } from '../recorded.js';
import { Fixture, type FixtureCpus } from '../fixture/fixture.js';
import { lineState } from '../fixture/line-state.js';
import { MsiFixture } from '../fixture/msi.js';
import type { CaseResult, Replayer } from '../replayer.js';

type LineRecord = Readonly<Record<string, unknown>>;

interface DeviceOp {
  readonly start?: boolean;
  /** The device was used; the model has nothing to do for that. */
  readonly stdio?: string;
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
  readonly append?: string;
  readonly cpus: FixtureCpus;
  readonly ops: readonly DeviceOp[];
}

/** Legacy lines that x86 allocates at boot. */
const LEGACY_IRQS = Array.from({ length: 16 }, (_, irq) => irq);
/** More than any of the recorded machines has. */
const NR_IRQS = 1024;

/**
 * Replays what CPU hotplug does to real MSI-X interrupts. Only the managed ones are compared: where the others go is
 * decided by x86 vector allocation, and the network driver sets the affinity of its own again at each change.
 */
export const hotplugDevicesReplayer: Replayer = {
  file: 'hotplug-devices.jsonl',
  replay(recorded: unknown): CaseResult {
    const device = recorded as DeviceCase;
    const id = `${device.kernel} ${device.config}`;
    const kernel = recordedKernel(device.kernel);
    if (kernel === undefined) return unknownKernel(id, device.kernel);
    const fixture = new Fixture({
      kernel,
      cpus: device.cpus,
      nrIrqs: NR_IRQS,
      allocated: LEGACY_IRQS,
      parameters: recordedParameters(device.append ?? '', device.cpus),
    });
    return judge(id, compareAll(fixture, device));
  },
};

function* compareAll(fixture: Fixture, device: DeviceCase): Generator<Comparison> {
  const { core, machine } = fixture;
  const tree = createGuestTree({ irq: core });
  const managed = new Map<number, LineRecord>();
  for (const [at, op] of device.ops.entries()) {
    const logged = machine.log.lines.length;
    if (op.start === true) addLines(fixture, op.changed);
    if (op.write !== undefined) {
      yield {
        what: `op ${at} res`,
        expected: op.err ?? op.ret,
        actual: write(tree, op.write, op.data ?? ''),
      };
    }
    const log = machine.log.lines.slice(logged).map((line) => line.text);
    yield { what: `op ${at} log`, expected: op.log, actual: log };
    yield { what: `op ${at} online`, expected: op.online, actual: formatCpuList(machine.online) };
    for (const [irq, change] of Object.entries(op.changed)) {
      const known = managed.get(Number(irq));
      if (change !== null && (known !== undefined || change.managed === true)) {
        managed.set(Number(irq), { ...known, ...change });
      }
    }
    for (const [irq, expected] of managed) yield compareLine(fixture, at, irq, expected);
  }
}

function compareLine({ core }: Fixture, at: number, irq: number, expected: LineRecord): Comparison {
  const desc = core.desc(irq);
  const state = desc ? lineState(desc) : {};
  const actual: Record<string, unknown> = {};
  for (const key of Object.keys(expected)) actual[key] = state[key];
  return { what: `op ${at} changed.${irq}`, expected, actual };
}

function write(tree: FileTree, path: string, data: string): unknown {
  try {
    return tree.writeFile(path, data);
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}

/** The device's lines, requested as its driver did. */
function addLines(fixture: Fixture, lines: DeviceOp['changed']): void {
  const { core, machine } = fixture;
  const msi = new MsiFixture(core);
  for (const [key, line] of Object.entries(lines)) {
    if (line === null) continue;
    const irq = Number(key);
    const isManaged = line.managed === true;
    const mask = fixture.list(String(line.affinity));
    allocDescs(core, irq, irq, 1, isManaged ? [{ mask, managed: true }] : null);
    irqDomainAssociate(msi.domain(String(line.chip)), irq, Number(line.hwirq));
    for (const name of line.actions as readonly string[]) {
      machine.run(
        'request',
        requestIrq(core, irq, () => IRQ_HANDLED, 0, name, name),
      );
    }
  }
}
