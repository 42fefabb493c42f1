import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import {
  PCI,
  pciBusRelations,
  pciMessage,
  pciVersions,
  pciWord,
  slotsOf,
  STATUS_REVISION_MISMATCH,
} from '../host/protocols/pci.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { VM_PKT } from '../vmbus/ring/index.js';
import { Conversation } from './support/conversation.js';
import { type HostPacket, packetCallback } from './support/packets.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from './device-parameters.js';
import { inject, injectable } from './injection.js';

/** Pages of each ring: 16 KiB of data and the header (pci_ring_size). */
const RING_PAGES = 5;
/** Domain 0 is for the emulated PCI bus and never given out. */
const DOMAIN_INVALID = 0;
const DOMAIN_COUNT = 0x10000;

/** One PCI bus in service. */
interface PciBus {
  readonly domain: number;
  readonly conversation: Conversation;
  /** The host's list of the devices on the bus, once it came. */
  relations: Uint8Array;
}

/**
 * PCI devices passed through (drivers/pci/controller/pci-hyperv.c): the talk with the host until the bus is in service.
 * The PCI device on it, and its own interrupts, are not modelled.
 */
@injectable()
export class VpciDriver implements VmbusDriver {
  readonly name = 'hv_pci';
  readonly classIds = [deviceClassId('pci')];
  readonly probesAsynchronously = true;
  private readonly buses = new Map<VmbusDevice, PciBus>();
  private readonly domains = new Set<number>([DOMAIN_INVALID]);

  constructor(
    @inject(ChannelOperations) private readonly operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
  ) {}

  /** hv_pci_probe */
  *probe(device: VmbusDevice): Procedure<void> {
    const { channel } = device;
    const bus: PciBus = {
      domain: this.allocateDomain(device),
      conversation: new Conversation(this.operations, channel),
      relations: pciBusRelations([]),
    };
    this.buses.set(device, bus);
    try {
      yield* this.connect(device, bus);
    } catch (error) {
      yield* this.operations.close(channel);
      this.release(device, bus);
      throw error;
    }
  }

  /** hv_pci_remove, of a device that the host has taken back already */
  *remove(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
    const bus = this.buses.get(device);
    if (bus !== undefined) this.release(device, bus);
  }

  /** hv_pci_suspend: the bus leaves D0 by being closed. */
  *suspend(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** hv_pci_resume, with RFC patch 4: the interrupt is named again, since it is another one. */
  *resume(device: VmbusDevice): Procedure<void> {
    const bus = this.buses.get(device);
    if (bus !== undefined) yield* this.connect(device, bus);
  }

  private *connect(device: VmbusDevice, bus: PciBus): Procedure<void> {
    const { channel } = device;
    channel.irqName = `vpci:${bus.domain.toString(16).padStart(4, '0')}`;
    yield* this.operations.open(channel, {
      callback: packetCallback(this.operations, (packet) => receive(bus, packet)),
      ringPages: RING_PAGES,
    });
    yield* this.start(device, bus);
  }

  private *start(device: VmbusDevice, bus: PciBus): Procedure<void> {
    yield* this.negotiate(device, bus);
    const { conversation } = bus;
    // hv_pci_query_relations: the list comes as a message of its own, not as the request's completion.
    yield* conversation.request(pciMessage(PCI.QUERY_BUS_RELATIONS), { flags: 0 });
    const slots = slotsOf(bus.relations);
    for (const slot of slots) yield* conversation.request(pciMessage(PCI.QUERY_RESOURCE_REQUIREMENTS, slot));
    yield* this.expectSuccess(device, bus, pciMessage(PCI.BUS_D0ENTRY));
    for (const slot of slots)
      yield* this.expectSuccess(device, bus, pciMessage(PCI.RESOURCES_ASSIGNED2, slot));
  }

  /** hv_pci_protocol_negotiation */
  private *negotiate(device: VmbusDevice, { conversation }: PciBus): Procedure<void> {
    for (const version of pciVersions) {
      const answer = yield* conversation.request(pciMessage(PCI.QUERY_PROTOCOL_VERSION, version));
      const status = pciWord(answer, 0);
      if (status === 0) {
        this.say(device, `PCI VMBus probing: Using version 0x${version.toString(16)}`);
        return;
      }
      if (status !== STATUS_REVISION_MISMATCH) break;
    }
    throw new ErrnoError('EPROTO', 'the host speaks none of the PCI protocol versions that the driver does');
  }

  private *expectSuccess(device: VmbusDevice, bus: PciBus, message: Uint8Array): Procedure<void> {
    const answer = yield* bus.conversation.request(message);
    if (pciWord(answer, 0) >>> 31 === 0) return;
    throw new ErrnoError(
      'EPROTO',
      `the host refused PCI message ${pciWord(message, 0)} of ${device.instanceId}`,
    );
  }

  /** The wished for domain, or the lowest free one instead (hv_get_dom_num). */
  private allocateDomain(device: VmbusDevice): number {
    const wanted = this.parameters.vpciDomain(device.instanceId) ?? domainOf(device.instanceId);
    let domain = wanted;
    if (this.domains.has(wanted)) {
      domain = 0;
      while (this.domains.has(domain)) domain += 1;
      if (domain >= DOMAIN_COUNT) throw new ErrnoError('EINVAL', 'all PCI domains are in use');
      this.say(device, `PCI dom# 0x${wanted.toString(16)} has collision, using 0x${domain.toString(16)}`);
    }
    this.domains.add(domain);
    return domain;
  }

  private say(device: VmbusDevice, text: string): void {
    device.channel.machine.log.printk(`${this.name} ${device.instanceId}: ${text}`);
  }

  private release(device: VmbusDevice, bus: PciBus): void {
    this.buses.delete(device);
    this.domains.delete(bus.domain);
  }
}

/** Bytes 4 and 5 of an instance id, which is its second group. */
function domainOf(instanceId: Guid): number {
  return Number.parseInt(instanceId.slice(9, 13), 16);
}

/** hv_pci_onchannelcallback */
function receive(bus: PciBus, { type, payload }: HostPacket): void {
  if (type === VM_PKT.COMP) {
    bus.conversation.receive(payload);
  } else if (pciWord(payload, 0) === PCI.BUS_RELATIONS) {
    bus.relations = payload;
    bus.conversation.receive(payload);
  }
}
