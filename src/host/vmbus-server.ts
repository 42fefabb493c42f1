import type { CpuId, Relid } from '../lib/brand.js';
import {
  CHANNEL_FLAG,
  CHANNELMSG,
  type ChannelMessage,
  type GpadlBody,
  type GpadlCreated,
  type GpadlHeader,
  type InitiateContact,
  type ModifyChannel,
  type OpenChannel,
  type TlConnectRequest,
  VERSION_WIN10_V5,
  VERSION_WIN10_V5_3,
  VMBUS_MESSAGE_CONNECTION_ID,
  VMBUS_MESSAGE_CONNECTION_ID_4,
} from '../vmbus/protocol/channel-messages.js';
import type { MemoryBlock } from '../vmbus/guest-memory.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import type { HostBackend, HostChannel } from './device.js';
import type { HostManners, HostStatuses } from './manners.js';
import { HostGpadls, STATUS_UNSUCCESSFUL } from './host-gpadls.js';
import { Offers } from './offers.js';
import { relidsBehind } from './relids.js';

/** The one way by which the server acts on anything but its own state. */
export interface ServerPort {
  /** Sends a control message to the guest. */
  send(message: ChannelMessage): void;
  /** The guest's memory at these pages; undefined if it has no such memory. */
  memory(pfns: readonly number[]): MemoryBlock | undefined;
  /** The guest wants its messages on this VP. */
  messageVpChanged(vp: CpuId): void;
  /** What was on its way to the guest is for a kernel that is not there any more. */
  guestGone(): void;
  /** The guest has opened a channel, and its result is on its way. */
  opened(channel: HostChannel): void;
  /** A MODIFYCHANNEL has been dealt with. */
  modified(channel: HostChannel): void;
}

export interface ServerOptions {
  /** Newest protocol version that the host accepts, as on the wire. Default 5.3. */
  readonly version?: number;
  readonly backends?: ReadonlyMap<Guid, HostBackend>;
  readonly manners?: HostManners;
  /** The host has the feature bit feat_pending_send_sz: it waits for room, and tells of room, by signals. Default true. */
  readonly pendingSendSz?: boolean;
}

/**
 * The host's side of the control protocol (OpenVMM's vmbus_server): what it knows of its guest, and what it answers. It
 * knows no time: each message has its whole effect at once.
 */
export class VmbusServer {
  readonly offers: Offers;
  /** Services of the host that a guest's socket can connect to. */
  readonly services = new Set<Guid>();
  private readonly gpadls = new HostGpadls();
  private readonly version: number;
  /** The version that the guest proposed last and that the host speaks. */
  private agreed: number;
  private manners: HostManners;
  private readonly pendingSendSz: boolean;

  constructor(
    private readonly port: ServerPort,
    {
      version = VERSION_WIN10_V5_3,
      backends = new Map<Guid, HostBackend>(),
      manners = {},
      pendingSendSz = true,
    }: ServerOptions = {},
  ) {
    this.version = version;
    this.agreed = version;
    this.manners = manners;
    this.pendingSendSz = pendingSendSz;
    this.offers = new Offers(backends, (message) => port.send(message));
  }

  /** From now on the host answers so. */
  setStatuses(status: HostStatuses): void {
    this.manners = { ...this.manners, status: { ...this.manners.status, ...status } };
  }

  /** False for a MODIFYCHANNEL that a host of such manners does not look at. */
  takesModify({ childRelid }: ModifyChannel): boolean {
    return !this.ignoresClosed || this.isMovable(this.offers.get(childRelid));
  }

  /** MODIFYCHANNELs for channels that are not open come to nothing, not even an answer. */
  private get ignoresClosed(): boolean {
    return this.manners.modifyClosed === 'ignored';
  }

  /** True if a MODIFYCHANNEL for the channel moves it. */
  private isMovable(channel: HostChannel | undefined): channel is HostChannel {
    if (channel === undefined) return false;
    const { state } = channel;
    return state.kind === 'open' || (this.ignoresClosed && state.kind === 'rescinded' && state.wasOpen);
  }

  /** True if guests can post messages there: hosts before 5.0 know one connection only. */
  hasMessageConnection(id: number): boolean {
    if (id === VMBUS_MESSAGE_CONNECTION_ID) return true;
    return id === VMBUS_MESSAGE_CONNECTION_ID_4 && this.version >= VERSION_WIN10_V5;
  }

