import { Container, type ServiceIdentifier } from 'inversify';
import { DeviceLines } from '../../devices/line/lines.js';
import { driversModule } from '../../drivers/module.js';
import type { PciOptions } from '../../host/backends/pci.js';
import { HOST_BACKEND } from '../../host/device.js';
import { HyperV } from '../../host/hyperv.js';
import { hostModule, runningHostModule } from '../../host/module.js';
import { IrqCore, type IrqCoreOptions } from '../../irq/core.js';
import type { Irq } from '../../lib/brand.js';
import { IRQ_DOMAIN_PLUGIN, type IrqDomainPlugin } from '../../irq/irqdomain-plugin.js';
import { irqModule } from '../../irq/module.js';
import type { KernelParameters } from '../../machine/cmdline.js';
import { cpuFirstLogStyle, type LogStyle, placeFirstLogStyle } from '../../machine/log-style.js';
import { Machine, type MachineOptions } from '../../machine/machine.js';
import { machineModule } from '../../machine/module.js';
import { topologyOf } from '../../machine/topology.js';
import { platformModule } from '../../platform/module.js';
import type { CpuVendor, PlatformSetup } from '../../platform/platform.js';
import { PLATFORM, type Platform } from '../../platform/platform.js';
import { resolveCpus } from '../../scenario/options/cpus.js';
import { completeDesign } from '../../scenario/options/design.js';
import type { GuestOptions, RemappingKind } from '../../scenario/options/guest.js';
import type { HostOptions } from '../../scenario/options/host.js';
import { GUEST_FILE } from '../../view/guest-file.js';
import { ShownGuest } from '../../view/guest-tree.js';
import type { InterruptsView } from '../../view/interrupts/live.js';
import { viewModule } from '../../view/module.js';
import { FileTree } from '../../view/tree.js';
import { VMBUS_DRIVER } from '../../vmbus/driver.js';
import { hypervBehaviour } from '../../vmbus/kernel.js';
import { GUEST_PORT, type GuestPort } from '../../vmbus/host-port.js';
import { ModuleParameters } from '../../vmbus/module-parameters.js';
import { vmbusModule } from '../../vmbus/module.js';
import { versionWire } from '../../vmbus/protocol/channel-messages.js';
import { Vmbus } from '../../vmbus/vmbus.js';
import type { DeviceSettings } from '../device-settings.js';
import { GuestKvm } from '../kvm.js';
import { GuestLines } from '../lines.js';
import { guestModule, type RunningHost } from '../module.js';
import { kernelParameters } from '../parameters.js';
import { afterDeath } from '../panic.js';
import { GuestPci } from '../pci.js';
import { quiesce } from '../quiesce.js';
import { Tracer } from '../../trace/tracer.js';
import { TRACE_EVENT } from '../../trace/event-token.js';
import { allOf, checkUnique, loadAll, type PluginModule, resolving } from './contributions.js';
import { forgetter } from './forget.js';
import { GuestKit } from './kit.js';
import { unfitBackend, unfitDomain, unfitDriver, unfitFile, unfitTraceEvent } from './unfit.js';

/** The most that NR_CPUS can be on the architecture that allows most. */
const MOST_CPUS = 8192;

/** The parts of one guest, put together and not yet booted. */
export interface AssembledGuest {
  readonly machine: Machine;
  readonly irqCore: IrqCore;
  readonly platform: Platform;
  /** Interrupts outside VMBus. */
  readonly lines: GuestLines;
  readonly pci: GuestPci;
  readonly vmbus: Vmbus;
  readonly host: HyperV;
  readonly fs: FileTree;
  /** What /proc/interrupts is made of. */
  readonly interrupts: InterruptsView;
  readonly tracer: Tracer;
  readonly kvm: GuestKvm | undefined;
  /** Attached while the guest boots. */
  readonly irqDomains: readonly IrqDomainPlugin[];
}

/**
 * Puts a guest together from what the modules of all folders bind, and those of plug-ins. A container is made for each
 * guest: what is bound in it is the guest's own.
 *
 * @param running the host, if the guest is a kernel that takes another one's place; default: a host is made.
 * @throws PluginError if plug-ins bind what cannot be used; RangeError for options that make no guest.
 */
