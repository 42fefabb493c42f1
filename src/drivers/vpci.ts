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
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { VM_PKT } from '../vmbus/ring/index.js';
import type { Conversation } from './conversation/conversation.js';
import type { HostPacket } from './conversation/packets.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { devPrintk } from './dev-printk.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from './device-parameters.js';
import { inject, injectable } from './injection.js';

/** Domain 0 belongs to the emulated PCI bus; no device gets it. */
const DOMAIN_INVALID = 0;
const DOMAIN_COUNT = 0x10000;

/**
 * PCI devices passed through (drivers/pci/controller/pci-hyperv.c): the talk with the host until the bus is in service.
 * The PCI device on it, and its own interrupts, are not modelled.
 */
@injectable()
export class VpciDriver extends VscDriver {
  readonly name = 'hv_pci';
  readonly classIds = [deviceClassId('pci')];
  /** 16 KiB of data and the header (pci_ring_size). */
  protected readonly ringPages = 5;
  protected override readonly waitsEndWithRescind = true;
  /** PCI domain of each device in service. */
  private readonly domains = new Map<VmbusDevice, number>();

  constructor(
    @inject(ChannelOperations) operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
  ) {
    super(operations);
  }

  /** Gives the bus a PCI domain before the host is spoken to, and takes it back if that fails (hv_pci_probe). */
  override *probe(device: VmbusDevice): Procedure<void> {
    this.domains.set(device, this.allocateDomain(device));
    try {
      yield* super.probe(device);
    } catch (error) {
      this.domains.delete(device);
      throw error;
    }
  }

  /** hv_pci_remove, of a device that the host has rescinded already */
  override *remove(device: VmbusDevice): Procedure<void> {
    yield* super.remove(device);
    this.domains.delete(device);
  }

  /** hv_pci_resume; hv_pci_suspend had the bus leave D0 by closing the channel. */
  override *resume(device: VmbusDevice): Procedure<void> {
    if (this.domains.has(device)) yield* super.resume(device);
  }

  /** Names the channel's interrupt each time, with RFC patch 4: after a resume it is another one. */
  protected override *open(device: VmbusDevice): Procedure<VspClient> {
    const domain = this.domains.get(device) ?? DOMAIN_INVALID;
    device.channel.irqName = `vpci:${domain.toString(16).padStart(4, '0')}`;
    return yield* super.open(device);
  }

  protected client(device: VmbusDevice, conversation: Conversation): VspClient {
    return new PciBus(this, device, conversation);
  }

  /** The domain that is asked for, or else the lowest free one (hv_get_dom_num). */
  private allocateDomain(device: VmbusDevice): number {
    const taken = new Set([DOMAIN_INVALID, ...this.domains.values()]);
    const wanted = this.parameters.vpciDomain(device.instanceId) ?? domainOf(device.instanceId);
    if (!taken.has(wanted)) return wanted;
    let domain = 0;
    while (taken.has(domain)) domain += 1;
    if (domain >= DOMAIN_COUNT) throw new ErrnoError('EINVAL', 'all PCI domains are in use');
    const text = `PCI dom# 0x${wanted.toString(16)} has collision, using 0x${domain.toString(16)}`;
    devPrintk(this, device, text);
    return domain;
  }
}

/** Bytes 4 and 5 of an instance id, which is its second group. */
function domainOf(instanceId: Guid): number {
  return Number.parseInt(instanceId.slice(9, 13), 16);
}

/** What is spoken about one bus until it is in service (struct hv_pcibus_device). */
class PciBus implements VspClient {
  /** The host's list of the devices on the bus, once it came. */
  private relations = pciBusRelations([]);

  constructor(
    private readonly driver: VmbusDriver,
    private readonly device: VmbusDevice,
    private readonly conversation: Conversation,
  ) {}

  /** Keeps the host's list of devices; hands it, and completions, to whoever waits (hv_pci_onchannelcallback). */
  readonly receive = ({ type, payload }: HostPacket): void => {
    if (type === VM_PKT.COMP) this.conversation.receive(payload);
    else if (pciWord(payload, 0) === PCI.BUS_RELATIONS) {
      this.relations = payload;
      this.conversation.receive(payload);
    }
  };

  *connectToVsp(): Procedure<void> {
    const { conversation } = this;
    yield* this.negotiate();
    // hv_pci_query_relations: the list comes as a message of its own, not as the request's completion.
    yield* conversation.request(pciMessage(PCI.QUERY_BUS_RELATIONS), { flags: 0 });
    const slots = slotsOf(this.relations);
    for (const slot of slots) yield* conversation.request(pciMessage(PCI.QUERY_RESOURCE_REQUIREMENTS, slot));
    yield* this.expectSuccess(pciMessage(PCI.BUS_D0ENTRY));
    for (const slot of slots) yield* this.expectSuccess(pciMessage(PCI.RESOURCES_ASSIGNED2, slot));
  }

  /**
   * Offers one version after another, newest first, until the host takes one; any refusal other than "revision
   * mismatch" ends it (hv_pci_protocol_negotiation).
   */
  private *negotiate(): Procedure<void> {
    for (const version of pciVersions) {
      const answer = yield* this.conversation.request(pciMessage(PCI.QUERY_PROTOCOL_VERSION, version));
      const status = pciWord(answer, 0);
      if (status === 0) {
        devPrintk(this.driver, this.device, `PCI VMBus probing: Using version 0x${version.toString(16)}`);
        return;
      }
      if (status !== STATUS_REVISION_MISMATCH) break;
    }
    throw new ErrnoError('EPROTO', 'the host speaks none of the PCI protocol versions that the driver does');
  }

  private *expectSuccess(message: Uint8Array): Procedure<void> {
    const answer = yield* this.conversation.request(message);
    if (pciWord(answer, 0) >>> 31 === 0) return;
    throw new ErrnoError(
      'EPROTO',
      `the host refused PCI message ${pciWord(message, 0)} of ${this.device.instanceId}`,
    );
  }
}
