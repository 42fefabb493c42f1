import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import {
  NVSP,
  NVSP_STAT_SUCCESS,
  NVSP_VERSION_5,
  nvspMessage,
  nvspVersions,
  nvspWord,
  OID,
  RNDIS,
} from '../../host/protocols/network.js';
import { callbackMode, type VmbusChannel } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { VERSION_WIN10 } from '../../vmbus/protocol/channel-messages.js';
import { NetvscDevice } from './device.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from '../device-parameters.js';
import { inject, injectable } from '../injection.js';

/** Most channels of an adapter, and how many are used unless more are asked for (hyperv_net.h VRSS_CHANNEL_*). */
const VRSS_CHANNEL_MAX = 64;
const VRSS_CHANNEL_DEFAULT = 8;
/** Pages of each ring: 512 KiB of data and the header (ring_size). */
const RING_PAGES = 129;
/** Pages of the receive buffer, 16 MiB, and of the send buffer, 1 MiB in whole sections of 6144 bytes. */
const RECV_BUFFER_PAGES = 4096;
const SEND_BUFFER_PAGES = 255;
const NDIS_VERSION = 0x0006_001e;
const SUBCHANNEL_ALLOCATE = 1;

/**
 * Network adapters (drivers/net/hyperv/netvsc.c, netvsc_drv.c, rndis_filter.c). The device's driverData is its
 * NetvscDevice.
 */
@injectable()
export class NetvscDriver implements VmbusDriver {
  readonly name = 'hv_netvsc';
  readonly classIds = [deviceClassId('nic')];
  readonly probesAsynchronously = true;
  private readonly adapters = new Map<VmbusDevice, NetvscDevice>();

  constructor(
    @inject(ChannelOperations) private readonly operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
  ) {}

  /** netvsc_probe: sub-channels are left to a work of their own, so that other offers can be handled meanwhile. */
  *probe(device: VmbusDevice): Procedure<void> {
    const adapter = new NetvscDevice(this.operations, device);
    this.adapters.set(device, adapter);
    device.driverData = adapter;
    const count = this.parameters.netvscChannels(device.instanceId) ?? VRSS_CHANNEL_DEFAULT;
    yield* adapter.rtnl.lock();
    try {
      yield* this.deviceAdd(adapter, count);
    } catch (error) {
      this.adapters.delete(device);
      throw error;
    } finally {
      yield* adapter.rtnl.unlock();
    }
    if (adapter.channels > 1)
      device.channel.machine.spawn('netvsc_subchan_work', this.subChannelWork(adapter));
  }

  /** netvsc_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    const adapter = this.adapters.get(device);
    if (adapter === undefined) return;
    this.adapters.delete(device);
    yield* adapter.rtnl.lock();
    if (adapter.attached) yield* this.deviceRemove(adapter);
    yield* adapter.rtnl.unlock();
  }

  /** netvsc_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    const adapter = this.adapters.get(device);
    if (adapter === undefined) throw outOfService(device);
    yield* adapter.rtnl.lock();
    if (adapter.attached) yield* this.deviceRemove(adapter);
    yield* adapter.rtnl.unlock();
  }

  /** netvsc_resume: with as many channels as before. */
  *resume(device: VmbusDevice): Procedure<void> {
    const adapter = this.adapters.get(device);
    if (adapter === undefined) throw outOfService(device);
    yield* adapter.rtnl.lock();
    try {
      yield* this.attach(adapter, adapter.channels);
    } finally {
      yield* adapter.rtnl.unlock();
    }
  }

  /** netvsc_sc_open */
  *subChannelOffered(device: VmbusDevice, channel: VmbusChannel): Procedure<void> {
    const adapter = this.adapters.get(device);
    if (adapter === undefined || channel.offer.subChannelIndex >= adapter.channels) return;
    try {
      yield* this.open(channel, adapter);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      channel.machine.log.printk(
        `${this.name} ${device.instanceId}: sub channel open failed: ${error.errno}`,
      );
    }
    adapter.openChannels += 1;
    adapter.subChannelsOpen.wakeUp();
  }