  /** Handles a message of the guest; nothing comes of those that no guest sends. */
  receive(message: ChannelMessage): void {
    switch (message.type) {
      case CHANNELMSG.INITIATE_CONTACT:
        this.initiateContact(message);
        return;
      case CHANNELMSG.REQUESTOFFERS:
        this.offers.offerAll();
        return;
      case CHANNELMSG.GPADL_HEADER:
      case CHANNELMSG.GPADL_BODY: {
        const created = this.addToGpadl(message);
        if (created !== undefined) this.gpadlCreated(created);
        return;
      }
      case CHANNELMSG.GPADL_TEARDOWN:
        this.gpadls.remove(message.gpadl);
        this.port.send({ type: CHANNELMSG.GPADL_TORNDOWN, gpadl: message.gpadl });
        return;
      case CHANNELMSG.OPENCHANNEL:
        this.openChannel(message);
        return;
      case CHANNELMSG.MODIFYCHANNEL:
        this.modifyChannel(message);
        return;
      case CHANNELMSG.CLOSECHANNEL:
        this.closeChannel(message.childRelid);
        return;
      case CHANNELMSG.RELID_RELEASED:
        this.offers.relidReleased(message.childRelid);
        return;
      case CHANNELMSG.TL_CONNECT_REQUEST:
        this.tlConnect(message);
        return;
      case CHANNELMSG.UNLOAD:
        this.forgetGuest();
        this.port.send({ type: CHANNELMSG.UNLOAD_RESPONSE });
        return;
      default:
    }
  }

  /** Takes one of the messages that make up a GPADL. Returns the answer to all of them with the last. */
  addToGpadl(message: GpadlHeader | GpadlBody): GpadlCreated | undefined {
    return this.gpadls.add(message);
  }

  /** Answers a GPADL; memory for a channel that does not exist is refused. */
  gpadlCreated(created: GpadlCreated): void {
    const exists = this.offers.get(created.childRelid) !== undefined;
    this.port.send(exists ? created : { ...created, creationStatus: STATUS_UNSUCCESSFUL });
  }

  /**
   * Gives all devices other relids, as a host does that the guest finds when it wakes up.
   *
   * @throws RangeError while the guest is connected; if two channels would have the same relid, or one a wrong relid.
   */
  moveRelids(relids: ReadonlyMap<Relid, Relid> = relidsBehind(this.offers.devices)): void {
    this.offers.moveRelids(relids);
    this.forgetGuest();
  }

  /** What is on its way for the guest's channels is for nobody. */
  forgetGuest(): void {
    this.offers.forgetGuest();
    this.gpadls.clear();
  }

  private initiateContact({ version, targetVcpu }: InitiateContact): void {
    const versionSupported = version <= this.version;
    if (this.offers.isRequested) {
      // A kernel that has not left its host is gone: this is another one.
      this.forgetGuest();
      this.port.guestGone();
    }
    this.agreed = version;
    this.port.messageVpChanged(targetVcpu);
    this.port.send({
      type: CHANNELMSG.VERSION_RESPONSE,
      versionSupported,
      connectionState: 0,
      msgConnId: version >= VERSION_WIN10_V5 ? VMBUS_MESSAGE_CONNECTION_ID_4 : 0,
    });
  }

  private openChannel(message: OpenChannel): void {
    const { childRelid, openId } = message;
    const channel = this.offers.get(childRelid);
    const refused = this.manners.status?.open ?? 0;
    const opened = refused === 0 && channel?.state.kind === 'offered' && this.mapRings(channel, message);
    const status = opened ? 0 : refused || STATUS_UNSUCCESSFUL;
    this.port.send({ type: CHANNELMSG.OPENCHANNEL_RESULT, childRelid, openId, status });
    if (opened) this.port.opened(channel);
  }

  private mapRings(channel: HostChannel, message: OpenChannel): boolean {
    const { ringBufferGpadl, downstreamPageOffset, targetVp } = message;
    const pfns = this.gpadls.pages(ringBufferGpadl);
    const memory = pfns && this.port.memory(pfns);
    if (memory === undefined) return false;
    channel.open(memory, downstreamPageOffset, targetVp, this.pendingSendSz);
    return true;
  }

  private closeChannel(relid: Relid): void {
    const channel = this.offers.get(relid);
    if (channel?.state.kind === 'rescinded') channel.state = { kind: 'rescinded', wasOpen: false };
    if (channel?.state.kind !== 'open') return;
    channel.state = { kind: 'offered' };
    if (channel.isPrimary) this.offers.rescindSubChannels(channel.device);
  }

  /** Before 5.3 there is no answer. */
  private modifyChannel({ childRelid, targetVp }: ModifyChannel): void {
    const channel = this.offers.get(childRelid);
    const { status: { modifyChannel: refused = 0 } = {} } = this.manners;
    const isMovable = this.isMovable(channel);
    if (isMovable && refused === 0) channel.targetVp = targetVp;
    if (channel !== undefined) this.port.modified(channel);
    if (this.agreed < VERSION_WIN10_V5_3) return;
    const status = refused || (isMovable || this.ignoresClosed ? 0 : STATUS_UNSUCCESSFUL);
    this.port.send({ type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid, status });
  }

  /** A connect of the guest: the offer of a channel is the host's consent. */
  private tlConnect({ guestEndpointId, hostServiceId }: TlConnectRequest): void {
    if (!this.services.has(hostServiceId)) {
      const status = STATUS_UNSUCCESSFUL;
      this.port.send({ type: CHANNELMSG.TL_CONNECT_RESULT, guestEndpointId, hostServiceId, status });
      return;
    }
    this.offers.offerSocket({
      classId: hostServiceId,
      instanceId: guestEndpointId,
      flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER,
    });
  }
}
