import { HostTotals } from '../../src/host/totals.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { Clock } from '../../src/machine/clock.js';
import type { Turns } from '../../src/machine/turns.js';
import type { DeviceOptions } from '../../src/scenario/options/devices.js';
import type {
  DiskIoOptions,
  FrameOptions,
  NextKernelOptions,
  PanicOptions,
  RaiseOptions,
  ScenarioGuest,
  ScenarioHost,
  ScenarioLines,
} from '../../src/scenario/port.js';
import { FileTree } from '../../src/view/tree.js';

export interface FakeOptions {
  /** Time at which booting is over. */
  readonly bootNs?: number;
  /** How long offline and online take. */
  readonly hotplugNs?: number;
  /** Relids with an open channel. */
  readonly open?: readonly number[];
  readonly files?: Readonly<Record<string, string>>;
}

/** A guest that writes down what is asked of it. CPU 0 cannot go offline; IRQ n is the channel with relid n. */
export class FakeGuest implements ScenarioGuest {
  trace(): never {
    throw new Error('a fake guest has no trace');
  }

  get machine(): never {
    throw new Error('a fake guest has no machine');
  }

  get tracer(): never {
    throw new Error('a fake guest has no tracer');
  }

  /** All calls but reads, as `<ns since booting> call arguments`. */
  readonly calls: string[] = [];
  readonly signals: { ns: number; relid: number; times: number }[] = [];
  readonly files: Map<string, string>;
  /** It has neither files in a tree nor a kernel log. */
  readonly fs = new FileTree();
  readonly log = [];
  readonly earlierLogs = [];
  private readonly clock = new Clock();
  private readonly bootNs: number;
  private readonly hotplugNs: number;
  private readonly open: Set<number>;

  constructor({ bootNs = 0, hotplugNs = 0, open = [], files = {} }: FakeOptions = {}) {
    this.bootNs = bootNs;
    this.hotplugNs = hotplugNs;
    this.open = new Set(open);
    this.files = new Map(Object.entries(files));
    this.clock.advanceTo(bootNs);
  }

  get now(): number {
    return this.clock.now;
  }

  at(timeNs: number, action: () => void): void {
    this.clock.after(timeNs - this.clock.now, { fire: action });
  }

  elapseTo(timeNs: number): void {
    if (timeNs < this.clock.now) return;
    while ((this.clock.nextTime ?? Number.POSITIVE_INFINITY) <= timeNs) this.clock.runNext();
    this.clock.advanceTo(timeNs);
  }

  elapseWhile(timeNs: number): boolean {
    this.elapseTo(timeNs);
    return true;
  }

  *inTurns<T>(call: () => T): Turns<T> {
    return call();
  }

  plugCpu(cpu: number): void {
    this.record('plugCpu', cpu);
  }

  unplugCpu(cpu: number): void {
    this.record('unplugCpu', cpu);
  }

  offline(cpu: number): void {
    this.record('offline', cpu);
    if (cpu === 0) throw new ErrnoError('EBUSY', 'CPU 0 must stay online');
    this.elapseTo(this.clock.now + this.hotplugNs);
  }

  online(cpu: number): void {
    this.record('online', cpu);
    this.elapseTo(this.clock.now + this.hotplugNs);
  }

  setAffinity(irq: number, cpuList: string): void {
    this.record('setAffinity', irq, cpuList);
    if (!this.open.has(irq)) throw new RangeError(`there is no IRQ ${irq}`);
  }

  setChannelCpu(relid: number, cpu: number): void {
    this.record('setChannelCpu', relid, cpu);
  }

  signal(relid: number, times: number): number {
    if (!this.open.has(relid)) return 0;
    this.signals.push({ ns: this.clock.now - this.bootNs, relid, times });
    return times;
  }

  signalled(relid: number): number {
    return this.signals.reduce((total, signal) => (signal.relid === relid ? total + signal.times : total), 0);
  }

  raise(irq: number, times: number, { name = '', cpu }: RaiseOptions = {}): number {
    if (!this.open.has(irq)) return 0;
    this.record('raise', irq, times, name, cpu ?? '');
    return times;
  }

  raised(): number {
    return 0;
  }

