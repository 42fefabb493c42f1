import type { Ns } from '../../lib/brand.js';
import type { RetargetInterrupt } from '../../vmbus/host-port.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import type { GuestPacket, HostBackend, HostChannel, HostDevice, HostDeviceServices } from '../device.js';
import {
  PCI,
  pciMessage,
  pciResponse,
  pciVersions,
  pciWord,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_REVISION_MISMATCH,
} from '../protocols/pci.js';
import { type PciFunctionDescription, pciBusRelations } from '../protocols/pci-functions.js';
import {
  createInterruptResponse,
  interruptDeletedOf,
  interruptRequestOf,
} from '../protocols/pci-interrupts.js';
import { wordPayload } from '../protocols/words.js';
import { PassedThroughBus } from './passed-through-bus.js';

/** A message to its answer. */
const MESSAGE_NS: Ns = 50_000;

export interface PciOptions {
  /** Newest protocol version that the host speaks; default 1.4. */
  readonly newestVersion?: number;
}

/**
 * PCI buses passed through. A bus whose functions nobody has named has one in slot 0 of which the guest is told, and
 * that answers to no access to its configuration space.
 */
export class PciBackend implements HostBackend {
  readonly classId: Guid = deviceClassId('pci');
  private readonly buses = new WeakMap<HostDevice, PassedThroughBus>();
  private readonly spoken: readonly number[];

  constructor({ newestVersion = pciVersions[0] }: PciOptions = {}) {
    this.spoken = pciVersions.filter((version) => version <= newestVersion);
  }

  /** The bus that a device is. */
  bus(device: HostDevice): PassedThroughBus {
    let bus = this.buses.get(device);
    if (bus === undefined) {
      bus = new PassedThroughBus();
      this.buses.set(device, bus);
    }
    return bus;
  }

  /** A function is put on a bus; a guest that has it open hears of it. @throws RangeError if its slot is taken. */
  plug(device: HostDevice, description: PciFunctionDescription, services: HostDeviceServices): void {
    this.bus(device).add(description);
    this.relationsChanged(device, services);
  }

  /** A function is taken away without asking; the guest finds it missing in the next list. */
  pull(device: HostDevice, slot: number, services: HostDeviceServices): void {
    this.bus(device).remove(slot);
    this.relationsChanged(device, services);
  }

  /** Asks the guest to give a function up; it goes when the guest has. @returns false without an open channel. */
  eject({ channels: [channel] }: HostDevice, slot: number, services: HostDeviceServices): boolean {
    if (channel?.state.kind !== 'open') return false;
    services.send(channel, pciMessage(PCI.EJECT, slot), 0, MESSAGE_NS);
    return true;
  }

  opened({ device }: HostChannel): void {
    this.bus(device).reset();
  }

  retargetInterrupt(device: HostDevice, { msg, vector, vps }: RetargetInterrupt): boolean {
    return this.bus(device).retarget(msg.data, { vector, vps });
  }

  packet(channel: HostChannel, { payload, transactionId }: GuestPacket, services: HostDeviceServices): void {
    const { device } = channel;
    const bus = this.bus(device);
    const answer = (response: Uint8Array): void => {
      services.send(channel, response, transactionId, MESSAGE_NS, VM_PKT.COMP);
    };
    switch (pciWord(payload, 0)) {
      case PCI.QUERY_PROTOCOL_VERSION: {
        const version = pciWord(payload, 1);
        const isSpoken = this.spoken.includes(version);
        if (isSpoken) bus.version = version;
        answer(pciResponse(isSpoken ? 0 : STATUS_REVISION_MISMATCH));
        return;
      }
      case PCI.QUERY_BUS_RELATIONS:
        this.tellRelations(channel, services);
        return;
      case PCI.QUERY_RESOURCE_REQUIREMENTS:
        // Status and six probed BARs: none takes room.
        answer(wordPayload(0, 0, 0, 0, 0, 0, 0));
        return;
      case PCI.BUS_D0ENTRY:
      case PCI.BUS_D0EXIT:
      case PCI.RESOURCES_ASSIGNED:
      case PCI.RESOURCES_ASSIGNED2:
        answer(pciResponse(0));
        return;
      case PCI.CREATE_INTERRUPT_MESSAGE:
      case PCI.CREATE_INTERRUPT_MESSAGE2:
      case PCI.CREATE_INTERRUPT_MESSAGE3: {
        const request = interruptRequestOf(payload);
        const made = request && bus.createInterrupt(request);
        answer(createInterruptResponse(made === undefined ? STATUS_INVALID_DEVICE_STATE : 0, made));
        return;
      }
      case PCI.DELETE_INTERRUPT_MESSAGE:
        bus.deleteInterrupt(interruptDeletedOf(payload));
        return;
      case PCI.EJECTION_COMPLETE:
        bus.remove(pciWord(payload, 1));
        return;
      default:
    }
  }

  private relationsChanged({ channels: [channel] }: HostDevice, services: HostDeviceServices): void {
    if (channel?.state.kind === 'open') this.tellRelations(channel, services);
  }

  private tellRelations(channel: HostChannel, services: HostDeviceServices): void {
    const { functions, version } = this.bus(channel.device);
    services.send(channel, pciBusRelations(version, functions), 0, MESSAGE_NS);
  }
}
