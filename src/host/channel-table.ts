import type { Relid } from '../lib/brand.js';
import { CHANNELMSG, type OfferChannel, USER_DEFINED_BYTES } from '../vmbus/protocol/channel-messages.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { MAX_CHANNEL_RELIDS } from '../vmbus/relid-map.js';
import { HostChannel, type HostDevice } from './device.js';

const FRAMEBUFFER_CLASS_ID = deviceClassId('framebuffer');
/** Video memory, unless the administrator wants a larger picture. */
const FRAMEBUFFER_MIB = 8;
/** Connection ids count up from here with the relid. */
export const CONNECTION_ID_BASE = 0x10000;

/** An offer of one channel by itself. */
export type SingleOffer = Pick<OfferChannel, 'classId' | 'instanceId' | 'childRelid'> & Partial<OfferChannel>;

/** What an offer says unless there is more to say. */
const plainOffer = {
  type: CHANNELMSG.OFFERCHANNEL,
  flags: 0,
  mmioMegabytes: 0,
  userDefined: new Uint8Array(0),
  subChannelIndex: 0,
  monitorId: 0xff,
  monitorAllocated: false,
  isDedicatedInterrupt: true,
} as const;

/** The host's devices and their channels, by relid. */
export class ChannelTable {
  readonly devices: HostDevice[] = [];
  private readonly channels: (HostChannel | undefined)[] = [];

  /** The channel with this relid, if there is one. */
  get(relid: Relid): HostChannel | undefined {
    return this.channels[relid];
  }

  /** The channel that the guest signals by this connection id. */
  ofConnection(connectionId: number): HostChannel | undefined {
    return this.channels[connectionId - CONNECTION_ID_BASE];
  }

  /** All channels, by relid. */
  *[Symbol.iterator](): Generator<HostChannel, void, void> {
    for (const channel of this.channels) if (channel !== undefined) yield channel;
  }

  /** Adds the primary channel of a device. @throws RangeError if its relid cannot be used, or an offer cannot hold it. */
  addPrimary(device: HostDevice): HostChannel {
    this.refuseRelid(device.relid);
    return this.add(device, device.relid, 0);
  }

  /** Adds a sub-channel of a device, with the lowest index that none of them has. */
  addSubChannel(device: HostDevice, relid: Relid): HostChannel {
    let index = 1;
    while (device.channels.some(({ offer }) => offer.subChannelIndex === index)) index += 1;
    return this.add(device, relid, index);
  }

  /** Adds a channel by itself, as if it were a device; whoever had its relid is forgotten. */
  addAlone(device: HostDevice, offer: SingleOffer): HostChannel {
    const { childRelid } = offer;
    const connectionId = CONNECTION_ID_BASE + childRelid;
    const channel = new HostChannel({ ...plainOffer, ...offer, connectionId }, device);
    device.channels.push(channel);
    this.channels[childRelid] = channel;
    return channel;
  }

  /** Frees a relid. */
  remove(relid: Relid): void {
    this.channels[relid] = undefined;
  }

  /** Takes all channels out; their devices stay. */
  clear(): void {
    for (const channel of this) channel.takeBack();
    this.channels.length = 0;
  }

  /** True for a relid that is free, or will be when the guest has released it. */
  canBecomeFree(relid: Relid): boolean {
    const channel = this.channels[relid];
    return channel === undefined || channel.state.kind === 'rescinded';
  }

  /** @throws RangeError if a new device cannot have this relid. */
  refuseRelid(relid: Relid): void {
    this.refuseImpossible(relid);
    if (this.channels[relid] !== undefined) throw new RangeError(`relid ${relid} is in use`);
    const keeper = this.devices.find(({ subChannelRelids }) => subChannelRelids.includes(relid));
    if (keeper !== undefined) {
      throw new RangeError(
        `relid ${relid} is kept for a sub-channel of the device with relid ${keeper.relid}`,
      );
    }
  }

  /** @throws RangeError for a number that no channel has. */
  refuseImpossible(relid: Relid): void {
    if (Number.isInteger(relid) && relid >= 1 && relid < MAX_CHANNEL_RELIDS) return;
    throw new RangeError(`relid ${relid} is not in 1..${MAX_CHANNEL_RELIDS - 1}`);
  }

  private add(device: HostDevice, relid: Relid, subChannelIndex: number): HostChannel {
    const { classId, instanceId, flags = 0, userDefined = new Uint8Array(0) } = device.options;
    if (userDefined.length > USER_DEFINED_BYTES)
      throw new RangeError('more user-defined bytes than an offer holds');
    const mmioMegabytes = classId === FRAMEBUFFER_CLASS_ID ? FRAMEBUFFER_MIB : 0;
    const offer = {
      classId,
      instanceId,
      flags,
      mmioMegabytes,
      userDefined,
      subChannelIndex,
      childRelid: relid,
    };
    return this.addAlone(device, offer);
  }
}
