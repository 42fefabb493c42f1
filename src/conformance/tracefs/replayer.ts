import type { KernelVersion } from '../../irq/kernel.js';
import { ErrnoError } from '../../lib/errno.js';
import { kernelTraceEvents } from '../../platform/trace-events.js';
import { Tracer } from '../../trace/tracer.js';
import { createGuestTree } from '../../view/guest-tree.js';
import type { FileTree } from '../../view/tree.js';
import { hypervEvents } from '../../vmbus/trace-events.js';
import { difference, isRecord } from '../difference.js';
import { Fixture } from '../fixture/fixture.js';
import { amount, type CommandArgs } from '../fixture/commands/args.js';
import { runCommand } from '../fixture/commands/index.js';
import { unknownKernel } from '../judge.js';
import { recordedKernel, recordedParameters } from '../recorded.js';
import type { CaseResult, Replayer } from '../replayer.js';
import { maskedText } from './masks.js';

/** One recorded operation, see the recordings' README. */
export interface TracefsOp {
  readonly op: 'r' | 'w' | 'm' | 'mset';
  readonly path?: string;
  readonly text?: string | null;
  readonly data?: string;
  readonly ret?: number;
  readonly err?: string;
  readonly cmd?: string;
  readonly res?: Readonly<Record<string, string>>;
}

/** What was done to the tracefs of one machine, from its boot on. */
export interface RecordedTracefs {
  readonly kernel: string;
  readonly ops: readonly TracefsOp[];
}

/** True for the first line of a file that has such a recording. */
export function isTracefsOp(value: unknown): boolean {
  return isRecord(value) && typeof value.kernel === 'string' && typeof value.op === 'string';
}

/** The lines of a file by the machine that they are of. */
export function tracefsOf(lines: readonly unknown[]): RecordedTracefs[] {
  const all = lines as readonly (TracefsOp & { readonly kernel: string })[];
  const kernels = [...new Set(all.map(({ kernel }) => kernel))];
  return kernels.map((kernel) => ({ kernel, ops: all.filter((line) => line.kernel === kernel) }));
}

const TRACING = '/sys/kernel/tracing';
const CPU_FILE = /^\/sys\/devices\/system\/cpu\/cpu\d+\/online$/;

/** Replays what was done to tracefs: its files, and the interrupts of the recordings' module that they tell of. */
export const tracefsReplayer: Replayer = {
  file: 'tracefs-*.jsonl',
  replay(recorded: unknown): CaseResult {
    const { kernel, ops } = recorded as RecordedTracefs;
    const version = recordedKernel(kernel);
    return version === undefined ? unknownKernel('tracefs', kernel) : new TracefsRun(version, ops).result();
  },
};

class TracefsRun {
  private readonly fixture: Fixture;
  private readonly tree: FileTree;
  private readonly leftOut: Record<string, number> = {};

  constructor(
    kernel: KernelVersion,
    private readonly ops: readonly TracefsOp[],
  ) {
    const cpus = ops.find(({ cmd }) => cmd === 'cpus')?.res ?? {};
    this.fixture = new Fixture({
      kernel,
      cpus: { possible: cpus.possible ?? '0', nr_cpu_ids: Number(cpus.nr_cpu_ids ?? 1) },
      nrIrqs: 256,
      allocated: Array.from({ length: 24 }, (_, irq) => irq),
      parameters: recordedParameters('', { nr_cpu_ids: Number(cpus.nr_cpu_ids ?? 1) }),
    });
    const { core, machine } = this.fixture;
    // Whether hv_vmbus is built in shows only here.
    const hasVmbus = ops.some(({ path, text }) => path?.startsWith('events/hyperv/') && text);
    const events = [...kernelTraceEvents('x86', core.behaviour), ...(hasVmbus ? hypervEvents : [])];
    const tracer = new Tracer(machine, events, core.behaviour);
    this.tree = createGuestTree({ irq: core, tracer, cpu: { hotpluggable: (cpu) => cpu !== 0 } });
    this.fixture.recorder.take();
  }

  result(): CaseResult {
    for (const [at, op] of this.ops.entries()) {
      const reason = this.leftOutOf(op);
      if (reason !== undefined) {
        this.leftOut[reason] = (this.leftOut[reason] ?? 0) + 1;
        continue;
      }
      const what = `${op.op} ${op.path ?? op.cmd}`;
      const found = difference(this.expected(op), this.actual(op), what);
      if (found) {
        const { expected, actual, path } = found;
        return { outcome: 'failed', id: 'tracefs', op: at, expected, actual, what: path };
      }
    }
    return { outcome: 'passed', leftOut: this.leftOut };
  }

  /** Why an operation is neither done nor compared. */
  private leftOutOf({ op, path = '', err, cmd, text }: TracefsOp): string | undefined {
    if (op === 'm' || op === 'mset') return cmd === 'cpus' ? 'the machine itself' : undefined;
    if (CPU_FILE.test(path)) return undefined;
    if (path.startsWith('/')) return 'files outside tracefs';
    if (path === 'saved_cmdlines') return 'tasks of the machine itself';
    if (err === 'ENOENT' || (op === 'r' && text === null)) return undefined;
    if (this.tree.exists(`${TRACING}/${path}`)) return undefined;
    return path.startsWith('events/') ? 'events that the model does not have' : 'files that it does not have';
  }

  private expected({ op, path = '', text, ret, err, res }: TracefsOp): unknown {
    if (op === 'm' || op === 'mset') return { ret: Number(res?.ret), calls: res?.calls?.trim() ?? '' };
    if (err !== undefined) return { err };
    return op === 'r' ? maskedText(path, text ?? '') : { ret };
  }

  private actual({ op, path = '', data = '', cmd = '' }: TracefsOp): unknown {
    if (op === 'm' || op === 'mset') return this.command(cmd);
    const file = path.startsWith('/') ? path : `${TRACING}/${path}`;
    try {
      return op === 'r'
        ? maskedText(path, this.tree.readFile(file))
        : { ret: this.tree.writeFile(file, data) };
    } catch (error) {
      if (error instanceof ErrnoError) return { err: error.code };
      throw error;
    } finally {
      this.fixture.machine.settle();
    }
  }

  /** A command as the module is written: its name, then its arguments. */
  private command(text: string): unknown {
    const [name, ...words] = text.split(' ');
    const args: CommandArgs = Object.fromEntries(words.map((word) => word.split('=')));
    const result = name === 'fire' ? this.fire(args) : runCommand(this.fixture, name, args);
    return { ret: Number(result.ret), calls: this.fixture.recorder.take().join(' ') };
  }

  /** init raises the interrupts itself, on their CPU, with preemption off. */
  private fire(args: CommandArgs): { ret: number } {
    const { fixture } = this;
    const cpu = fixture.machine.cpu(Number(args.cpu));
    const proc = function* () {
      cpu.preemptDepth += 1;
      const ret = fixture.fire({ irq: Number(args.irq) }, cpu.id, amount(args, 'n', 1));
      cpu.preemptDepth -= 1;
      return ret;
    };
    return { ret: fixture.machine.run('init', proc(), cpu.id, { pid: 1 }) };
  }
}
