// What is spoken by RNDIS with an adapter, and its sub-channels (drivers/net/hyperv/rndis_filter.c).
import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import {
  addressOf,
  NVSP,
  NVSP_STAT_SUCCESS,
  NVSP_VERSION_5,
  nvspMessage,
  nvspWord,
  OID,
  PACKET_FILTER,
  RNDIS,
} from '../../host/protocols/network.js';
import type { NetvscDevice } from './device.js';
import { netvscConnectVsp, netvscDeviceRemove, openNetvscChannel } from './netvsc.js';

/** Most channels of an adapter (hyperv_net.h VRSS_CHANNEL_MAX). */
const VRSS_CHANNEL_MAX = 64;
const SUBCHANNEL_ALLOCATE = 1;

/**
 * Takes an adapter into service, with its primary channel alone (rndis_filter_device_add, netvsc_device_add).
 *
 * @param count channels that are wanted, the primary one included.
 * @throws ErrnoError if the host refuses, or takes the adapter away; then nothing is left open.
 */
export function* rndisFilterDeviceAdd(adapter: NetvscDevice, count: number): Procedure<void> {
  adapter.reset();
  const opening = openNetvscChannel(adapter, adapter.device.channel);
  yield* adapter.tellingOf((errno) => `unable to open channel: ${errno}`, opening);
  try {
    const connecting = netvscConnectVsp(adapter);
    const version = yield* adapter.tellingOf((errno) => `unable to connect to NetVSP - ${errno}`, connecting);
    yield* startRndis(adapter);
    if (version >= NVSP_VERSION_5) yield* chooseChannels(adapter, count);
  } catch (error) {
    yield* rndisFilterDeviceRemove(adapter);
    throw error;
  }
  adapter.attached = true;
}

/** The host lets frames through, of which it lets none at first (rndis_filter_open). */
export function rndisFilterOpen(adapter: NetvscDevice): Procedure<void> {
  return setPacketFilter(adapter, PACKET_FILTER.NORMAL);
}

/** The host lets no frames through any more; one that has taken the adapter back does not (rndis_filter_close). */
export function* rndisFilterClose(adapter: NetvscDevice): Procedure<void> {
  try {
    yield* setPacketFilter(adapter, PACKET_FILTER.NONE);
  } catch (error) {
    if (!(error instanceof ErrnoError && error.code === 'ENODEV')) throw error;
  }
}

/** Which frames the host lets through, if others than before (rndis_filter_set_packet_filter). */
function* setPacketFilter(adapter: NetvscDevice, filter: number): Procedure<void> {
  if (adapter.packetFilter === filter) return;
  yield* adapter.rndisRequest(RNDIS.SET, OID.GEN_CURRENT_PACKET_FILTER, filter);
  adapter.packetFilter = filter;
}

/** Takes an adapter out of service (rndis_filter_device_remove). */
export function* rndisFilterDeviceRemove(adapter: NetvscDevice): Procedure<void> {
  adapter.attached = false;
  yield* adapter.rndisHalt(RNDIS.HALT);
  yield* netvscDeviceRemove(adapter);
}

/** rndis_set_subchannel; without sub-channels the adapter goes on with its primary channel. */
export function* rndisSetSubchannel(adapter: NetvscDevice): Procedure<void> {
  try {
    yield* allocateSubChannels(adapter);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    adapter.channels = 1;
    adapter.maxChannels = 1;
  }
}

function* allocateSubChannels(adapter: NetvscDevice): Procedure<void> {
  const { conversation, device } = adapter;
  device.subChannelsAsked = adapter.channels - 1;
  const answer = yield* conversation.request(
    nvspMessage(NVSP.SUBCHANNEL, SUBCHANNEL_ALLOCATE, device.subChannelsAsked),
  );
  if (nvspWord(answer, 0) !== NVSP_STAT_SUCCESS) {
    adapter.printk('sub channel request failed');
    throw new ErrnoError('EIO', 'the host has no sub-channels');
  }
  const given = nvspWord(answer, 1);
  if (given > device.subChannelsAsked) {
    adapter.printk('invalid number of allocated sub channel');
    throw new ErrnoError('EINVAL', `the host speaks of ${given} sub-channels, more than it was asked for`);
  }
  adapter.channels = 1 + given;
  yield* adapter.subChannelsOpen.wait();
  adapter.spread();
  const { channels, receiveTable } = adapter;
  yield* adapter.rndisRequest(RNDIS.SET, OID.GEN_RECEIVE_SCALE_PARAMETERS, channels, receiveTable);
}

/** What every adapter is asked when it starts, whether the answer matters here or not. */
function* startRndis(adapter: NetvscDevice): Procedure<void> {
  yield* adapter.rndisRequest(RNDIS.INIT);
  yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_MAXIMUM_FRAME_SIZE);
  const address = yield* adapter.rndisRequest(RNDIS.QUERY, OID.PERMANENT_ADDRESS);
  adapter.address = addressOf(address.value);
  yield* adapter.rndisRequest(RNDIS.QUERY, OID.TCP_OFFLOAD_HARDWARE_CAPABILITIES);
  yield* adapter.rndisRequest(RNDIS.SET, OID.TCP_OFFLOAD_PARAMETERS);
  yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_MEDIA_CONNECT_STATUS);
}

/** The vRSS part of rndis_filter_device_add: no more channels than online CPUs, or than the host has. */
function* chooseChannels(adapter: NetvscDevice, count: number): Procedure<void> {
  yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_LINK_SPEED);
  const capabilities = yield* adapter.rndisRequest(RNDIS.QUERY, OID.GEN_RECEIVE_SCALE_CAPABILITIES);
  const queues = capabilities.value;
  if (queues < 2) return;
  const { online } = adapter.device.channel.machine;
  adapter.maxChannels = Math.min(VRSS_CHANNEL_MAX, online.weight, queues);
  adapter.channels = Math.min(adapter.maxChannels, count);
}