  readonly lines: ScenarioLines = {
    request: (irq, { name, flags = [] }) => {
      this.record('request', irq, name, ...flags);
      if (this.open.has(irq)) throw new ErrnoError('EBUSY', `IRQ ${irq} is taken`);
    },
    release: (irq, name) => {
      this.record('free', irq, name ?? '');
      if (!this.open.has(irq)) throw new RangeError(`nobody has requested IRQ ${irq}`);
    },
    enable: (irq) => this.record('enable', irq),
    disable: (irq, wait) => this.record('disable', irq, wait),
    synchronize: (irq) => this.record('synchronize', irq),
    setWake: (irq, on) => this.record('setWake', irq, String(on)),
    plug: (interrupt) => this.record('plug', JSON.stringify(interrupt)),
    unplug: (irq) => this.record('unplug', irq),
    plugPci: (device) => this.record('plugPci', JSON.stringify(device)),
    unplugPci: (device) => this.record('unplugPci', device),
    setQueues: (device, count) => this.record('setQueues', device, count),
  };

  submitIo(relid: number | string, { submitter, completed }: DiskIoOptions): boolean {
    if (typeof relid === 'number' && !this.open.has(relid)) return false;
    this.record('submitIo', relid, submitter);
    this.clock.after(100, { fire: () => completed(true) });
    return true;
  }

  frame(relid: number | string, { direction, flow }: FrameOptions): boolean {
    if (typeof relid === 'number' && !this.open.has(relid)) return false;
    this.record('frame', relid, direction, flow);
    return true;
  }

  offer(device: DeviceOptions): void {
    this.record('offer', JSON.stringify(device));
    this.open.add(device.relid);
  }

  rescind(relid: number): void {
    this.record('rescind', relid);
    this.open.delete(relid);
  }

  readonly host: ScenarioHost = {
    totals: new HostTotals(),
    timerExpired: (cpu, times) => this.record('timerExpired', `${cpu} ${times}`),
    misbehave: () => this.record('hostDoes', 'misbehave'),
    behave: () => this.record('hostDoes', 'behave'),
    send: () => this.record('hostDoes', 'send'),
    raise: () => this.record('hostDoes', 'raise'),
    drain: (relid, on) => this.record('drain', relid, String(on)),
    poke: (relid) => {
      this.record('hostDoes', 'poke');
      throw new RangeError(`channel ${relid} is not open`);
    },
  };

  refused(): ReadonlyMap<string, number> {
    return new Map([['rescind-twice', 2]]);
  }

  hangs(): [] {
    return [];
  }

  suspend(): void {
    this.record('suspend');
  }

  resume(relids?: ReadonlyMap<number, number>): void {
    this.record('resume', ...[...(relids ?? [])].flat());
  }

  shutdown(): void {
    this.record('shutdown');
  }

  panic({ cpu }: PanicOptions): void {
    this.record('panic', cpu ?? '');
  }

  crash({ cpu, cmdline }: PanicOptions & NextKernelOptions): void {
    this.record('crash', cpu ?? '', cmdline ?? '');
  }

  rmmod(...modules: readonly string[]): void {
    this.record('rmmod', ...modules);
  }

  modprobe(...modules: readonly string[]): void {
    this.record('modprobe', ...modules);
  }

  kexec({ cmdline }: NextKernelOptions): void {
    this.record('kexec', cmdline ?? '');
  }

  connect(port: number): number {
    this.record('connect', port);
    return 99;
  }

  setChannels(relid: number, count: number): void {
    this.record('setChannels', relid, count);
  }

  setIndirection(relid: number, choice: unknown): void {
    this.record('setIndirection', relid, JSON.stringify(choice));
  }

  setInterface(relid: number, up: boolean): void {
    this.record('setInterface', relid, String(up));
  }

  useUio(relid: number, deed: string): void {
    this.record('useUio', relid, deed);
  }

  readFile(path: string): string {
    const text = this.files.get(path);
    if (text === undefined) throw new ErrnoError('ENOENT', `there is no ${path}`);
    return text;
  }

  writeFile(path: string, text: string): void {
    this.record('writeFile', path, JSON.stringify(text));
    if (!this.files.has(path)) throw new ErrnoError('ENOENT', `there is no ${path}`);
    this.files.set(path, text);
  }

  irqCount(irq: number, cpu?: number): number | undefined {
    if (!this.open.has(irq)) return undefined;
    return cpu === undefined || cpu === 0 ? this.signalled(irq) : 0;
  }

  private record(...words: (string | number)[]): void {
    this.calls.push(`${this.clock.now - this.bootNs} ${words.join(' ')}`);
  }
}
