import { ContainerModule } from 'inversify';
import { IrqCore } from '../irq/core.js';
import type { Token } from '../lib/token.js';
import { Machine } from '../machine/machine.js';
import { PLATFORM, type Platform } from '../platform/platform.js';
import { TRACE_EVENT } from '../trace/event-token.js';
import { ChannelOperations } from './channel/open.js';
import { hypervEvents } from './trace-events.js';
import { VMBUS_DRIVER } from './driver.js';
import { GuestMemory } from './guest-memory.js';
import { GUEST_PORT, type GuestPort, HOST_PORT } from './host-port.js';
import {
  CHANNEL_LIFETIME,
  FLOW_CONTROL,
  MODIFY_CHANNEL,
  FREE_CPUS,
  NETVSC_NAMES,
  OFFER_FILTER,
  OFFLINE_GUARD,
  OFFLINE_POLICY,
  OPEN_ORDER,
  RELID_MAP,
  RING_ORDER,
  TOP_LEVEL,
} from './variants/design-parts.js';
import {
  flowControls,
  lifetimes,
  modifyChannelPolicies,
  freeCpuSets,
  netvscNames,
  offerFilters,
  offlineGuards,
  offlinePolicies,
  openOrders,
  relidMaps,
  ringOrders,
  topLevels,
} from './variants/index.js';
import type { ConnectionOptions } from './connection/connection.js';
import { createVmbus, Vmbus, type VmbusOptions } from './vmbus.js';

/** irqlab's own choices on the axes of the design, each under its name. */
export const designModule = new ContainerModule(({ bind }) => {
  const bindAll = <T>(axis: Token<T>, choices: Readonly<Record<string, T>>): void => {
    for (const [name, choice] of Object.entries(choices)) bind(axis).toConstantValue(choice).whenNamed(name);
  };
  bindAll(RELID_MAP, relidMaps);
  bindAll(TOP_LEVEL, topLevels);
  bindAll(CHANNEL_LIFETIME, lifetimes);
  bindAll(MODIFY_CHANNEL, modifyChannelPolicies);
  bindAll(OFFLINE_GUARD, offlineGuards);
  bindAll(FREE_CPUS, freeCpuSets);
  bindAll(OFFER_FILTER, offerFilters);
  bindAll(OFFLINE_POLICY, offlinePolicies);
  bindAll(RING_ORDER, ringOrders);
  bindAll(FLOW_CONTROL, flowControls);
  bindAll(OPEN_ORDER, openOrders);
  bindAll(NETVSC_NAMES, netvscNames);
});

/** Binds one guest's VMBus. It needs Machine, IrqCore, PLATFORM, HOST_PORT and VMBUS_DRIVER. */
export function vmbusModule(
  options: Pick<VmbusOptions, 'design'> &
    Pick<ConnectionOptions, 'isolation' | 'confidential' | 'parameters' | 'behaviour' | 'seed'>,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    for (const event of hypervEvents) bind(TRACE_EVENT).toConstantValue(event);
    bind(GuestMemory)
      .toResolvedValue(() => new GuestMemory())
      .inSingletonScope();
    bind(GUEST_PORT)
      .toResolvedValue(
        (memory: GuestMemory, { vmbusLine }: Platform, machine: Machine): GuestPort => ({
          memory,
          interrupt: (cpu) => vmbusLine.raise(cpu),
          suspend: (ns) => machine.pause(ns),
          traced: machine,
        }),
        [GuestMemory, PLATFORM, Machine],
      )
      .inSingletonScope();
    // Drivers are made while Vmbus is, and want its operations.
    let operations: ChannelOperations | undefined;
    bind(ChannelOperations)
      .toDynamicValue(({ get }) => operations ?? get(Vmbus).operations)
      .inSingletonScope();
    bind(Vmbus)
      .toDynamicValue(({ get, getAll }) =>
        createVmbus({
          machine: get(Machine),
          irq: get(IrqCore),
          host: get(HOST_PORT),
          memory: get(GuestMemory),
          line: get(PLATFORM).vmbusLine,
          design: options.design,
          connection: options,
          // Those bound last are asked first.
          makeDrivers(made) {
            operations = made;
            try {
              return getAll(VMBUS_DRIVER).reverse();
            } finally {
              operations = undefined;
            }
          },
        }),
      )
      .inSingletonScope();
  });
}
