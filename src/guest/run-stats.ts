/**
 * Counts of signals and percentiles of their latencies, channel by channel.
 *
 * @module irqlab/stats
 */
import { build, type Histogram } from 'hdr-histogram-js';
import type { CpuId, Ns, Relid } from '../lib/brand.js';
import { signalFate } from '../host/trace-events.js';
import type { TraceEvent, TraceValues } from '../trace/event.js';
import type { Tracer } from '../trace/tracer.js';

/** Times that a histogram tells apart to three digits: up to an hour. */
const LONGEST_NS: Ns = 3_600_000_000_000;

/** An empty histogram, which grows as longer times come. */
function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2,
    autoResize: true,
    numberOfSignificantValueDigits: 3,
  });
}

/** How long it took from a signal of the host to the end of what handles it, in ns. */
export interface LatencyNumbers {
  readonly count: number;
  readonly p50: Ns;
  readonly p99: Ns;
  readonly p999: Ns;
  readonly max: Ns;
}

/** What became of the host's signals of one channel, and of the guest's. */
export interface ChannelNumbers {
  readonly relid: Relid;
  readonly signalled: number;
  /** The event flag was still set. */
  readonly coalesced: number;
  /** An interrupt was raised. */
  readonly delivered: number;
  /** The CPU's synic was off. */
  readonly lost: number;
  /** On which CPUs, and how many. */
  readonly lostAt: readonly { readonly cpu: CpuId; readonly count: number }[];
  /** Not lost, but nothing has handled them yet. */
  readonly waiting: number;
  /** Signals of the guest that the host had no use for. */
  readonly needless: number;
  /** undefined: nothing was handled. */
  readonly latency: LatencyNumbers | undefined;
}

/** What one CPU did. */
export interface CpuNumbers {
  readonly cpu: CpuId;
  /** Hard interrupts. */
  readonly interrupts: number;
  /** Calls of handlers of lines, and channels that were found to have an event. */
  readonly handlers: number;
  readonly events: number;
  readonly tasklets: number;
  /** In interrupts, which take `interruptTimeNs` each. */
  readonly busyNs: Ns;
}

/** The numbers of a run. */
export interface StatsReport {
  readonly channels: readonly ChannelNumbers[];
  readonly cpus: readonly CpuNumbers[];
}

/** What counting signals needs of a machine. */
export interface StatsMachine {
  readonly clock: { readonly now: Ns };
  readonly thisCpu: CpuId;
  readonly interruptNs: Ns;
  readonly cpus: readonly { readonly id: CpuId; readonly hardirqs: number }[];
}

/** The guest whose run is counted. */
export interface CountedGuest {
  readonly machine: StatsMachine;
  readonly tracer: Tracer;
}

class Channel {
  /** By signalFate. */
  readonly fates = [0, 0, 0];
  readonly lostAt = new Map<CpuId, number>();
  needless = 0;
  readonly latency = histogram();
  /** When the signals were that no interrupt has come to. */
  readonly signals: Ns[] = [];
  /** Those that one has come to, and when. */
  readonly arrived: Ns[] = [];
  arrivedNs: Ns = 0;
  /** Its events are for a tasklet. */
  hasTasklet = false;

  constructor(readonly relid: Relid) {}

  handled(endNs: Ns): void {
    for (const ns of this.arrived) this.latency.recordValue(Math.min(LONGEST_NS, endNs - ns));
    this.arrived.length = 0;
  }
}

class CpuCounts {
  handlers = 0;
  events = 0;
  tasklets = 0;
  /** Whose tasklet runs. */
  current: Channel | undefined;
}

/**
 * Counts what becomes of each signal, and how long it takes until it is handled: to the end of the channel's tasklet, or
 * of the interrupt where the callback runs in that. It listens to tracepoints from when it is made, without turning one
 * on in the guest; of the kernel that runs then.
 */
export class RunStats {
  private readonly channels = new Map<Relid, Channel>();
  private readonly cpus: readonly CpuCounts[];
  private readonly before: readonly number[];
  private readonly machine: StatsMachine;
  private readonly end: () => void;

  constructor(private readonly guest: CountedGuest) {
    const { machine, tracer } = guest;
    this.machine = machine;
    this.cpus = machine.cpus.map(() => new CpuCounts());
    this.before = machine.cpus.map(({ hardirqs }) => hardirqs);
    this.end = tracer.tap((event, values) => this.hear(event, values as never));
  }

