import type { Relid } from '../lib/brand.js';
import { CHANNELMSG, type ChannelMessage } from '../vmbus/protocol/channel-messages.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { ChannelTable, type SingleOffer } from './channel-table.js';
import { type HostBackend, type HostChannel, HostDevice, type HostDeviceOptions } from './device.js';
import { isSocket, moveRelids, relidsOf, unusedRelids } from './relids.js';

/** What the host offers and rescinds: its devices, their channels and relids. */
export class Offers {
  private readonly table = new ChannelTable();
  /** The guest has asked for the offers. From then on it is told of each change. */
  private requested = false;

  /** @param send tells the guest. */
  constructor(
    private readonly backends: ReadonlyMap<Guid, HostBackend>,
    private readonly send: (message: ChannelMessage) => void,
  ) {}

  /** The devices, in the order of their offers. */
  get devices(): HostDevice[] {
    return this.table.devices;
  }

  /** True while a guest is there that has asked for the offers. */
  get isRequested(): boolean {
    return this.requested;
  }

  /** The channel with this relid, if the host has one. */
  get(relid: Relid): HostChannel | undefined {
    return this.table.get(relid);
  }

  /** The channel that the guest signals by this connection id. */
  ofConnection(connectionId: number): HostChannel | undefined {
    return this.table.ofConnection(connectionId);
  }

  /** All channels, by relid. */
  [Symbol.iterator](): Generator<HostChannel, void, void> {
    return this.table[Symbol.iterator]();
  }

  /**
   * Adds a device; it is offered when the guest asks for offers, or at once if it has asked already.
   *
   * @throws RangeError if a relid of its channels is out of range, in use or kept for another device's sub-channels.
   */
  offer(options: HostDeviceOptions): HostDevice {
    const { relid: primary, subChannelRelids = [] } = options;
    for (const [i, relid] of subChannelRelids.entries()) {
      this.table.refuseRelid(relid);
      if (relid === primary || subChannelRelids.indexOf(relid) !== i)
        throw new RangeError(`relid ${relid} is there twice among the channels of one device`);
    }
    const device = new HostDevice(options, this.backends.get(options.classId));
    const channel = this.table.addPrimary(device);
    this.devices.push(device);
    if (this.requested) this.send(channel.offer);
    return device;
  }

  /**
   * Offers a single channel as it is, a sub-channel too, whatever else the host has: what is not said is as in `offer`.
   * Before the guest has asked for offers, sub-channels are dropped.
   *
   * @throws RangeError if the relid is out of range.
   */
  offerChannel(given: SingleOffer): void {
    const { classId, instanceId, childRelid: relid, subChannelIndex = 0 } = given;
    this.table.refuseImpossible(relid);
    const isPrimary = subChannelIndex === 0;
    if (!isPrimary && !this.requested) return;
    const device = new HostDevice({ classId, instanceId, relid }, this.backends.get(classId));
    const channel = this.table.addAlone(device, { ...given, subChannelIndex });
    if (isPrimary) this.devices.push(device);
    if (this.requested) this.send(channel.offer);
  }

  /** Offers a channel for a socket, under a relid that nobody has. */
  offerSocket(options: Omit<HostDeviceOptions, 'relid'>): void {
    this.offer({ ...options, relid: unusedRelids(relidsOf(this.devices)).next().value });
  }

  /**
   * Rescinds a channel; a primary one with its sub-channels.
   *
   * @throws RangeError if the host has no such channel.
   */
  rescind(relid: Relid): void {
    const channel = this.table.get(relid);
    if (channel === undefined || channel.state.kind === 'rescinded') {
      throw new RangeError(`the host has no channel ${relid} to rescind`);
    }
    const { device } = channel;
    if (channel.isPrimary) {
      this.rescindSubChannels(device);
      const at = this.devices.indexOf(device);
      if (at >= 0) this.devices.splice(at, 1);
    }
    this.rescindChannel(channel);
  }

  /** Rescinds the sub-channels of a device, and offers none of those that were asked for. */
  rescindSubChannels(device: HostDevice): void {
    device.subChannelsToOffer.length = 0;
    for (const sub of device.channels.slice(1)) this.rescindChannel(sub);
  }

  /** The guest asks for offers: those of all devices, then the end of them. */
  offerAll(): void {
    this.requested = true;
    for (const { channels } of this.devices) this.send(channels[0].offer);
    this.send({ type: CHANNELMSG.ALLOFFERS_DELIVERED });
  }

  /**
   * Offers `count` more sub-channels of a device; fewer if the host has no more. Relids of earlier ones that the guest
   * has yet to release are waited for.
   */
  offerSubChannels(device: HostDevice, count: number): void {
    const usable = device.subChannelRelids.filter((relid) => this.table.canBecomeFree(relid));
    device.subChannelsToOffer.push(...usable.slice(0, count));
    this.offerFreeSubChannels(device);
  }

  /** The guest is done with a rescinded channel. */
  relidReleased(relid: Relid): void {
    if (this.table.get(relid)?.state.kind !== 'rescinded') return;
    this.table.remove(relid);
    for (const device of this.devices) this.offerFreeSubChannels(device);
  }

  /** All devices are as if no guest had been there; connections of sockets end. */
  forgetGuest(): void {
    this.table.clear();
    this.requested = false;
    const lasting = this.devices.filter(({ options }) => !isSocket(options));
    this.devices.splice(0, this.devices.length, ...lasting);
    for (const device of lasting) {
      device.forgetGuest();
      this.table.addPrimary(device);
    }
  }

  /**
   * Gives the devices other relids. Their channels keep the old ones until the guest is forgotten.
   *
   * @throws RangeError while the guest is connected; if two channels would have the same relid, or one a wrong relid.
   */
  moveRelids(relids: ReadonlyMap<Relid, Relid>): void {
    if (this.requested) throw new RangeError('relids do not change while the guest is connected');
    moveRelids(this.devices, relids);
  }

  /** Offers the sub-channels that were asked for, in order, as far as the guest has released their relids. */
  private offerFreeSubChannels(device: HostDevice): void {
    const { subChannelsToOffer } = device;
    while (subChannelsToOffer.length > 0 && this.table.get(subChannelsToOffer[0]) === undefined) {
      const [relid] = subChannelsToOffer.splice(0, 1);
      this.send(this.table.addSubChannel(device, relid).offer);
    }
  }

  /** A guest that has not asked for offers never knew of the channel. */
  private rescindChannel(channel: HostChannel): void {
    const { channels } = channel.device;
    channels.splice(channels.indexOf(channel), 1);
    if (!this.requested) {
      this.table.remove(channel.relid);
      return;
    }
    channel.takeBack();
    this.send({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: channel.relid });
  }
}
