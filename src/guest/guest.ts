import type { CpuId, Irq, Ns, Relid } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { IrqCore } from '../irq/core.js';
import type { HungError, WaitingContext } from '../machine/hung.js';
import type { Machine } from '../machine/machine.js';
import type { LogLine } from '../machine/log.js';
import type { Procedure } from '../machine/step.js';
import { atOnce, runInTurns, type Turns } from '../machine/turns.js';
import { offeredDevices } from '../scenario/offered-devices.js';
import type { DeviceOptions } from '../scenario/options/devices.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { Scenario } from '../scenario/scenario.js';
import type {
  DiskIoOptions,
  FrameOptions,
  IndirectionChoice,
  NextKernelOptions,
  PanicOptions,
  RaiseOptions,
  ScenarioGuest,
  UioDeed,
} from '../scenario/port.js';
import { startWorkloads } from '../scenario/workloads/index.js';
import type { Refusal } from '../vmbus/refusals.js';
import { deviceOf, type VmbusDevice } from '../vmbus/driver.js';
import type { Vmbus } from '../vmbus/vmbus.js';
import type { InterruptsView } from '../view/interrupts/live.js';
import type { FileTree } from '../view/tree.js';
import { bootGuest } from './boot.js';
import { quiesce } from './quiesce.js';
import type { Tracer } from '../trace/tracer.js';
import { byScenario, scenarioStep } from '../host/trace-events.js';
import { GuestTrace, type TraceOptions } from './trace.js';
import { type AssembledGuest, assembleGuest } from './container/assemble.js';
import { GuestKit } from './container/kit.js';
import type { PluginModule } from './container/contributions.js';
import { GuestChannel } from './channel.js';
import { GuestCpu } from './cpu.js';
import { GuestDisk } from './disk.js';
import { hungContexts } from './hangs.js';
import { GuestHost } from './host.js';
import { GuestIrq } from './irq.js';
import type { GuestKvm } from './kvm.js';
import type { GuestLines } from './lines.js';
import { crashKernel, kexecKernel, type NextKernel } from './next-kernel.js';
import { GuestNic } from './nic.js';
import { panic } from './panic.js';
import type { GuestPci } from './pci.js';
import { GuestPower } from './power.js';
import { GuestUio } from './uio.js';
import {
  bool,
  cpu as cpuNumber,
  crashArgument,
  kexecArgument,
  modulesArgument,
  panicArgument,
  relid as relidNumber,
  traceArgument,
  relidMap,
  runTime,
  u32,
  uioDeed,
} from './arguments.js';
import { checkArgument } from './check-argument.js';
import { checkExtensions } from './check-extensions.js';
import { checkOptions } from './check-options.js';
import { DeviceSettings } from './device-settings.js';
import type { RunStats } from './run-stats.js';
import { setInitialCounts } from './initial-counts.js';
import { resolveCpus } from '../scenario/options/cpus.js';

const SECOND = 1_000_000_000;

/** The same list each time, so that what belongs to it is made once. */
const noModules: readonly PluginModule[] = [];

/** Extensions of a guest. */
export interface GuestExtensions {
  /** Modules of plug-ins: what they bind to irqlab's tokens becomes a part of the guest (docs/plugins.md). */
  readonly modules?: readonly PluginModule[];
}

/** How long to run: the sum of what is given. */
export interface RunTime {
  readonly seconds?: number;
  readonly ms?: number;
  readonly us?: number;
  readonly ns?: Ns;
}

/**
 * A Linux guest on Hyper-V, booted: its devices are found and its channels open. Every call returns when the guest has
 * done the work; virtual time moves on as far as that needs, and never otherwise than by calls.
 *
 * One class, although long, because it is a façade: what users and scenarios can do to a guest stands here together,
 * and each call leaves the work to the part that it belongs to.
 */
export class Guest implements ScenarioGuest {
  /** The guest's Hyper-V host. */
  readonly host: GuestHost;
  /** Logs of the kernels that ran before the present one, the first one's first. */
  readonly earlierLogs: (readonly LogLine[])[] = [];
  /** What becomes of signals, where somebody counts it: of `irqlab/stats`. */
  stats: RunStats | undefined;
  private readonly traces: GuestTrace[] = [];
  private readonly settings: DeviceSettings;
  private readonly modules: readonly PluginModule[];
  private options: GuestOptions;
  private kernel: AssembledGuest;
  private power: GuestPower;
  /** Virtual processor of each CPU, where a crash kernel has others than those of the same numbers. */
  private vps: readonly CpuId[] = [];
  private hangOfBoot: HungError | undefined;

