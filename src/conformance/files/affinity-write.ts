import type { Irq } from '../../lib/brand.js';
import { ErrnoError, errnoValue } from '../../lib/errno.js';
import { handleSimpleIrq } from '../../irq/line/flow.js';
import { handlePercpuIrq } from '../../irq/line/percpu-flow.js';
import { irqSetChipAndHandler, irqSetStatusFlags } from '../../irq/management/chip.js';
import { earlyIrqInit, type IrqCore } from '../../irq/core.js';
import { type IrqChip, type IrqData, irqDataUpdateEffectiveAffinity } from '../../irq/data/irqdata.js';
import { IRQ_SET_MASK_OK, IRQ_SET_MASK_OK_NOCOPY, irqchipFlags } from '../../irq/data/irqchip.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { irqDomainCreateLinear } from '../../irq/mapping/create-domain.js';
import { irqCreateMapping } from '../../irq/mapping/irqdomain.js';
import { IRQ_HANDLED } from '../../irq/data/irqaction.js';
import type { KernelVersion } from '../../irq/kernel.js';
import { freeIrq } from '../../irq/management/free.js';
import { requestIrq } from '../../irq/management/request.js';
import { irqStatus } from '../../irq/data/settings.js';
import { CpuMask } from '../../machine/cpumask.js';
import { parseCpuList, parseCpuMask } from '../../machine/cpumask-text.js';
import { createGuestTree } from '../../view/guest-tree.js';
import type { FileTree } from '../../view/tree.js';
import { type Comparison, judge, unknownKernel } from '../judge.js';
import { guestWithDefault, guestWithMsix } from '../machine/affinity-files.js';
import { type RecordedCpus, recordedKernel, recordedMachine } from '../recorded.js';
import type { CaseResult, Replayer } from '../replayer.js';

const lineKinds = [
  'movable',
  'pending',
  'virtio_msix',
  'nochip_setter',
  'no_balancing',
  'managed',
  'percpu',
  'setter_fails_EIO',
  'setter_fails_EBUSY',
  'setter_nocopy',
  'no_action',
] as const;

type LineKind = (typeof lineKinds)[number];
/** Kinds of the test module's fake lines. */
type ModuleKind = Exclude<LineKind, 'virtio_msix'>;

interface WriteCase {
  readonly kernel: string;
  readonly cpus: RecordedCpus;
  readonly file: string;
  readonly irq_kind: LineKind | null;
  readonly before: Readonly<Record<string, string>>;
  readonly write: string;
  readonly ret?: number;
  readonly err?: string;
  readonly at?: string;
  readonly after: Readonly<Record<string, string>>;
}

/** Lines of these kinds do not move before their next interrupt. */
const deferred: ReadonlySet<ModuleKind> = new Set(['pending']);

/** What the fake chip's setter returns; `fail` only once the line is in its recorded state. */
function setterResult(kind: ModuleKind): number {
  switch (kind) {
    case 'setter_fails_EIO':
      return errnoValue('EIO');
    case 'setter_fails_EBUSY':
      return errnoValue('EBUSY');
    case 'setter_nocopy':
      return IRQ_SET_MASK_OK_NOCOPY;
    default:
      return IRQ_SET_MASK_OK;
  }
}

/** A chip whose setter takes the first CPU that it is offered. */
class FakeChip implements IrqChip {
  readonly name = 'VMBus';
  readonly flags: number;
  readonly irqSetAffinity?: (d: IrqData, dest: CpuMask) => number;
  result = IRQ_SET_MASK_OK;

  constructor(kind: ModuleKind) {
    this.flags = deferred.has(kind) ? irqchipFlags.MOVE_DEFERRED : 0;
    if (kind === 'nochip_setter') return;
    this.irqSetAffinity = (d, dest) => {
      if (this.result < 0) return this.result;
      irqDataUpdateEffectiveAffinity(d, CpuMask.of(dest.nrCpuIds, [dest.first()]));
      return this.result;
    };
  }

  irqMask(): void {}
  irqUnmask(): void {}
}

