import type { CpuId } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import type { Ns } from '../lib/brand.js';
import { errnoValue } from '../lib/errno.js';
import type { Machine } from '../machine/machine.js';
import { inFrame, type Procedure } from '../machine/step.js';
import type { PerCpuLine } from '../platform/platform.js';
import { VmbusBus } from './bus.js';
import { ChannelManagement } from './channel/mgmt.js';
import { ChannelOperations } from './channel/open.js';
import { crashUnload } from './crash.js';
import { vmbusConnect, vmbusRequestOffers } from './connection/connect.js';
import { type ConnectionOptions, VmbusConnection } from './connection/connection.js';
import type { VmbusDriver } from './driver.js';
import type { GuestMemory } from './guest-memory.js';
import type { HostPort } from './host-port.js';
import { VmbusIsr } from './isr.js';
import { MessageHandler } from './messages.js';
import { VmbusModules } from './modules.js';
import { logNullPage } from './null-pages.js';
import { VmbusPower } from './power.js';
import type { Refusal } from './refusals.js';
import { HvPerCpuContext } from './synic.js';
import { SynicHotplug } from './synic-hotplug.js';
import { brokenInvariants } from './validate.js';
import type { ControlMessages } from './variants/control-messages.js';
import type { DesignParts } from './variants/design-parts.js';

/** When drivers register at the latest, in kernels that do not wait for the host's offers: then they are loaded. */
const DRIVERS_REGISTER_NS: Ns = 1_000_000_000;

/** What a guest's VMBus is built from. */
export interface VmbusOptions {
  readonly machine: Machine;
  readonly irq: IrqCore;
  readonly host: HostPort;
  readonly memory: GuestMemory;
  /** The interrupt line that the host raises for VMBus. */
  readonly line: PerCpuLine;
  readonly design: DesignParts;
  /** The drivers in the order in which they register; default: none. */
  readonly makeDrivers?: (operations: ChannelOperations) => readonly VmbusDriver[];
  readonly connection?: ConnectionOptions;
}

/** Builds a guest's VMBus: the one wiring of its parts, with a container or without. */
export function createVmbus(options: VmbusOptions): Vmbus {
  const { machine, irq, host, memory, line, design, makeDrivers, connection: ofConnection } = options;
  const connection = new VmbusConnection(machine, host, memory, irq, design, ofConnection);
  const operations = new ChannelOperations(connection);
  const vmbus = new Vmbus(connection, operations, line, makeDrivers?.(operations) ?? []);
  machine.validateWith(() => brokenInvariants(vmbus));
  return vmbus;
}

/** The VMBus driver of a guest, all parts together (drivers/hv/vmbus_drv.c). */
export class Vmbus {
  readonly bus: VmbusBus;
  readonly contexts: readonly HvPerCpuContext[];
  /** hv_vmbus and the drivers' modules, as they are loaded and unloaded. */
  readonly modules: VmbusModules;
  readonly management: ChannelManagement;
  /** What handles the host's control messages. */
  readonly messages: MessageHandler;
  readonly power: VmbusPower;
  /** 1: in a panic the host is given the end of the kernel's log (sysctl_record_panic_msg). */
  recordPanicMsg: number;
  private control: ControlMessages;
  private currentIsr: VmbusIsr;
  private readonly hotplug: SynicHotplug;
  private loaded = false;
  /** It was loaded before: what it has made for itself is not of use any more. */
  private isSpent = false;

  /**
   * @param line the interrupt line that the host raises for VMBus.
   * @param drivers register in this order once the host's first offers are there.
   */
  constructor(
    readonly connection: VmbusConnection,
    readonly operations: ChannelOperations,
    readonly line: PerCpuLine,
    drivers: readonly VmbusDriver[],
  ) {
    this.recordPanicMsg = connection.isolation ? 0 : 1;
    this.bus = new VmbusBus(connection, operations);
    const management = new ChannelManagement(connection, operations, this.bus);
    this.management = management;
    this.power = new VmbusPower(connection, this.bus, management);
    const contexts: HvPerCpuContext[] = [];
    const messages = new MessageHandler(connection, management, contexts);
    this.messages = messages;
    for (const cpu of connection.machine.cpus)
      contexts.push(
        new HvPerCpuContext(
          cpu,
          (id) => messages.onMessage(id),
          (id) => messages.onMessageSteps(id),
        ),
      );
    this.contexts = contexts;
    this.control = connection.design.topLevel.controlMessages(connection);
    this.currentIsr = this.newIsr();
    this.hotplug = new SynicHotplug(connection, contexts, line, () => this.expectNullPages());
    this.modules = new VmbusModules(this, drivers);
  }

  /** The module hv_vmbus is loaded, so that the bus is there. */
  get isLoaded(): boolean {
    return this.loaded;
  }

  get isr(): VmbusIsr {
    return this.currentIsr;
  }

  private newIsr(): VmbusIsr {
    const { contexts, control, connection } = this;
    return new VmbusIsr(contexts, connection.relids, control, connection.host, connection.eventScan);
  }

  /**
   * Leaves the host for a kernel that is to be started in this one's place, and switches all synics off
   * (hv_kexec_handler). A host that does not answer keeps it waiting for ever.
   */
  *kexec(): Procedure<void> {
    if (!this.loaded) return;
    yield* this.power.initiateUnload();
    yield* this.removeHotplug();
  }

