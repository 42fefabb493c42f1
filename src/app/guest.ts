import { readFileSync } from 'node:fs';
import type { ContainerModule } from 'inversify';
import type { CpuId, Irq, Ns, Relid } from '../lib/brand.js';
import { HyperV } from '../host/hyperv.js';
import { IrqCore } from '../irq/core.js';
import { initIrqProc } from '../irq/proc-port.js';
import { Machine } from '../machine/machine.js';
import type { LogLine } from '../machine/log.js';
import type { Proc } from '../machine/step.js';
import { archSource, type Platform } from '../platform/platform.js';
import { parseScenario } from '../scenario/load.js';
import { countsPerCpu, type DeviceOptions, type GuestOptions } from '../scenario/options.js';
import type { ScenarioGuest } from '../scenario/port.js';
import { startWorkloads } from '../scenario/workload.js';
import { Vmbus } from '../vmbus/vmbus.js';
import { FileTree } from '../view/tree.js';
import { createContainer } from './container.js';
import { GuestChannel } from './guest-channel.js';
import { GuestCpu } from './guest-cpu.js';
import { GuestHost } from './guest-host.js';
import { GuestIrq } from './guest-irq.js';
import { DeviceSettings, guestParts } from './guest-parts.js';
import { IRQ_DOMAIN_PLUGIN, type IrqDomainPlugin, PLATFORM } from './tokens.js';

const SECOND = 1_000_000_000;
/** Longest virtual time that guest and host are given to come to rest. */
const QUIESCE_LIMIT_NS = 60 * SECOND;

/** Extensions of a guest. */
export interface GuestExtensions {
  /** Modules that bind to VMBUS_DRIVER, IRQ_DOMAIN_PLUGIN or HOST_BACKEND. */
  readonly modules?: readonly ContainerModule[];
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
 */
export class Guest implements ScenarioGuest {
  /** The guest's files: /proc and /sys. */
  readonly fs: FileTree;
  /** The guest's Hyper-V host. */
  readonly host: GuestHost;
  readonly machine: Machine;
  readonly irqCore: IrqCore;
  readonly vmbus: Vmbus;
  private readonly platform: Platform;

  private constructor(options: GuestOptions, extensions: GuestExtensions) {
    const settings = new DeviceSettings(options);
    const container = createContainer(guestParts(options, settings), extensions.modules ?? []);
    this.machine = container.get(Machine);
    this.irqCore = container.get(IrqCore);
    this.platform = container.get(PLATFORM);
    this.vmbus = container.get(Vmbus);
    this.fs = container.get(FileTree);
    this.host = new GuestHost(this.machine, container.get(HyperV), settings, () => this.quiesce());
    for (const device of options.devices ?? []) this.host.plug(device);
    const plugins = container.isBound(IRQ_DOMAIN_PLUGIN) ? container.getAll(IRQ_DOMAIN_PLUGIN) : [];
    this.machine.run('boot', this.boot(options, plugins));
    this.quiesce();
    this.setCounts(options);
  }

  /**
   * Boots a guest.
   *
   * @throws RangeError or TypeError for options that make no guest.
   */
  static create(options: GuestOptions, extensions: GuestExtensions = {}): Guest {
    return new Guest(options, extensions);
  }

  /**
   * Boots the guest of a scenario file and starts its workload; the timeline is left to `irqlab run`.
   *
   * @throws ScenarioError with file, line and column for a wrong file; what reading it throws.
   */
  static load(file: string, extensions: GuestExtensions = {}): Guest {
    const scenario = parseScenario(readFileSync(file, 'utf8'), file);
    const guest = new Guest(scenario.guest, extensions);
    startWorkloads(guest, scenario, guest.now, Number.POSITIVE_INFINITY);
    return guest;
  }

  /** Virtual time since the machine was switched on, in ns. */
  get now(): Ns {
    return this.machine.clock.now;
  }

  /** The kernel log. */
  get log(): readonly LogLine[] {
    return this.machine.log.lines;
  }