  protected constructor(options: GuestOptions, extensions: GuestExtensions) {
    checkExtensions(extensions);
    const { modules = noModules } = extensions;
    checkOptions(options, GuestKit.of(modules));
    this.settings = new DeviceSettings(options);
    this.modules = modules;
    this.options = options;
    const guest = assembleGuest(options, this.settings, modules);
    this.kernel = guest;
    this.power = new GuestPower(guest.machine, guest.vmbus);
    const { passedThrough } = guest.pci;
    this.host = new GuestHost(
      () => this.machine,
      guest.host,
      this.settings,
      passedThrough,
      () => this.quiesce(),
    );
    for (const port of options.host?.sockets ?? []) this.host.listen(port);
    for (const device of offeredDevices(options.devices ?? []).flat()) this.host.plug(device);
    for (const one of options.pci ?? []) {
      const bus = passedThrough.busFor(one);
      if (bus !== undefined) passedThrough.add(bus, one);
    }
    for (const rule of options.host?.misbehave ?? []) this.host.misbehave(rule);
    this.hangOfBoot = atOnce(bootGuest(guest, options, true));
    atOnce(this.quiesce());
    for (const { relid, cpu, affinity } of options.channels ?? []) {
      const channel = cpu === undefined && affinity === undefined ? undefined : this.channel(relid);
      if (cpu !== undefined) channel?.moveTo(cpu);
      if (channel !== undefined && affinity !== undefined)
        this.irq(channel.irq).settleOn(channel.cpu, affinity);
    }
    for (const { irq, cpu, affinity } of options.interrupts ?? [])
      if (cpu !== undefined) this.irq(irq).settleOn(cpu, affinity);
    atOnce(this.quiesce());
    for (const cpu of resolveCpus(options.cpus).wentOffline) this.cpu(cpu).leave();
    setInitialCounts(guest, options);
    this.kvm?.start();
  }

  /** The tracing of the kernel that runs now. */
  get tracer(): Tracer {
    return this.kernel.tracer;
  }

  /** The guest's files: /proc and /sys of the kernel that runs now. */
  get fs(): FileTree {
    return this.kernel.fs;
  }

  /** What /proc/interrupts is made of: its table, its rows with their counters. */
  get interrupts(): InterruptsView {
    return this.kernel.interrupts;
  }

  get machine(): Machine {
    return this.kernel.machine;
  }

  get irqCore(): IrqCore {
    return this.kernel.irqCore;
  }

  get vmbus(): Vmbus {
    return this.kernel.vmbus;
  }

  /** KVM under the guest; undefined unless the options have devices for it. */
  get kvm(): GuestKvm | undefined {
    return this.kernel.kvm;
  }

  /** The interrupts outside VMBus: devices that come and go, and their drivers. */
  get lines(): GuestLines {
    return this.kernel.lines;
  }

  /** PCI devices outside Hyper-V's own; `lines` plugs and unplugs them. */
  get pci(): GuestPci {
    return this.kernel.pci;
  }

  /** What booting waited for in vain, if its host did not answer. */
  get bootHang(): HungError | undefined {
    return this.hangOfBoot;
  }

  /**
   * Boots a guest.
   *
   * @throws RangeError or TypeError for options that make no guest.
   */
  static create(options: GuestOptions, extensions: GuestExtensions = {}): Guest {
    return new Guest(options, extensions);
  }

  /** Boots the guest of a scenario and starts its workload; the timeline is left to `irqlab run`. */
  static ofScenario(scenario: Scenario, extensions: GuestExtensions = {}): Guest {
    return new Guest(scenario.guest, extensions).withWorkload(scenario);
  }

  /** Virtual time since the machine was switched on, in ns. */
  get now(): Ns {
    return this.machine.clock.now;
  }

  /** When the next thing is going to happen, in ns; undefined: nothing is. */
  get nextTime(): Ns | undefined {
    return this.machine.clock.nextTime;
  }