function addLine(core: IrqCore, kind: ModuleKind, before: CpuMask): IrqDesc {
  const { machine } = core;
  const chip = new FakeChip(kind);
  const flow = kind === 'percpu' ? handlePercpuIrq : handleSimpleIrq;
  const domain = irqDomainCreateLinear(core, {
    name: 'vmbus',
    size: 16,
    ops: {
      map: (_, irq) => {
        irqSetChipAndHandler(core, irq, chip, flow);
        if (!deferred.has(kind)) irqSetStatusFlags(core, irq, irqStatus.MOVE_PCNTXT);
        if (kind === 'no_balancing') irqSetStatusFlags(core, irq, irqStatus.NO_BALANCING);
        if (kind === 'percpu') irqSetStatusFlags(core, irq, irqStatus.PER_CPU);
        return 0;
      },
    },
  });
  const affinity = kind === 'managed' ? { mask: before, managed: true } : null;
  const irq = irqCreateMapping(domain, 1, affinity);
  const flags = 0;
  machine.run(
    'request_irq',
    requestIrq(core, irq, () => IRQ_HANDLED, flags, 'line', chip),
  );
  if (kind === 'no_action') machine.run('free_irq', freeIrq(core, irq, chip));
  const desc = core.desc(irq);
  if (desc === undefined) throw new RangeError('the line could not be mapped');
  chip.result = setterResult(kind);
  return desc;
}

/** A line of the test module, in the state that the recording starts from. */
function moduleLine(kernel: KernelVersion, { cpus, before }: WriteCase, kind: ModuleKind): AffinityFiles {
  const machine = recordedMachine(cpus);
  const { nrCpuIds } = machine;
  const core = earlyIrqInit(machine, { kernel, dynirqLowerBound: 24 });
  const affinity = parseCpuMask(before.smp_affinity, nrCpuIds);
  const desc = addLine(core, kind, affinity);
  desc.data.affinity.copyFrom(affinity);
  desc.data.effectiveAffinity.copyFrom(parseCpuList(before.effective_affinity_list, nrCpuIds));
  return new AffinityFiles(createGuestTree({ irq: core }), desc.irq);
}

/** Whose affinity files are written: the recorded machine's own, or those of a line of the test module. */
function filesOf(kernel: KernelVersion, recorded: WriteCase): AffinityFiles {
  const { irq_kind: kind, cpus, before } = recorded;
  if (kind === null) {
    return new AffinityFiles(guestWithDefault(kernel, cpus, before.default_smp_affinity).fs);
  }
  if (kind !== 'virtio_msix') return moduleLine(kernel, recorded, kind);
  const { smp_affinity, effective_affinity_list } = before;
  const { guest, irq } = guestWithMsix(kernel, cpus, { smp_affinity, effective_affinity_list });
  return new AffinityFiles(guest.fs, irq);
}

/** The affinity files of a line, or the default's. */
class AffinityFiles {
  constructor(
    readonly tree: FileTree,
    private readonly irq?: Irq,
  ) {}

  path(file: string): string {
    return this.irq === undefined ? `/proc/irq/${file}` : `/proc/irq/${this.irq}/${file}`;
  }

  texts(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, this.tree.readFile(this.path(name))]));
  }
}

interface WriteResult {
  readonly ret?: number;
  readonly err?: string;
  readonly at?: string;
}

function write(tree: FileTree, path: string, data: string): WriteResult {
  let file: ReturnType<FileTree['open']>;
  try {
    file = tree.open(path, 'write');
  } catch (error) {
    if (error instanceof ErrnoError) return { err: error.code, at: 'open' };
    throw error;
  }
  try {
    return { ret: file.write(data) };
  } catch (error) {
    if (error instanceof ErrnoError) return { err: error.code };
    throw error;
  }
}

function* compare(recorded: WriteCase, kernel: KernelVersion): Generator<Comparison> {
  const { file, before, after, ret, err, at } = recorded;
  const fixture = filesOf(kernel, recorded);
  yield { what: 'texts before', expected: before, actual: fixture.texts(Object.keys(before)) };
  const result = write(fixture.tree, fixture.path(file), recorded.write);
  yield { what: 'result of write()', expected: { ret, err, at }, actual: result };
  yield { what: 'texts after', expected: after, actual: fixture.texts(Object.keys(after)) };
}

/** Replays writes to the affinity files of interrupts. */
export const affinityWriteReplayer: Replayer = {
  file: 'affinity-write.jsonl',
  replay(recorded: unknown): CaseResult {
    const one = recorded as WriteCase;
    const id = `${one.kernel} ${one.cpus.nr_cpu_ids} CPUs ${one.irq_kind ?? ''} ${one.file} ${JSON.stringify(one.write)}`;
    const kernel = recordedKernel(one.kernel);
    if (kernel === undefined) return unknownKernel(id, one.kernel);
    if (one.irq_kind !== null && !lineKinds.includes(one.irq_kind)) {
      return {
        outcome: 'not applicable',
        id,
        reason: `no fixture for lines of kind ${String(one.irq_kind)}`,
      };
    }
    return judge(id, compare(one, kernel));
  },
};
