// The network protocol itself, below RNDIS (drivers/net/hyperv/netvsc.c): channels and shared buffers.
import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import {
  NVSP,
  NVSP_STAT_SUCCESS,
  nvspMessage,
  nvspVersions,
  nvspWord,
} from '../../host/protocols/network.js';
import { callbackMode, type VmbusChannel } from '../../vmbus/channel/channel.js';
import { VERSION_WIN10 } from '../../vmbus/protocol/channel-messages.js';
import type { NetvscBuffer, NetvscDevice } from './device.js';

const NDIS_VERSION = 0x0006_001e;

/** Opens one of an adapter's channels (vmbus_open as netvsc_device_add and netvsc_sc_open call it). */
export function* openNetvscChannel(adapter: NetvscDevice, channel: VmbusChannel): Procedure<void> {
  const { operations, interfaceName } = adapter;
  channel.callbackMode = callbackMode.isr;
  const name = operations.netvscNames.atOpen(interfaceName, channel.offer.subChannelIndex);
  if (name !== undefined) channel.irqName = name;
  const added = adapter.addChannel(channel);
  yield* operations.open(channel, {
    callback: ({ rings }) => added.interrupt(rings?.inbound),
    ringPages: adapter.pages.ring,
  });
}

/** Agrees on a version of the network protocol, which it returns, and shares the buffers (netvsc_connect_vsp). */
export function* netvscConnectVsp(adapter: NetvscDevice): Procedure<number> {
  const { conversation } = adapter;
  const version = yield* negotiate(adapter);
  conversation.send(nvspMessage(NVSP.SEND_NDIS_CONFIG));
  conversation.send(nvspMessage(NVSP.SEND_NDIS_VER, NDIS_VERSION >>> 16, NDIS_VERSION & 0xffff));
  yield* shareBuffer(adapter, adapter.pages.receiveBuffer, NVSP.SEND_RECV_BUF);
  yield* shareBuffer(adapter, adapter.pages.sendBuffer, NVSP.SEND_SEND_BUF);
  return version;
}

/** netvsc_device_remove: hosts before Windows 10 want the buffers back before the channel is closed. */
export function* netvscDeviceRemove(adapter: NetvscDevice): Procedure<void> {
  const { conversation, device, operations } = adapter;
  const teardownFirst = operations.protocolVersion < VERSION_WIN10;
  conversation.trySend(nvspMessage(NVSP.REVOKE_RECV_BUF));
  conversation.trySend(nvspMessage(NVSP.REVOKE_SEND_BUF));
  if (teardownFirst) yield* teardownBuffers(adapter);
  yield* operations.close(device.channel);
  if (!teardownFirst) yield* teardownBuffers(adapter);
}

function* negotiate({ conversation }: NetvscDevice): Procedure<number> {
  for (const version of nvspVersions) {
    const answer = yield* conversation.request(nvspMessage(NVSP.INIT, version, version));
    if (nvspWord(answer, 2) === NVSP_STAT_SUCCESS) return version;
  }
  throw new ErrnoError(
    'EPROTO',
    'the host speaks none of the network protocol versions that the driver does',
  );
}

/** Shares one buffer with the host and tells it what the buffer is for (netvsc_init_buf, which does both). */
function* shareBuffer(adapter: NetvscDevice, pages: number, message: number): Procedure<void> {
  const { operations } = adapter;
  const { pfn } = operations.memory.allocate(pages);
  const buffer: NetvscBuffer = { pfn, gpadl: undefined };
  adapter.buffers.push(buffer);
  const name = message === NVSP.SEND_RECV_BUF ? 'receive' : 'send';
  const shared = operations.establishGpadl(adapter.device.channel, pfn, pages);
  buffer.gpadl = yield* adapter.tellingOf(() => `unable to establish ${name} buffer's gpadl`, shared);
  const answer = yield* adapter.conversation.request(nvspMessage(message, buffer.gpadl));
  const status = nvspWord(answer, 0);
  if (status === NVSP_STAT_SUCCESS) return;
  adapter.printk(`Unable to complete ${name} buffer initialization with NetVsp - status ${status}`);
  throw new ErrnoError('EINVAL', 'the host refused a buffer');
}

/** Ends the sharing of both buffers and frees them (netvsc_teardown_recv_gpadl, netvsc_teardown_send_gpadl). */
function* teardownBuffers({ buffers, device, operations }: NetvscDevice): Procedure<void> {
  for (const { pfn, gpadl } of buffers.splice(0)) {
    if (gpadl !== undefined) yield* operations.teardownGpadl(device.channel, gpadl);
    operations.memory.free(pfn);
  }
}
