import type { IrqCore } from '../irq/core.js';
import type { Proc } from '../machine/step.js';
import type { PerCpuLine } from '../platform/platform.js';
import { VmbusBus } from './bus.js';
import { ChannelManagement } from './channel-mgmt.js';
import type { ChannelOperations } from './channel-open.js';
import type { VmbusConnection } from './connection.js';
import type { VmbusDriver } from './driver.js';
import { VmbusIsr } from './isr.js';
import { MessageHandler } from './messages.js';
import { HvPerCpuContext } from './synic.js';
import { SynicHotplug } from './synic-hotplug.js';

/** The VMBus driver of a guest, all parts together (drivers/hv/vmbus_drv.c). */
export class Vmbus {
  readonly bus: VmbusBus;
  readonly contexts: readonly HvPerCpuContext[];
  readonly isr: VmbusIsr;
  private readonly hotplug: SynicHotplug;

  /**
   * @param line the interrupt line that the host raises for VMBus.
   * @param drivers are asked in this order for each device.
   */
  constructor(
    readonly connection: VmbusConnection,
    readonly operations: ChannelOperations,
    readonly line: PerCpuLine,
    drivers: readonly VmbusDriver[],
  ) {
    this.bus = new VmbusBus(connection, operations, drivers);
    const management = new ChannelManagement(connection, operations, this.bus);
    const contexts: HvPerCpuContext[] = [];
    const messages = new MessageHandler(connection, management, contexts);
    for (const cpu of connection.machine.cpus)
      contexts.push(new HvPerCpuContext(cpu, (id) => messages.onMessage(id)));
    this.contexts = contexts;
    this.isr = new VmbusIsr(contexts, connection.relids);
    this.hotplug = new SynicHotplug(connection, contexts, line);
  }

  /** The interrupt layer that the channels' IRQs belong to. */
  get irq(): IrqCore {
    return this.connection.irq;
  }

  /**
   * Switches the synics on, connects to the host and takes its offers (vmbus_bus_init). Drivers may still be busy with
   * their devices when it returns.
   *
   * @returns false if guest and host have no protocol version in common.
   */
  *init(): Proc<boolean> {
    const { connection, hotplug, isr } = this;
    const { machine } = connection;
    yield* this.line.setup((cpu) => isr.handle(cpu));
    for (const id of machine.online) yield* hotplug.startup(machine.cpu(id));
    machine.hotplug.register(hotplug);
    if (!(yield* connection.connect())) return false;
    yield* connection.requestOffers();
    return true;
  }
}