  /**
   * Takes the adapter down and sets it up with another number of channels (netvsc_set_channels). What Linux refuses
   * before that leaves the adapter alone; if the setting up fails, the old number is tried again.
   *
   * @throws ErrnoError EINVAL for 0 and for more channels than there can be; ENODEV if the adapter is not in service;
   *   what setting up failed with.
   */
  *setChannels(device: VmbusDevice, count: number): Procedure<void> {
    if (count === 0) throw new ErrnoError('EINVAL', 'a network adapter has at least 1 channel');
    const adapter = this.adapters.get(device);
    if (adapter === undefined) throw outOfService(device);
    yield* adapter.rtnl.lock();
    try {
      if (!adapter.attached) throw outOfService(device);
      if (!(Number.isInteger(count) && count <= adapter.maxChannels)) {
        throw new ErrnoError(
          'EINVAL',
          `this network adapter can have 1 to ${adapter.maxChannels} channels, not ${count}`,
        );
      }
      yield* this.reattach(adapter, count);
    } finally {
      yield* adapter.rtnl.unlock();
    }
  }

  /** netvsc_detach, netvsc_attach */
  private *reattach(adapter: NetvscDevice, count: number): Procedure<void> {
    const previous = adapter.channels;
    yield* this.deviceRemove(adapter);
    try {
      yield* this.attach(adapter, count);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      try {
        yield* this.attach(adapter, previous);
      } catch (again) {
        if (!(again instanceof ErrnoError)) throw again;
        this.say(adapter, `restoring channel setting failed: ${again.errno}`);
      }
      throw error;
    }
  }

  private *attach(adapter: NetvscDevice, count: number): Procedure<void> {
    yield* this.deviceAdd(adapter, count);
    if (adapter.channels > 1) yield* this.setSubChannels(adapter);
  }

  /** netvsc_subchan_work; it may find the adapter gone when its turn comes. */
  private *subChannelWork(adapter: NetvscDevice): Procedure<void> {
    yield* adapter.rtnl.lock();
    if (adapter.attached) yield* this.setSubChannels(adapter);
    yield* adapter.rtnl.unlock();
  }

  /** rndis_set_subchannel; without sub-channels the adapter goes on with its primary channel. */
  private *setSubChannels(adapter: NetvscDevice): Procedure<void> {
    try {
      yield* this.allocateSubChannels(adapter);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      adapter.channels = 1;
      adapter.maxChannels = 1;
    }
  }

  private *allocateSubChannels(adapter: NetvscDevice): Procedure<void> {
    const { conversation, device } = adapter;
    device.subChannelsAsked = adapter.channels - 1;
    const answer = yield* conversation.request(
      nvspMessage(NVSP.SUBCHANNEL, SUBCHANNEL_ALLOCATE, device.subChannelsAsked),
    );
    if (nvspWord(answer, 0) !== NVSP_STAT_SUCCESS) {
      this.say(adapter, 'sub channel request failed');
      throw new ErrnoError('EIO', 'the host has no sub-channels');
    }
    const given = nvspWord(answer, 1);
    if (given > device.subChannelsAsked) {
      this.say(adapter, 'invalid number of allocated sub channel');
      throw new ErrnoError('EINVAL', `the host speaks of ${given} sub-channels, more than it was asked for`);
    }
    adapter.channels = 1 + given;
    yield* adapter.subChannelsOpen.wait();
    adapter.spread();
    yield* adapter.rndisRequest(RNDIS.SET, OID.GEN_RECEIVE_SCALE_PARAMETERS, adapter.channels);
  }

  /** netvsc_device_add, rndis_filter_device_add */
  private *deviceAdd(adapter: NetvscDevice, count: number): Procedure<void> {
    const { channel } = adapter.device;
    adapter.reset();
    yield* this.open(channel, adapter);
    try {
      const version = yield* this.connectVsp(adapter);
      yield* this.startRndis(adapter);
      if (version >= NVSP_VERSION_5) yield* this.chooseChannels(adapter, count);
    } catch (error) {
      yield* this.deviceRemove(adapter);
      throw error;
    }
    adapter.attached = true;
  }

  /** netvsc_connect_vsp. Returns the version of the network protocol. */
  private *connectVsp(adapter: NetvscDevice): Procedure<number> {
    const { conversation } = adapter;
    const version = yield* this.negotiate(adapter);
    conversation.send(nvspMessage(NVSP.SEND_NDIS_CONFIG));
    conversation.send(nvspMessage(NVSP.SEND_NDIS_VER, NDIS_VERSION >>> 16, NDIS_VERSION & 0xffff));
    yield* this.shareBuffer(adapter, RECV_BUFFER_PAGES, NVSP.SEND_RECV_BUF);
    yield* this.shareBuffer(adapter, SEND_BUFFER_PAGES, NVSP.SEND_SEND_BUF);
    return version;
  }

