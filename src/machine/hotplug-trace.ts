import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { TracePort } from '../trace/port.js';
import { CPUHP_ONLINE, type StateNumbers } from './cpuhp-states.js';
import type { HotplugState } from './hotplug-state.js';
import type { Procedure } from './step.js';
import { cpuhpEnter, cpuhpExit, cpuhpMultiEnter } from './trace-events.js';

/** What a CPU's own thread for these callbacks is known by: it is the first of six that each CPU gets at boot. */
const FIRST_CPUHP_PID = 23;
const THREADS_PER_CPU = 6;

function threadOf(cpu: CpuId) {
  const pid = cpu === 0 ? FIRST_CPUHP_PID : FIRST_CPUHP_PID + 1 + THREADS_PER_CPU * (cpu - 1);
  return { cpu, comm: `cpuhp/${cpu}`, pid };
}

/** One callback of a state, or a part of the work in the task that asked for it. */
interface TracedStep {
  readonly cpu: CpuId;
  readonly target: number;
  /** The state's number. */
  readonly step: number;
  /** Where the CPU stands behind it, if it succeeds; default: it stays where it was on the way. */
  readonly state: number;
  readonly fun: string;
}

/** Tells of CPUs that come and go (kernel/cpu.c cpuhp_invoke_callback, cpuhp_kick_ap_work). */
export class HotplugTrace {
  constructor(
    private readonly machine: { readonly tracePort: TracePort | undefined },
    private readonly numbers: () => StateNumbers,
  ) {}

  /**
   * `callback` of a state, which the CPU's own thread runs; untraced it is what is returned.
   *
   * @param up it is the startup, of a CPU that comes or of one that stays after all.
   * @param multi it is one device's of the driver that has the state.
   */
  callback(
    { id: cpu }: { readonly id: CpuId },
    state: HotplugState,
    up: boolean,
    callback: Procedure<void>,
    functions = state.functions,
    multi = false,
  ): Procedure<void> {
    const fun = up ? functions?.startup : functions?.teardown;
    if (this.machine.tracePort === undefined || fun === undefined) return callback;
    const numbers = this.numbers();
    const step = numbers.number(state);
    const target = up ? CPUHP_ONLINE : numbers.bringUp.teardown;
    const by = threadOf(cpu);
    return this.traced({ cpu, target, step, state: up ? step : step - 1, fun }, callback, by, multi);
  }

  /** All that a CPU does before it is stopped (cpuhp_kick_ap_work). */
  leaving(cpu: CpuId, work: Procedure<void>): Procedure<void> {
    const { teardown } = this.numbers().bringUp;
    const fun = 'cpuhp_kick_ap_work';
    return this.byTask({ cpu, target: teardown, step: CPUHP_ONLINE, state: teardown, fun }, work);
  }

  /** It is stopped (takedown_cpu). */
  stopping(cpu: CpuId, work: Procedure<void>): Procedure<void> {
    const { teardown, bringup } = this.numbers().bringUp;
    return this.byTask({ cpu, target: 0, step: teardown, state: bringup + 1, fun: 'takedown_cpu' }, work);
  }

  /** It has stopped (finish_cpu). */
  stopped(cpu: CpuId): void {
    const { bringup } = this.numbers().bringUp;
    this.once({ cpu, target: 0, step: bringup, state: bringup - 1, fun: 'finish_cpu' });
  }

  /** It is started, and does what it does before it is online (bringup_cpu; cpuhp_bringup_ap where that is split). */
  coming(cpu: CpuId, work: Procedure<void>): Procedure<void> {
    const { bringup, kickAp } = this.numbers().bringUp;
    const target = CPUHP_ONLINE;
    if (kickAp !== undefined)
      this.once({ cpu, target, step: kickAp, state: kickAp, fun: 'cpuhp_kick_ap_alive' });
    const fun = kickAp === undefined ? 'bringup_cpu' : 'cpuhp_bringup_ap';
    return this.byTask({ cpu, target, step: bringup, state: CPUHP_ONLINE, fun }, work);
  }

  private once({ cpu, target, step: idx, state, fun }: TracedStep): void {
    const { tracePort } = this.machine;
    tracePort?.emit(cpuhpEnter, { cpu, target, idx, fun });
    tracePort?.emit(cpuhpExit, { cpu, state, idx, ret: 0 });
  }

  private byTask(step: TracedStep, work: Procedure<void>): Procedure<void> {
    return this.machine.tracePort === undefined ? work : this.traced(step, work);
  }

  private *traced(
    { cpu, target, step: idx, state, fun }: TracedStep,
    work: Procedure<void>,
    by?: ReturnType<typeof threadOf>,
    multi = false,
  ): Procedure<void> {
    const { machine } = this;
    machine.tracePort?.emit(multi ? cpuhpMultiEnter : cpuhpEnter, { cpu, target, idx, fun }, by);
    let ret = 0;
    try {
      yield* work;
    } catch (error) {
      if (error instanceof ErrnoError) ret = error.errno;
      throw error;
    } finally {
      machine.tracePort?.emit(cpuhpExit, { cpu, state, idx, ret }, by);
    }
  }
}
