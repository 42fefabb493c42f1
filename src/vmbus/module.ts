import { ContainerModule } from 'inversify';
import { IrqCore } from '../irq/core.js';
import { Machine } from '../machine/machine.js';
import { PLATFORM, type Platform } from '../platform/platform.js';
import { ChannelOperations } from './channel/open.js';
import { type ConnectionOptions, VmbusConnection } from './connection.js';
import { VMBUS_DRIVER } from './driver.js';
import { GuestMemory } from './guest-memory.js';
import { GUEST_PORT, type GuestPort, HOST_PORT, type HostPort } from './host-port.js';
import {
  controlMessages,
  lifetimes,
  lineAccountings,
  modifyChannelPolicies,
  offlineGuards,
  openOrders,
  relidMaps,
  ringOrders,
} from './variants/index.js';
import {
  CHANNEL_LIFETIME,
  MODIFY_CHANNEL,
  OFFLINE_GUARD,
  OPEN_ORDER,
  RELID_MAP,
  RING_ORDER,
  TOP_LEVEL,
} from './variants/tokens.js';
import { Vmbus } from './vmbus.js';

/** irqlab's own choices on the axes of the design, each under its name. */
export const designModule = new ContainerModule(({ bind }) => {
  const bindAll = <T>(axis: Parameters<typeof bind<T>>[0], choices: Readonly<Record<string, T>>): void => {
    for (const [name, choice] of Object.entries(choices)) bind(axis).toConstantValue(choice).whenNamed(name);
  };
  bindAll(RELID_MAP, relidMaps);
  bindAll(CHANNEL_LIFETIME, lifetimes);
  bindAll(MODIFY_CHANNEL, modifyChannelPolicies);
  bindAll(OFFLINE_GUARD, offlineGuards);
  bindAll(RING_ORDER, ringOrders);
  bindAll(OPEN_ORDER, openOrders);
  for (const [name, line] of Object.entries(lineAccountings)) {
    const choice = { line, controlMessages: controlMessages[name as keyof typeof lineAccountings] };
    bind(TOP_LEVEL).toConstantValue(choice).whenNamed(name);
  }
});

/** Binds one guest's VMBus. It needs Machine, IrqCore, PLATFORM, HOST_PORT and VMBUS_DRIVER. */
export function vmbusModule(options: ConnectionOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(GuestMemory)
      .toResolvedValue(() => new GuestMemory())
      .inSingletonScope();
    bind(GUEST_PORT)
      .toResolvedValue(
        (memory: GuestMemory, { vmbusLine }: Platform): GuestPort => ({
          memory,
          interrupt: (cpu) => vmbusLine.raise(cpu),
        }),
        [GuestMemory, PLATFORM],
      )
      .inSingletonScope();
    bind(VmbusConnection)
      .toResolvedValue(
        (machine: Machine, host: HostPort, memory: GuestMemory, core: IrqCore) =>
          new VmbusConnection(machine, host, memory, core, options),
        [Machine, HOST_PORT, GuestMemory, IrqCore],
      )
      .inSingletonScope();
    bind(ChannelOperations)
      .toResolvedValue(
        (connection: VmbusConnection, core: IrqCore) => new ChannelOperations(connection, core),
        [VmbusConnection, IrqCore],
      )
      .inSingletonScope();
    bind(Vmbus)
      .toDynamicValue(({ get, getAll }) => {
        const { vmbusLine } = get(PLATFORM);
        const drivers = getAll(VMBUS_DRIVER).reverse();
        return new Vmbus(get(VmbusConnection), get(ChannelOperations), vmbusLine, drivers);
      })
      .inSingletonScope();
  });
}