  /** Switches the synics of all CPUs off, for good (cpuhp_remove_state). */
  private *removeHotplug(): Procedure<void> {
    const { machine } = this.connection;
    yield* machine.hotplug.cpusReadLock();
    for (const id of machine.online) yield* this.hotplug.teardown(machine.cpu(id));
    machine.hotplug.unregister(this.hotplug);
    yield* machine.hotplug.cpusReadUnlock();
  }

  /** The kernel has panicked: it leaves the host without interrupts (hv_panic_vmbus_unload). */
  panic(): Procedure<void> {
    return crashUnload(this.connection, this.contexts);
  }

  /** A crash kernel is about to be started on `cpu`; the other CPUs' synics stay as they are (hv_crash_handler). */
  crashShutdown(cpu: CpuId): void {
    this.connection.host.disableSynic(cpu);
  }

  /**
   * Gives the CPUs that are there pages for their synics (hv_synic_alloc). Those of a confidential VM are its
   * paravisor's, which has some for all CPUs, but not for confidential VMBus.
   */
  private allocSynic(): void {
    const { machine, isolation, confidential } = this.connection;
    for (const context of this.contexts)
      context.allocate(machine.present.has(context.cpu.id) || (isolation && !confidential));
  }

  /** From now on an interrupt of a CPU without pages is the kernel's end: vmbus_isr reads through a null pointer. */
  private *expectNullPages(): Procedure<void> {
    const { contexts, isr, connection } = this;
    yield* this.line.setup((cpu) => {
      if (contexts[cpu.id].hasPages) return isr.handle(cpu);
      const { machine } = connection;
      logNullPage(machine.log);
      machine.die('Fatal exception in interrupt');
      return false;
    });
  }

  /** What the host did against the protocol and the guest refused: how often, by reason. */
  refused(): ReadonlyMap<Refusal, number> {
    const { connection, isr } = this;
    const all = new Map(connection.refused);
    if (isr.relid0Events > 0) all.set('event-for-relid-0', isr.relid0Events);
    if (connection.relids.droppedEvents > 0)
      all.set('event-without-channel', connection.relids.droppedEvents);
    return all;
  }

  /** The interrupt layer that the channels' IRQs belong to. */
  get irq(): IrqCore {
    return this.connection.irq;
  }

  /**
   * Boots VMBus: the module is loaded, then the drivers' modules are. Drivers may still be busy with their devices when it
   * returns.
   *
   * @returns false if guest and host have no protocol version in common, or the module cannot be loaded.
   */
  init(): Procedure<boolean> {
    const { behaviour, allOffersArrived } = this.connection;
    return this.modules.boot(function* () {
      if (!behaviour.waitsForBootOffers) yield* allOffersArrived.waitTimeout(DRIVERS_REGISTER_NS);
    });
  }

  /**
   * The module is loaded: switches the synics on, connects to the host and takes its offers (vmbus_bus_init). What fails
   * leaves nothing behind.
   *
   * @returns 0; -EINVAL if a parameter is wrong, -EBUSY if the interrupt is taken, -ENODEV without a protocol version in
   *   common with the host.
   */
  *load(): Procedure<number> {
    const { connection, hotplug, line } = this;
    const { machine } = connection;
    if (!connection.parameters.load('hv_vmbus', machine.log)) return errnoValue('EINVAL');
    if (this.isSpent) this.renew();
    this.isSpent = true;
    this.loaded = true;
    const { isr } = this;
    const ret = yield* line.setup((cpu) => isr.handle(cpu));
    if (ret !== 0) {
      this.unregisterBus();
      return ret;
    }
    this.allocSynic();
    yield* this.control.setup(this.contexts);
    yield* machine.hotplug.cpusReadLock();
    for (const id of machine.online) yield* hotplug.startup(machine.cpu(id));
    machine.hotplug.register(hotplug);
    yield* machine.hotplug.cpusReadUnlock();
    if (connection.confidential) {
      machine.log.printk('hv_vmbus: Establishing connection to the confidential VMBus');
    }
    if (!(yield* vmbusConnect(connection))) {
      yield* this.removeHotplug();
      yield* this.control.remove();
      yield* line.remove();
      this.unregisterBus();
      return errnoValue('ENODEV');
    }
    yield* inFrame('vmbus_request_offers', vmbusRequestOffers(connection));
    return 0;
  }

  /**
   * The module is unloaded, after those of all drivers: the host is told, as far as this kernel does, the channels go, and
   * the synics are off (vmbus_exit). A host that does not answer keeps it waiting for ever.
   */
  *exit(): Procedure<void> {
    const { connection } = this;
    if (!connection.behaviour.unloadsHostAtExit) connection.disconnected();
    yield* this.power.initiateUnload();
    yield* connection.drainWork();
    yield* this.line.remove();
    yield* inFrame('vmbus_free_channels', this.management.exit());
    yield* this.control.remove();
    yield* this.removeHotplug();
    this.unregisterBus();
  }

  /** Nothing of the bus is left, nor of the channels' irqdomain (bus_unregister; RFC patch 7). */
  private unregisterBus(): void {
    this.connection.relids.remove();
    this.bus.clear();
    this.loaded = false;
  }

  private renew(): void {
    const { connection } = this;
    connection.renew();
    this.control = connection.design.topLevel.controlMessages(connection);
    this.currentIsr = this.newIsr();
  }
}