  /** The kernel log. */
  get log(): readonly LogLine[] {
    return this.machine.log.lines;
  }

  /** Lets time go by, with all that happens meanwhile. @throws TypeError or RangeError for what is no time. */
  run(time: RunTime): void {
    checkArgument('run', runTime, time);
    const { seconds = 0, ms = 0, us = 0, ns = 0 } = time;
    this.machine.elapse(Math.round(seconds * SECOND + ms * 1_000_000 + us * 1000 + ns));
  }

  /**
   * Traces events from now on: those that `events` names as `set_event` does, `irq:*` or `hyperv:vmbus_open`. What it
   * returns gives each as it happens, and has them all in the order in which they happened. Kernels that are started later
   * are traced from their start on.
   *
   * @throws TypeError or RangeError for options that cannot be; ErrnoError EINVAL for a name that no event has.
   */
  trace(options: TraceOptions): GuestTrace {
    checkArgument('trace', traceArgument, options);
    const trace = new GuestTrace(this.kernel.tracer, this.machine, options);
    this.traces.push(trace);
    return trace;
  }

  traceStep(line: number, action: string): void {
    this.machine.tracePort?.emit(scenarioStep, { line, action }, byScenario);
  }

  /** What the host did against the protocol and the guest refused: how often, by reason. */
  refused(): ReadonlyMap<Refusal, number> {
    return this.vmbus.refused();
  }

  /**
   * The contexts of the guest that hang, the one that has waited longest first: nothing but what each waits for can wake
   * it, and it has waited for more than 120 s, or nothing is left to happen.
   */
  hangs(): readonly WaitingContext[] {
    return hungContexts(this.machine);
  }

  /** /proc/interrupts, in the form of the guest's kernel. */
  procInterrupts(): string {
    return this.fs.readFile('/proc/interrupts');
  }

  /** The Linux IRQ with this number. @throws RangeError if there is none. */
  irq(number: Irq): GuestIrq {
    return this.lines.irq(number);
  }

  /** The CPU with this number. @throws RangeError if the machine has no place for it. */
  cpu(number: CpuId): GuestCpu {
    checkArgument('cpu', cpuNumber, number);
    return new GuestCpu(this.machine, this.machine.cpu(number).id);
  }

  /** The channel with this relid. @throws RangeError if the guest has none. */
  channel(relid: Relid): GuestChannel {
    checkArgument('relid', relidNumber, relid);
    const channel = this.vmbus.connection.relids.relid2channel(relid);
    if (channel === undefined) throw new RangeError(`the guest has no channel ${relid}`);
    return new GuestChannel(this.machine, this.fs, channel);
  }

  /** The disk behind the controller with this primary channel. @throws RangeError if the guest has none in service. */
  disk(relid: Relid): GuestDisk {
    checkArgument('relid', relidNumber, relid);
    const disk = this.findDisk(relid);
    if (disk === undefined) throw new RangeError(`the guest has no disk on channel ${relid}`);
    return disk;
  }

  /** The network adapter with this primary channel. @throws RangeError if the guest has none in service. */
  nic(relid: Relid): GuestNic {
    checkArgument('relid', relidNumber, relid);
    const nic = this.findNic(relid);
    if (nic === undefined) throw new RangeError(`the guest has no network adapter on channel ${relid}`);
    return nic;
  }

  /**
   * Hibernates: sub-channels and sockets are closed, all channels lose their IRQs, the host forgets the guest, CPUs but
   * the first go offline.
   *
   * @throws ErrnoError EOPNOTSUPP if a driver knows no hibernation, EBUSY if devices are missing since the last resume;
   *   then the guest goes on.
   */
  suspend(): void {
    this.perform('suspend', this.power.suspend());
  }

  /**
   * Wakes up. The host offers all devices again, with other relids: those given for their old ones, or counted on behind
   * the highest.
   *
   * @throws ErrnoError EINVAL if the guest does not sleep; RangeError for relids that cannot be.
   */
  resume(relids?: ReadonlyMap<Relid, Relid>): void {
    checkArgument('relids', relidMap, relids);
    if (!this.power.sleeps) {
      throw new ErrnoError('EINVAL', 'the guest does not sleep; there is nothing to resume');
    }
    this.host.hyperv.moveRelids(relids);
    this.perform('resume', this.power.resume());
  }