  private *negotiate({ conversation }: NetvscDevice): Procedure<number> {
    for (const version of nvspVersions) {
      const answer = yield* conversation.request(nvspMessage(NVSP.INIT, version, version));
      if (nvspWord(answer, 2) === NVSP_STAT_SUCCESS) return version;
    }
    throw new ErrnoError(
      'EPROTO',
      'the host speaks none of the network protocol versions that the driver does',
    );
  }

  /** netvsc_init_buf, for one buffer */
  private *shareBuffer(adapter: NetvscDevice, pages: number, message: number): Procedure<void> {
    const { operations } = this;
    const { pfn } = operations.memory.allocate(pages);
    const buffer = { pfn, gpadl: undefined as number | undefined };
    adapter.buffers.push(buffer);
    buffer.gpadl = yield* operations.establishGpadl(adapter.device.channel, pfn, pages);
    const answer = yield* adapter.conversation.request(nvspMessage(message, buffer.gpadl));
    if (nvspWord(answer, 0) !== NVSP_STAT_SUCCESS)
      throw new ErrnoError('EINVAL', 'the host refused a buffer');
  }

  /** What every adapter is asked when it starts, whether the answer matters here or not. */
  private *startRndis(adapter: NetvscDevice): Procedure<void> {
    yield* adapter.rndisRequest(RNDIS.INIT);
    yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_MAXIMUM_FRAME_SIZE);
    yield* adapter.rndisRequest(RNDIS.QUERY, OID.PERMANENT_ADDRESS);
    yield* adapter.rndisRequest(RNDIS.QUERY, OID.TCP_OFFLOAD_HARDWARE_CAPABILITIES);
    yield* adapter.rndisRequest(RNDIS.SET, OID.TCP_OFFLOAD_PARAMETERS);
    yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_MEDIA_CONNECT_STATUS);
  }

  /** The vRSS part of rndis_filter_device_add: no more channels than online CPUs, or than the host has. */
  private *chooseChannels(adapter: NetvscDevice, count: number): Procedure<void> {
    yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_LINK_SPEED);
    const capabilities = yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_RECEIVE_SCALE_CAPABILITIES);
    const queues = capabilities.value;
    if (queues < 2) return;
    const { online } = adapter.device.channel.machine;
    adapter.maxChannels = Math.min(VRSS_CHANNEL_MAX, online.weight, queues);
    adapter.channels = Math.min(adapter.maxChannels, count);
  }

  /** rndis_filter_device_remove, netvsc_device_remove */
  private *deviceRemove(adapter: NetvscDevice): Procedure<void> {
    const { channel } = adapter.device;
    const { conversation } = adapter;
    const teardownFirst = this.operations.protocolVersion < VERSION_WIN10;
    adapter.attached = false;
    yield* adapter.rndisHalt(RNDIS.HALT);
    conversation.trySend(nvspMessage(NVSP.REVOKE_RECV_BUF));
    conversation.trySend(nvspMessage(NVSP.REVOKE_SEND_BUF));
    if (teardownFirst) yield* this.teardownBuffers(adapter);
    yield* this.operations.close(channel);
    if (!teardownFirst) yield* this.teardownBuffers(adapter);
  }

  private *teardownBuffers({ buffers, device }: NetvscDevice): Procedure<void> {
    for (const { pfn, gpadl } of buffers.splice(0)) {
      if (gpadl !== undefined) yield* this.operations.teardownGpadl(device.channel, gpadl);
      this.operations.memory.free(pfn);
    }
  }

  private *open(channel: VmbusChannel, adapter: NetvscDevice): Procedure<void> {
    channel.callbackMode = callbackMode.isr;
    const added = adapter.addChannel(channel);
    yield* this.operations.open(channel, {
      callback: ({ rings }) => added.interrupt(rings?.inbound),
      ringPages: RING_PAGES,
    });
  }

  private say({ device }: NetvscDevice, text: string): void {
    device.channel.machine.log.printk(`${this.name} ${device.instanceId}: ${text}`);
  }
}

function outOfService(device: VmbusDevice): ErrnoError {
  return new ErrnoError('ENODEV', `the network adapter ${device.instanceId} is not in service`);
}