  /** Lets time go by, with all that happens meanwhile. */
  run({ seconds = 0, ms = 0, us = 0, ns = 0 }: RunTime): void {
    const span = Math.round(seconds * SECOND + ms * 1_000_000 + us * 1000 + ns);
    if (!(span >= 0)) throw new RangeError(`a guest can not run for ${span} ns`);
    this.machine.elapse(span);
  }

  /** /proc/interrupts, in the form of the guest's kernel. */
  procInterrupts(): string {
    return this.fs.readFile('/proc/interrupts');
  }

  /** The Linux IRQ with this number. @throws RangeError if there is none. */
  irq(number: Irq): GuestIrq {
    const irq = new GuestIrq(this.irqCore, this.fs, number);
    void irq.desc;
    return irq;
  }

  /** The CPU with this number. @throws RangeError if the machine has no place for it. */
  cpu(number: CpuId): GuestCpu {
    return new GuestCpu(this.machine, this.machine.cpu(number).id);
  }

  /** The channel with this relid. @throws RangeError if the guest has none. */
  channel(relid: Relid): GuestChannel {
    const channel = this.vmbus.connection.relids.relid2channel(relid);
    if (channel === undefined) throw new RangeError(`the guest has no channel ${relid}`);
    return new GuestChannel(this.machine, this.fs, channel);
  }

  // What a scenario needs; see ScenarioGuest.

  at(timeNs: Ns, action: () => void): void {
    this.machine.clock.after(timeNs - this.now, { fire: action });
  }

  elapseTo(timeNs: Ns): void {
    if (timeNs > this.now) this.machine.elapse(timeNs - this.now);
  }

  offline(cpu: CpuId): void {
    this.cpu(cpu).offline();
  }

  online(cpu: CpuId): void {
    this.cpu(cpu).online();
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

  offer(device: DeviceOptions): void {
    this.host.offer(device);
  }

  rescind(relid: Relid): void {
    this.host.rescind(relid);
  }

  setChannels(relid: Relid, count: number): void {
    this.channel(relid).setChannels(count);
  }

  readFile(path: string): string {
    return this.fs.readFile(path);
  }

  writeFile(path: string, text: string): void {
    this.fs.writeFile(path, text);
  }

  irqCount(irq: Irq, cpu?: CpuId): number | undefined {
    const kstat = this.irqCore.desc(irq)?.kstat;
    if (kstat === undefined) return undefined;
    return cpu === undefined ? kstat.reduce((sum, count) => sum + count, 0) : kstat[cpu];
  }

  private *boot(options: GuestOptions, plugins: readonly IrqDomainPlugin[]): Proc<void> {
    for (const { irq, chip, hwirq = irq, flow, trigger, name } of options.interrupts ?? []) {
      yield* this.platform.addInterrupt({
        irq,
        chip,
        hwirq: hwirq as number,
        flow,
        trigger: trigger ?? (flow === 'edge' ? 'edge' : 'level'),
        name,
      });
    }
    initIrqProc(this.irqCore);
    for (const plugin of plugins) yield* plugin.attach(this.irqCore);
    yield* this.vmbus.init();
  }

  /** Lets time go by until guest and host have done what they began. */
  private quiesce(): void {
    const { machine, host } = this;
    const limit = this.now + QUIESCE_LIMIT_NS;
    machine.settle();
    while ((machine.liveTasks > 0 || host.hyperv.isBusy) && this.now < limit) {
      if (!machine.clock.runNext()) break;
      machine.settle();
    }
  }

  /** The counts that the options give for what the model does not produce by itself. */
  private setCounts(options: GuestOptions): void {
    const { nrCpuIds } = this.machine;
    for (const { irq, counts } of options.interrupts ?? []) {
      const desc = this.irq(irq).desc;
      desc.kstat.set(countsPerCpu(counts, nrCpuIds));
      desc.totCount = desc.kstat.reduce((sum, count) => sum + count, 0);
    }
    for (const [label, counts] of Object.entries(options.architectureRows ?? {})) {
      archSource(this.platform, label).counts.set(countsPerCpu(counts, nrCpuIds));
    }
  }
}