  /**
   * Powers off: nothing runs in the guest any more, and the host has nothing that was the guest's. Its files stay as they
   * were.
   *
   * @throws HungError if a device's probe never ends; ErrnoError EBUSY while the guest sleeps; RangeError in a kernel that
   *   has stopped.
   */
  shutdown(): void {
    this.refuseKvm('shutdown');
    this.finish(this.poweringOff());
  }

  private *poweringOff(): Turns<void> {
    const { machine, vmbus } = this;
    if (machine.halted) throw new RangeError("the guest's kernel has stopped; it cannot power off");
    yield* runInTurns(machine, 'poweroff', this.power.shutdown());
    machine.halt();
    vmbus.connection.cutOff();
    this.host.hyperv.guestOff();
  }

  /**
   * The kernel panics, and no crash kernel is loaded: VMBus leaves the host, the host is told, and nothing runs in the
   * guest any more. Its files stay as they were.
   *
   * @throws RangeError for a CPU that is not online, and in a kernel that has stopped already.
   */
  panic(options: PanicOptions = {}): void {
    checkArgument('panic', panicArgument, options);
    this.refuseKvm('panic');
    this.finish(panic(this.kernel, options, false));
  }

  /**
   * The kernel panics, and the crash kernel is started (kdump): on the CPU that panicked, which is its CPU 0, and on no
   * other unless `cmdline` has another `nr_cpus=` than 1. From then on the guest is that kernel, with the devices that
   * the host still has.
   *
   * @throws RangeError as `panic`.
   */
  crash(given: PanicOptions & NextKernelOptions = {}): void {
    checkArgument('crash', crashArgument, given);
    const { cmdline, ...options } = given;
    this.refuseKvm('crash');
    this.finish(this.crashing(options, cmdline));
  }

  private *crashing(options: PanicOptions, cmdline: string | undefined): Turns<void> {
    yield* panic(this.kernel, options, true);
    yield* this.startKernel(crashKernel(this.options, this.machine.present, options.cpu ?? 0, cmdline));
  }

  /**
   * A new kernel is started in the old one's place, on all CPUs: VMBus leaves the host, and the new kernel finds it again.
   *
   * @throws HungError if the host does not let the old kernel go; RangeError in a kernel that has stopped.
   */
  kexec(given: NextKernelOptions = {}): void {
    checkArgument('kexec', kexecArgument, given);
    const { cmdline } = given;
    this.refuseKvm('kexec');
    this.finish(this.kexecing(cmdline));
  }

  private *kexecing(cmdline: string | undefined): Turns<void> {
    const { machine, vmbus } = this;
    yield* runInTurns(machine, 'kexec', this.power.kexec());
    machine.halt();
    vmbus.connection.cutOff();
    yield* this.startKernel(kexecKernel(this.options, machine, cmdline));
  }

  /**
   * Unloads modules of VMBus and its drivers, in this order, as rmmod does: hv_vmbus last, when no driver needs it any more.
   *
   * @throws ErrnoError ENOENT for one that is not loaded; EAGAIN (EWOULDBLOCK) for one that others need, or with a device
   *   that is open; EBUSY while the guest sleeps; RangeError for a name that no module has; HungError if the host does
   *   not let the guest go.
   */
  rmmod(...modules: readonly string[]): void {
    checkArgument('modules', modulesArgument, modules);
    this.finish(this.performAll('rmmod', modules, (name) => this.power.unloadModule(name)));
  }

  /**
   * Loads modules of VMBus and its drivers, as modprobe does: hv_vmbus before the others. Nobody loads the drivers of devices
   * that are found then.
   *
   * @throws ErrnoError ENODEV if the host has no protocol version in common, EBUSY if the interrupt is taken and while the
   *   guest sleeps; RangeError for a name that no module has.
   */
  modprobe(...modules: readonly string[]): void {
    checkArgument('modules', modulesArgument, modules);
    this.finish(this.performAll('modprobe', modules, (name) => this.power.loadModule(name)));
  }