export function assembleGuest(
  options: GuestOptions,
  settings: DeviceSettings,
  plugins: readonly PluginModule[],
  running?: RunningHost,
): AssembledGuest {
  const container = new Container({ defaultScope: 'Singleton' });
  const forget = forgetter(container);
  loadAll(container, [...ownModules(options, settings, GuestKit.of(plugins), running), ...plugins]);
  const get = <T>(token: ServiceIdentifier<T>): T => resolving(() => container.get(token));
  const models = { machine: get(Machine), irqCore: get(IrqCore), platform: get(PLATFORM) };
  models.machine.log.style = logStyleOf(models);
  const vmbus = get(Vmbus);
  checkUnique(allOf(container, VMBUS_DRIVER, unfitDriver), 'a driver');
  const host = get(HyperV);
  if (running !== undefined) attach(running, get(GUEST_PORT));
  allOf(container, HOST_BACKEND, unfitBackend);
  // Before the tree is made of them.
  allOf(container, GUEST_FILE, unfitFile);
  allOf(container, TRACE_EVENT, unfitTraceEvent);
  const fs = get(FileTree);
  const { interrupts } = get(ShownGuest);
  const kvm = container.isBound(GuestKvm) ? get(GuestKvm) : undefined;
  const pci = get(GuestPci);
  const lines = new GuestLines({
    ...models,
    fs,
    devices: get(DeviceLines),
    pci,
    ownerOf: (irq) => ownerOf(irq, vmbus, kvm),
    settle: () => quiesce(models.machine, host),
  });
  const irqDomains = allOf(container, IRQ_DOMAIN_PLUGIN, unfitDomain);
  checkUnique(irqDomains, 'an irqdomain');
  const tracer = get(Tracer);
  forget();
  const { machine } = models;
  machine.onPanic = (reason) => machine.continueHalted(afterDeath({ machine, vmbus, host }, reason));
  return { ...models, lines, pci, vmbus, host, fs, interrupts, tracer, kvm, irqDomains };
}

/** Who has an interrupt that no device outside VMBus has. */
function ownerOf(irq: Irq, vmbus: Vmbus, kvm: GuestKvm | undefined): string | undefined {
  for (const channel of vmbus.connection.channels())
    if (channel.irq === irq) return `channel ${channel.relid}`;
  const { domain } = vmbus.connection.relids;
  if (domain !== undefined && vmbus.irq.desc(irq)?.data.domain === domain) return 'VMBus';
  const device = kvm?.devices.find(({ gsi }) => gsi === irq);
  return device && `${device.name}, a device behind KVM`;
}

/** The log of a guest looks as that of its kernel, which hands a warning's text on to the end on x86 only. */
function logStyleOf({ irqCore, platform }: Pick<AssembledGuest, 'irqCore' | 'platform'>): LogStyle {
  if (irqCore.behaviour.warningHead === 'cpu') return cpuFirstLogStyle;
  return placeFirstLogStyle(platform.arch !== 'x86');
}

/** The host meets another kernel: its interrupts go to the CPUs that have their virtual processors. */
function attach({ hyperv, vps }: RunningHost, port: GuestPort): void {
  hyperv.attach({
    ...port,
    interrupt(vp) {
      const cpu = vps.indexOf(vp);
      if (cpu >= 0) port.interrupt(cpu);
    },
  });
}