  /** Counts no more. */
  stop(): void {
    this.end();
  }

  /** What has become of one channel's signals up to now; undefined if the kernel that was counted runs no more. */
  channelNumbers(relid: Relid): ChannelNumbers | undefined {
    return this.guest.machine === this.machine
      ? numbersOf(this.channels.get(relid) ?? new Channel(relid))
      : undefined;
  }

  /** How long the signals of all channels together took; undefined: nothing was handled. */
  latency(): LatencyNumbers | undefined {
    const all = histogram();
    for (const channel of this.channels.values()) {
      finish(channel);
      all.add(channel.latency);
    }
    return latencyOf(all);
  }

  report(): StatsReport {
    return {
      channels: [...this.channels.values()].sort((a, b) => a.relid - b.relid).map(numbersOf),
      cpus: this.machine.cpus.map(({ id, hardirqs }, at) => {
        const { handlers, events, tasklets } = this.cpus[at];
        const interrupts = hardirqs - this.before[at];
        return {
          cpu: id,
          interrupts,
          handlers,
          events,
          tasklets,
          busyNs: interrupts * this.machine.interruptNs,
        };
      }),
    };
  }

  private hear({ name }: TraceEvent, values: TraceValues & SomeValues): void {
    const cpu = this.cpus[this.machine.thisCpu];
    const { now } = this.machine.clock;
    switch (name) {
      case 'host_signal':
        this.signalled(this.channel(values.relid), values.fate, values.vp, now);
        break;
      case 'guest_signal':
        if (values.needless) this.channel(values.relid).needless += 1;
        break;
      case 'vmbus_chan_sched':
        cpu.events += 1;
        arrive(this.channel(values.relid), now);
        break;
      case 'vmbus_on_event':
        cpu.current = this.channel(values.relid);
        cpu.current.hasTasklet = true;
        break;
      case 'tasklet_exit':
        cpu.tasklets += 1;
        cpu.current?.handled(now);
        cpu.current = undefined;
        break;
      case 'irq_handler_entry':
        cpu.handlers += 1;
        break;
    }
  }

  private signalled(channel: Channel, fate: number, vp: CpuId, now: Ns): void {
    channel.fates[fate] += 1;
    if (fate === signalFate.lost) channel.lostAt.set(vp, (channel.lostAt.get(vp) ?? 0) + 1);
    else channel.signals.push(now);
  }

  private channel(relid: Relid): Channel {
    let channel = this.channels.get(relid);
    if (channel === undefined) {
      channel = new Channel(relid);
      this.channels.set(relid, channel);
    }
    return channel;
  }
}

/** Fields of the events that are listened to. */
interface SomeValues {
  readonly relid: Relid;
  readonly fate: number;
  readonly vp: CpuId;
  readonly needless: boolean;
}

/** What had come before is over, where no tasklet has it. */
function finish(channel: Channel): void {
  if (!channel.hasTasklet) channel.handled(channel.arrivedNs);
}

/** An interrupt has come to the channel's event. */
function arrive(channel: Channel, now: Ns): void {
  finish(channel);
  for (const ns of channel.signals) channel.arrived.push(ns);
  channel.signals.length = 0;
  channel.arrivedNs = now;
}

function numbersOf(channel: Channel): ChannelNumbers {
  finish(channel);
  const { relid, fates, lostAt, needless, latency, signals, arrived } = channel;
  return {
    relid,
    signalled: fates[signalFate.delivered] + fates[signalFate.coalesced] + fates[signalFate.lost],
    coalesced: fates[signalFate.coalesced],
    delivered: fates[signalFate.delivered],
    lost: fates[signalFate.lost],
    lostAt: [...lostAt].map(([cpu, count]) => ({ cpu, count })),
    waiting: signals.length + arrived.length,
    needless,
    latency: latencyOf(latency),
  };
}

function latencyOf(times: Histogram): LatencyNumbers | undefined {
  const { totalCount: count, maxValue: max } = times;
  if (count === 0) return undefined;
  // The histogram gives the end of the step that a time falls into, which may lie beyond the longest time.
  const part = (percent: number): Ns => Math.min(max, times.getValueAtPercentile(percent));
  return { count, p50: part(50), p99: part(99), p999: part(99.9), max };
}