  /**
   * Connects a socket to a vsock port of the host.
   *
   * @returns the relid of the connection's channel.
   * @throws ErrnoError ETIMEDOUT if nobody listens there; ENODEV if the host's VMBus version is below 4.0; EBUSY while the
   *   guest sleeps.
   */
  connect(port: number): Relid {
    checkArgument('port', u32, port);
    return this.perform('connect', this.power.connect(port));
  }

  /** The device with this primary channel that uio_hv_generic has. @throws RangeError if it has none. */
  uio(relid: Relid): GuestUio {
    checkArgument('relid', relidNumber, relid);
    return GuestUio.of(this.machine, relid, this.deviceOf(relid));
  }

  // What a scenario needs; see ScenarioGuest.

  at(timeNs: Ns, action: () => void): void {
    this.machine.clock.after(timeNs - this.now, { fire: action });
  }

  elapseTo(timeNs: Ns): void {
    if (timeNs > this.now) this.machine.elapse(timeNs - this.now);
  }

  elapseWhile(timeNs: Ns, mayGoOn: () => boolean): boolean {
    return this.machine.elapseWhile(Math.max(timeNs, this.now), mayGoOn);
  }

  inTurns<T>(call: () => T): Turns<T | undefined> {
    return this.machine.calls.inTurnsOf(call);
  }

  offline(cpu: CpuId): void {
    this.cpu(cpu).offline();
  }

  online(cpu: CpuId): void {
    this.cpu(cpu).online();
  }

  plugCpu(cpu: CpuId): void {
    this.cpu(cpu).plug();
  }

  unplugCpu(cpu: CpuId): void {
    this.cpu(cpu).unplug();
  }

  setAffinity(irq: Irq, cpuList: string): void {
    this.irq(irq).setAffinity(cpuList);
  }

  setChannelCpu(relid: Relid, cpu: CpuId): void {
    this.channel(relid).setCpu(cpu);
  }

  signal(relid: Relid, times: number): number {
    return this.host.hyperv.signal(relid, times);
  }

  signalled(relid: Relid): number {
    return this.host.channel(relid)?.signalled ?? 0;
  }

  raise(irq: Irq, times: number, options: RaiseOptions = {}): number {
    if (this.irqCore.desc(irq) === undefined) return 0;
    const line = this.lines.known(irq);
    for (let i = 0; i < times; i++) line.assert(options);
    return times;
  }

  raised(irq: Irq): number {
    return this.irqCore.desc(irq) === undefined ? 0 : this.lines.known(irq).line.raised;
  }

  submitIo(
    disk: Relid | string,
    { submitter, cpus, bytes, isWrite, lun, completed }: DiskIoOptions,
  ): boolean {
    const cpu = this.submittingCpu(submitter, cpus);
    if (typeof disk === 'string') return this.pci.submit(disk, cpu, completed);
    const controller = this.findDisk(disk)?.controller;
    if (controller === undefined || (lun !== undefined && !controller.luns.includes(lun))) return false;
    controller.submit({ cpu, bytes, isWrite, completed, lun });
    return true;
  }

  /** One of `cpus` that are online, else of all that are, by the submitter's number. */
  private submittingCpu(submitter: number, cpus: readonly CpuId[] | undefined): CpuId {
    const { online } = this.machine;
    const usable = cpus?.filter((cpu) => online.has(cpu));
    if (usable !== undefined && usable.length > 0) return usable[submitter % usable.length];
    return online.nth(submitter % online.weight);
  }

  frame(nic: Relid | string, { direction, flow, bytes }: FrameOptions): boolean {
    if (typeof nic === 'string') return this.pci.frame(nic, direction, flow);
    const found = this.findNic(nic);
    if (found === undefined) return false;
    if (direction === 'rx') return found.deliver(1, flow, bytes) === 1;
    found.send(1, flow, bytes);
    return true;
  }

  offer(device: DeviceOptions): void {
    this.host.offer(device);
  }

  rescind(relid: Relid): void {
    this.host.rescind(relid);
  }

  setChannels(relid: Relid, count: number): void {
    this.channel(relid).setChannels(count);
  }

  setIndirection(relid: Relid, choice: IndirectionChoice): void {
    this.nic(relid).setIndirection(choice);
  }

