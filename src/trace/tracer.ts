import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { AddressSpace } from './binary/address-space.js';
import type { TraceEvent, TraceFields, TraceValues } from './event.js';
import type { FilterContext } from './filter-term.js';
import type { TraceBehaviour } from './kernel.js';
import type { TracePort, TraceThread } from './port.js';
import { printEvent, rawDataEvent, TRACE_PRINT } from './print-event.js';
import type { TracedMachine } from './record.js';
import { SavedCmdlines } from './saved-cmdlines.js';
import { TraceArray } from './trace-array.js';
import type { TraceSystem } from './trace-system.js';

/** Hears of events as they happen, on the running CPU. */
export type TraceTap = (event: TraceEvent, values: TraceValues) => void;

/** The id of the first event; those below are of the kernel's own, and of groups that the model does not have. */
const FIRST_ID = 151;

/** What instances have in common, but for what their changes do. */
class Shared implements TraceSystem {
  readonly events: readonly TraceEvent[];
  readonly cmdlines = new SavedCmdlines();
  readonly tgids = new Map<number, number>();
  readonly addresses = new AddressSpace();
  counted = 0;
  changed: () => void = () => {};

  constructor(
    readonly machine: TracedMachine,
    events: Iterable<TraceEvent>,
    readonly behaviour: TraceBehaviour,
  ) {
    this.events = [...events];
  }

  idOf(event: TraceEvent): number {
    if (event === printEvent.plain) return TRACE_PRINT;
    return event === rawDataEvent.plain ? this.behaviour.rawDataId : FIRST_ID + this.events.indexOf(event);
  }

  filterContext(event: TraceEvent): FilterContext {
    const { addresses, behaviour, machine } = this;
    const cpusOf = (list: string): ReadonlySet<CpuId> | undefined => machine.cpusOfList(list);
    return { id: this.idOf(event), addresses, behaviour, cpusOf };
  }
}

/** One machine's tracing (kernel/trace/trace.c): its top instance, and the others that were made below it. */
export class Tracer extends TraceArray implements TracePort {
  /** `instances`, by name. */
  readonly instances = new Map<string, TraceArray>();
  /** `/proc/sys/kernel/ftrace_enabled`: whether functions may be traced, which only other tracers than nop do. */
  ftraceEnabled = 1;
  /** `/proc/sys/kernel/kptr_restrict`: with 2 nobody sees addresses in `/proc/kallsyms` (kallsyms_show_value). */
  kptrRestrict = 0;
  private readonly taps: TraceTap[] = [];

  constructor(
    readonly machine: TracedMachine,
    events: Iterable<TraceEvent>,
    readonly behaviour: TraceBehaviour,
  ) {
    const shared = new Shared(machine, events, behaviour);
    super(shared);
    shared.changed = () => this.connect();
  }

  /** All events that there are, in the order in which they were made. */
  get events(): readonly TraceEvent[] {
    return this.system.events;
  }

  idOf(event: TraceEvent): number {
    return this.system.idOf(event);
  }

  /** Makes an instance, with this one's options as far as instances have them. */
  makeInstance(name: string): void {
    const instance = new TraceArray(this.system, this);
    instance.expand();
    this.instances.set(name, instance);
  }

  /** Takes an instance away. @throws ErrnoError EBUSY while somebody has a stream of it open. */
  removeInstance(name: string): void {
    const readers = this.instances.get(name)?.readers ?? 0;
    if (readers > 0) throw new ErrnoError('EBUSY', `${readers} still read the instance ${name}`);
    this.instances.delete(name);
    this.connect();
  }

  /**
   * Calls `tap` for each event, whether it is on or not, without the guest's noticing: nothing is written.
   *
   * @returns what ends that.
   */
  tap(tap: TraceTap): () => void {
    this.taps.push(tap);
    this.connect();
    return () => {
      const at = this.taps.indexOf(tap);
      if (at >= 0) this.taps.splice(at, 1);
      this.connect();
    };
  }

  emit<F extends TraceFields>(event: TraceEvent<F>, values: TraceValues<F>, by?: TraceThread): void {
    const traced = event.plain;
    for (const tap of this.taps) tap(traced, values);
    if (this.takes(traced))
      this.write(traced, values, event.bytesOf(values), this.machine.traceContext(), by);
    if (this.instances.size === 0) return;
    for (const instance of this.instances.values())
      if (instance.takes(traced))
        instance.write(traced, values, event.bytesOf(values), this.machine.traceContext(), by);
  }

  /** Where the kernel copies markers, they go to all instances that want them, this one among them. */
  override get marked(): readonly TraceArray[] {
    if (!this.behaviour.laterTraceOptions.includes('copy_trace_marker')) return [this];
    return [this, ...this.instances.values()].filter(({ flags }) => flags.has('copy_trace_marker'));
  }

  /** The tracepoints ask the machine, so that they cost nothing while none is on. */
  private connect(): void {
    const isTraced = this.isTracing || [...this.instances.values()].some(({ isTracing }) => isTracing);
    this.machine.tracePort = isTraced || this.taps.length > 0 ? this : undefined;
  }
}