function ownModules(
  options: GuestOptions,
  settings: DeviceSettings,
  kit: GuestKit,
  running: RunningHost | undefined,
): PluginModule[] {
  const {
    arch = kit.platforms[0].name,
    host = {},
    isolation = false,
    confidentialVmbus: confidential = false,
    vmbus: hasVmbus = true,
    seed,
  } = options;
  const platform = kit.platform(arch);
  const design = completeDesign(options.design, options.kernel);
  const parts = kit.designParts(design);
  const { possible, vendor } = resolveCpus(options.cpus);
  const { maxCpus = MOST_CPUS } = platform;
  if (possible > maxCpus)
    throw new RangeError(
      `cpus: Linux on ${arch} can have at most ${maxCpus} CPUs (NR_CPUS), not ${possible}`,
    );
  const { kernel } = options;
  const numbers =
    options.nrIrqs === undefined
      ? { nrIrqs: platform.nrIrqs(possible), mostNrIrqs: platform.mostNrIrqs?.(possible) }
      : { nrIrqs: options.nrIrqs };
  const { dynirqLowerBound, genericPendingIrq } = platform;
  const parameters = kernelParameters(options);
  const behaviour = hypervBehaviour(kernel);
  const modules = new ModuleParameters(behaviour, options.moduleParameters, parameters.ofModules);
  const version = host.version ?? (confidential ? '6.0' : undefined);
  const { modifyClosed, status, pendingSendSz, throttle, messageBuffers } = host;
  const hyperv = {
    pendingSendSz,
    throttle,
    messageBuffers,
    ...host.latency,
    ...(version && { version: versionWire(version) }),
    manners: { modifyClosed, status },
    seed,
  };
  return [
    machineModule({ ...machineOptions(options, parameters), ...(running && { clock: running.clock }) }),
    irqModule({
      ...numbers,
      ...irqOptions(parameters),
      ...(options.maxIrqs !== undefined && { behaviour: { maxIrqs: options.maxIrqs } }),
      genericPendingIrq,
      ...(kernel && { kernel }),
      ...(dynirqLowerBound && { dynirqLowerBound }),
    }),
    platformModule(platform, parts.topLevel.line, platformSetup(options, vendor)),
    running === undefined
      ? hostModule(hyperv, { storage: host.storage, network: host.network, pci: pciOptions(host) })
      : runningHostModule(running.hyperv),
    vmbusModule({
      isolation,
      confidential,
      design: parts,
      seed,
      behaviour,
      parameters: modules,
    }),
    driversModule(settings),
    viewModule({ hasVmbus }),
    guestModule(options, kit.choice('irqfdSource', design.irqfdSource), running),
  ];
}

/** A protocol version's minor number is the lower half of its word. */
function pciOptions({ pci: { version } = {} }: HostOptions): PciOptions {
  return version === undefined ? {} : { newestVersion: 0x10000 + Number(version.slice(2)) };
}

/** A generation 1 VM has a PIC, and with it the PC's timer on IRQ 0. */
function platformSetup(options: GuestOptions, vendor: CpuVendor | undefined): PlatformSetup {
  const { generation, interruptRemapping = remappingOf(options), interrupts = [], kvm } = options;
  const { vmbus: hyperv = true, its = !hyperv } = options;
  // KVM's virtual machines are PCs.
  const hasPic = kvm !== undefined || interrupts.some(({ irq, chip }) => irq === 0 || chip === 'XT-PIC');
  const pic = generation === undefined ? hasPic : generation === 1;
  return { vendor, pic, interruptRemapping, its, hyperv };
}

/** Whose remapping the names of the interrupts' chips tell of. */
function remappingOf({ interrupts = [], vmbus = true }: GuestOptions): RemappingKind {
  const chips = interrupts.map(({ chip }) => chip.trim()).filter((chip) => chip.startsWith('IR-'));
  if (chips.length === 0) return 'none';
  return vmbus && chips.every((chip) => chip.startsWith('IR-IO-APIC')) ? 'hyperv' : 'intel';
}

function irqOptions(parameters: KernelParameters): IrqCoreOptions {
  const { threadirqs, noirqdebug, irqfixup, debugHotplug, irqaffinity } = parameters;
  return {
    threadirqs,
    noirqdebug,
    irqfixup,
    debugHotplug,
    ...(irqaffinity && { defaultAffinity: irqaffinity }),
  };
}

function machineOptions(options: GuestOptions, parameters: KernelParameters): MachineOptions {
  const { cmdline, interruptTimeNs: interruptNs = 0 } = options;
  const { possible, present, nodes, packages, threadsPerCore, ...cpus } = resolveCpus(options.cpus);
  const { managedIrqIsolated, maxcpus = possible, messages } = parameters;
  const topology = topologyOf(possible, { nodes, packages, threadsPerCore });
  return {
    possible,
    present,
    online: cpus.online.slice(0, Math.max(1, maxcpus)),
    isolated: [...cpus.isolated, ...managedIrqIsolated],
    topology,
    interruptNs,
    bootMessages: cmdline === undefined ? [] : [`Kernel command line: ${cmdline}`, ...messages],
  };
}