  setInterface(relid: Relid, up: boolean): void {
    const nic = this.nic(relid);
    checkArgument('up', bool, up);
    this.finish(this.thenQuiesce(() => (up ? nic.up() : nic.down())));
  }

  useUio(relid: Relid, deed: UioDeed): void {
    const uio = this.uio(relid);
    checkArgument('deed', uioDeed, deed);
    const use = (): void => {
      if (deed === 'open') uio.open();
      else if (deed === 'close') uio.close();
      else uio.irqControl(deed === 'enable');
    };
    this.finish(this.thenQuiesce(use));
  }

  readFile(path: string): string {
    return this.fs.readFile(path);
  }

  writeFile(path: string, text: string): void {
    this.fs.writeFile(path, text);
  }

  irqCount(irq: Irq, cpu?: CpuId): number | undefined {
    const kstat = this.irqCore.desc(irq)?.cold.kstat;
    if (kstat === undefined) return undefined;
    return cpu === undefined ? kstat.reduce((sum, count) => sum + count, 0) : kstat[cpu];
  }

  /** The workload of a scenario begins, and never ends by itself: the guest runs as long as its user lets time go by. */
  protected withWorkload(scenario: Scenario): this {
    startWorkloads(this, scenario, this.now, Number.POSITIVE_INFINITY);
    return this;
  }

  /** The host, and time, go on; all else is another kernel's. */
  private *startKernel({ options, vps }: NextKernel): Turns<void> {
    const { machine, pci } = this;
    const { hyperv } = this.host;
    this.earlierLogs.push(machine.log.lines);
    this.vps = vps.map((cpu) => this.vps[cpu] ?? cpu);
    const running = { hyperv, passedThrough: pci.passedThrough, vps: this.vps, clock: machine.clock };
    this.options = options;
    this.kernel = assembleGuest(options, this.settings, this.modules, running);
    this.power = new GuestPower(this.machine, this.vmbus);
    for (const trace of this.traces) trace.follow(this.tracer, this.machine);
    this.hangOfBoot = yield* bootGuest(this.kernel, options, false);
    yield* this.quiesce();
  }

  private refuseKvm(what: string): void {
    if (this.kvm !== undefined)
      throw new RangeError(`${what}: the host's threads of "kvm" run in the guest's kernel`);
  }

  /** Runs work of the guest to its end, and what it has begun as well, even if it fails. */
  private perform<T>(what: string, work: Procedure<T>): T {
    return this.finish(this.performInTurns(what, work));
  }

  private *performInTurns<T>(what: string, work: Procedure<T>): Turns<T> {
    try {
      const result = yield* runInTurns(this.machine, what, work);
      yield* this.quiesce();
      return result;
    } catch (error) {
      if (error instanceof ErrnoError) yield* this.quiesce();
      throw error;
    }
  }

  private *performAll(
    what: string,
    names: readonly string[],
    work: (name: string) => Procedure<void>,
  ): Turns<void> {
    for (const name of names) yield* this.performInTurns(what, work(name));
  }

  private *thenQuiesce(call: () => void): Turns<void> {
    yield* this.inTurns(call);
    yield* this.quiesce();
  }

  /** The end of a call. */
  private finish<T>(turns: Turns<T>): T {
    return this.machine.calls.finish(turns);
  }

  /** Lets time go by until guest and host have done what they began. */
  private quiesce(): Turns<void> {
    return quiesce(this.machine, this.host.hyperv);
  }

  private findDisk(relid: Relid): GuestDisk | undefined {
    return GuestDisk.of(this.machine, this.deviceOf(relid));
  }

  private findNic(relid: Relid): GuestNic | undefined {
    return GuestNic.of(this.machine, this.host.hyperv, this.deviceOf(relid));
  }

  /** The device whose primary channel has this relid now, or else the one that was offered with it. */
  private deviceOf(relid: Relid): VmbusDevice | undefined {
    const { connection, bus } = this.vmbus;
    const channel = connection.relids.relid2channel(relid);
    const now = channel && deviceOf(channel);
    if (now !== undefined) return now;
    const options = this.host.hyperv.devices.find((device) => device.options.relid === relid)?.options;
    return options?.instanceId === undefined ? undefined : bus.device(options.instanceId);
  }
}
