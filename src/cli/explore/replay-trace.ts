import type { CpuId } from '../../lib/brand.js';
import { traceBytes } from '../../guest/trace.js';
import { type Context, contextKind } from '../../explore/execution/context.js';
import type { Stage } from '../../explore/execution/stage.js';
import type { ReplayWatcher } from '../../explore/replay.js';
import type { TraceStep } from '../../explore/report/report.js';
import { explorerStep, labEvents } from '../../host/trace-events.js';
import { kernelBehaviour } from '../../irq/kernel.js';
import { kernelTraceEvents } from '../../platform/trace-events.js';
import type { TracePort } from '../../trace/port.js';
import { type TraceContext, type TracedMachine, type TraceRecord, traceFlag } from '../../trace/record.js';
import { Tracer } from '../../trace/tracer.js';
import { hypervEvents } from '../../vmbus/trace-events.js';
import type { TraceFormat } from '../../trace/trace-formats.js';
import { traceFormatOf, writeTrace } from '../run/trace-file.js';

/** Steps take no time; they are shown so far from each other. */
const STEP_NS = 1000;

export interface ReplayTraceOptions {
  readonly trace?: string;
  readonly traceFormat?: TraceFormat;
}

/** The machines of a race as the tracer sees them: one, whose time is the number of the step and whose tasks are contexts. */
class RaceMachine implements TracedMachine {
  readonly bootNs = 0;
  readonly clock = { now: 0 };
  /** CPUs, and behind them a number for each lane that is none, by the lane's index. */
  nrCpuIds = 1;
  private readonly outside = new Map<number, CpuId>();
  private machines: Stage['machines'] = [];
  private context: Context | undefined;
  private port: TracePort | undefined;

  get online(): { readonly weight: number } {
    return { weight: this.nrCpuIds };
  }

  get tracePort(): TracePort | undefined {
    return this.port;
  }

  set tracePort(port: TracePort | undefined) {
    this.port = port;
    for (const machine of this.machines) machine.tracePort = port;
  }

  cpusOfList(): undefined {
    return undefined;
  }

  begun(stage: Stage): void {
    this.machines = [...stage.machines];
    const cpus = [
      ...this.machines.map(({ nrCpuIds }) => nrCpuIds),
      ...stage.usedLanes().map(({ cpu }) => cpu + 1),
    ];
    this.nrCpuIds = Math.max(1, ...cpus);
    this.tracePort = this.port;
  }

  before(context: Context): void {
    this.clock.now += STEP_NS;
    this.context = context;
  }

  traceContext(): TraceContext {
    const { context } = this;
    if (context === undefined) return { cpu: 0, comm: '<idle>', pid: 0, flags: 0, preemptDepth: 0 };
    const { kind, name, pid, lane } = context;
    const flags =
      kind === contextKind.HARDIRQ ? traceFlag.HARDIRQ : kind === contextKind.SOFTIRQ ? traceFlag.SOFTIRQ : 0;
    return { cpu: this.laneOf(lane.index, lane.cpu), comm: name, pid: pid + 1, flags, preemptDepth: 0 };
  }

  private laneOf(index: number, cpu: CpuId): CpuId {
    if (cpu >= 0) return cpu;
    let number = this.outside.get(index);
    if (number === undefined) {
      number = this.nrCpuIds++;
      this.outside.set(index, number);
    }
    return number;
  }
}

/** Writes the steps of an interleaving, and what the guest's tracepoints tell of each, in the forms that traces of guests have. */
export class ReplayTrace implements ReplayWatcher {
  private readonly machine = new RaceMachine();
  private readonly tracer: Tracer;
  private readonly records: TraceRecord[] = [];
  /** What the tracepoints have told since the last step. */
  private told: TraceRecord[] = [];
  private readonly format;
  private steps = 0;

  /** @throws UsageError for a format that is none. */
  constructor(
    private readonly file: string,
    traceFormat: TraceFormat | undefined,
  ) {
    this.format = traceFormatOf(file, traceFormat);
    const behaviour = kernelBehaviour();
    const events = [
      ...kernelTraceEvents('x86', behaviour),
      ...hypervEvents,
      explorerStep.plain,
      ...labEvents,
    ];
    this.tracer = new Tracer(this.machine, events, behaviour);
    this.tracer.listen((record) => this.told.push(record));
    this.tracer.setEnabled(events, true);
  }

  begun(stage: Stage): void {
    this.machine.begun(stage);
  }

  before(context: Context): void {
    this.machine.before(context);
  }

  after({ label, context, action, value, buffered }: TraceStep): void {
    this.steps += 1;
    const seen = value === undefined ? '' : ` = ${value}`;
    const where = buffered === true ? ' (into the store buffer)' : '';
    const told = this.told;
    this.told = [];
    this.tracer.emit(explorerStep, {
      step: this.steps,
      context: label ?? context,
      action: `${action}${seen}${where}`,
    });
    // The step comes first, then what it did.
    this.records.push(...this.told, ...told);
    this.told = [];
  }

  /** @throws UsageError for a file that cannot be written. */
  write(): void {
    writeTrace(this.file, traceBytes(this.format, this.records, this.tracer, this.machine));
  }
}
