import type { Ns } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import {
  isFailure,
  PCI,
  pciBusD0Entry,
  pciMessage,
  pciResourcesAssigned,
  pciVersions,
  pciWord,
  STATUS_REVISION_MISMATCH,
} from '../../host/protocols/pci.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice } from '../../vmbus/driver.js';
import { Conversation, goneError } from '../conversation/conversation.js';
import type { HostPacket } from '../conversation/packets.js';
import { kernLevel } from '../../machine/log.js';

/** How often who waits looks whether the channel is still there (wait_for_response, HZ / 10). */
const LOOK_NS: Ns = 100_000_000;
/** How long the host is given to power a bus off; nobody looks at the channel meanwhile. */
const EXIT_NS: Ns = 10_000_000_000;

/** What a driver asks the host of one bus, and waits for (drivers/pci/controller/pci-hyperv.c). */
export class PciTalk {
  /** Protocol version agreed on. */
  version = pciVersions[0];
  /** Highest slot that has been given resources; -1: none (wslot_res_allocated). */
  highestSlot = -1;
  private readonly conversation: Conversation;
  /** The host's list has been looked at (survey_event). */
  private isSurveyed = false;
  private readonly survey: WaitQueue;

  constructor(
    operations: ChannelOperations,
    private readonly device: VmbusDevice,
    private readonly printk: (text: string, once?: boolean, priority?: number) => void,
  ) {
    const { channel } = device;
    this.conversation = new Conversation(operations, channel);
    this.survey = new WaitQueue(`bus relations on channel ${channel.relid}`, () => this.isSurveyed);
  }

  /** Before the channel is opened once more. */
  begin(): void {
    this.conversation.expect();
  }

  /** The host has answered. @returns false if nobody waits for this answer. */
  receive(packet: HostPacket): boolean {
    if (!this.conversation.awaits(packet.transactionId)) return false;
    this.conversation.receive(packet.payload());
    return true;
  }

  /** The host's list has been worked off. */
  surveyed(): void {
    this.isSurveyed = true;
    this.survey.wakeUp();
  }

  /**
   * Offers one version after another, newest first, until the host takes one; any refusal other than "revision
   * mismatch" ends it (hv_pci_protocol_negotiation).
   */
  *negotiate(versions: readonly number[] = pciVersions): Procedure<void> {
    for (const version of versions) {
      const status = yield* this.askForVersion(version);
      if (status >>> 31 === 0) {
        this.version = version;
        this.printk(`PCI VMBus probing: Using version 0x${version.toString(16)}`, false, kernLevel.INFO);
        return;
      }
      if (status === STATUS_REVISION_MISMATCH) continue;
      this.printk(`PCI Pass-through VSP failed version request: 0x${status.toString(16)}`);
      throw new ErrnoError('EPROTO', `the host refused PCI protocol version 0x${version.toString(16)}`);
    }
    this.printk('PCI pass-through VSP failed to find supported version');
    throw new ErrnoError('EPROTO', 'the host speaks none of the PCI protocol versions that the driver does');
  }

  /** Asks for the functions on the bus, and waits until they have been looked at. */
  *queryRelations(): Procedure<void> {
    const { channel } = this.device;
    this.isSurveyed = false;
    this.conversation.send(pciMessage(PCI.QUERY_BUS_RELATIONS));
    do if (channel.rescind) throw this.gone();
    while (!(yield* this.survey.waitTimeout(LOOK_NS)));
  }

  queryResources(slot: number): Procedure<Uint8Array> {
    return this.request(pciMessage(PCI.QUERY_RESOURCE_REQUIREMENTS, slot));
  }

  enterD0(): Procedure<Uint8Array> {
    return this.request(pciBusD0Entry());
  }

  /** hv_send_resources_allocated */
  *sendResourcesAllocated(slots: readonly number[]): Procedure<void> {
    for (const slot of slots) {
      const answer = yield* this.request(pciResourcesAssigned(this.version, slot));
      if (isFailure(answer)) {
        this.printk(`resource allocated returned 0x${pciWord(answer, 0).toString(16)}`);
        throw new ErrnoError('EPROTO', `the host refused resources for slot ${slot}`);
      }
      this.highestSlot = slot;
    }
  }

  /** Resources are given back from the highest slot down, then the bus is powered off (hv_pci_bus_exit). */
  *exitD0(slots: readonly number[]): Procedure<void> {
    for (const slot of [...slots].reverse())
      if (slot <= this.highestSlot) this.conversation.send(pciMessage(PCI.RESOURCES_RELEASED, slot));
    this.highestSlot = -1;
    yield* this.conversation.request(pciMessage(PCI.BUS_D0EXIT), { timeoutNs: EXIT_NS });
  }

  private *askForVersion(version: number): Procedure<number> {
    try {
      return pciWord(yield* this.request(pciMessage(PCI.QUERY_PROTOCOL_VERSION, version)), 0);
    } catch (error) {
      if (error instanceof ErrnoError)
        this.printk(`PCI Pass-through VSP failed to request version: ${error.errno}`);
      throw error;
    }
  }

  /** vmbus_sendpacket and wait_for_response: a channel that was taken back is noticed at the next look. */
  private *request(message: Uint8Array): Procedure<Uint8Array> {
    const { channel } = this.device;
    const wasThere = !channel.rescind;
    try {
      return yield* this.conversation.request(message, { lookNs: LOOK_NS });
    } catch (error) {
      if (wasThere && channel.rescind) this.gone();
      throw error;
    }
  }

  private gone(): ErrnoError {
    this.printk('The device is gone.', true, kernLevel.WARNING);
    return goneError(this.device.channel);
  }
}
