import type { Ns } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import { callbackMode, type VmbusChannel } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { type Guid, parseGuid } from '../../vmbus/protocol/guid.js';
import { VERSION_WIN10, VERSION_WIN10_V5 } from '../../vmbus/protocol/versions.js';
import { HvSocket } from './socket.js';
import { inject, injectable } from '../injection.js';

/** Pages of each ring where hosts know no other size: 20 KiB of data and the header (RINGBUFFER_HVS_RCV_SIZE). */
const OLD_RING_PAGES = 6;
/** As large as a socket's buffers are unless a program wants others, 208 KiB (net.core.wmem_default), and the header. */
const RING_PAGES = 53;
/** How long a connect waits for the host (VSOCK_DEFAULT_CONNECT_TIMEOUT). */
const CONNECT_TIMEOUT_NS: Ns = 2_000_000_000;

/** Service of the host that listens on a vsock port: the port takes the place of the first eight digits. */
export function vsockService(port: number): Guid {
  return parseGuid(`${port.toString(16).padStart(8, '0')}-facb-11e6-bd58-64006a7986d3`);
}

/**
 * Sockets between guest and host (net/vmw_vsock/hyperv_transport.c). Each connection is a channel of its own. Where the
 * host connects, somebody in the guest is taken to listen; what the host says is read and dropped. The device's
 * driverData is its HvSocket.
 */
@injectable()
export class HvSockDriver implements VmbusDriver {
  readonly name = 'hv_sock';
  readonly classIds = [];
  readonly hvsock = true;
  private endpoints = 0;
  /** Connects that wait for the host's offer, by the guest's end. */
  private readonly connecting = new Map<Guid, WaitQueue>();
  private readonly connected = new Map<Guid, HvSocket>();

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  /** hvs_probe, which always succeeds: the host rescinds a connection that was not opened. */
  *probe(device: VmbusDevice): Procedure<void> {
    const { channel, instanceId } = device;
    const socket = new HvSocket(this.operations, channel);
    channel.callbackMode = callbackMode.direct;
    const ringPages = this.operations.protocolVersion < VERSION_WIN10_V5 ? OLD_RING_PAGES : RING_PAGES;
    try {
      yield* this.operations.open(channel, { callback: () => socket.onChannel(), ringPages });
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      return;
    }
    socket.opened();
    device.driverData = socket;
    this.connected.set(instanceId, socket);
    this.connecting.get(instanceId)?.wakeUp();
  }

  /**
   * Connects to a service of the host (hvs_connect): the host answers with the offer of a channel.
   *
   * @throws ErrnoError ENODEV if the host knows no hv_sock; ETIMEDOUT if it offers no channel.
   */
  *connect(service: Guid): Procedure<VmbusChannel> {
    if (this.operations.protocolVersion < VERSION_WIN10) {
      throw new ErrnoError('ENODEV', 'sockets between guest and host need VMBus 4.0');
    }
    this.endpoints += 1;
    const endpoint = parseGuid(`${this.endpoints.toString(16).padStart(8, '0')}-facb-11e6-bd58-64006a7986d3`);
    const offered = new WaitQueue(`connection to ${service}`, () => this.connected.has(endpoint), true);
    this.connecting.set(endpoint, offered);
    yield* this.operations.sendTlConnectRequest(endpoint, service);
    yield* offered.waitTimeout(CONNECT_TIMEOUT_NS);
    this.connecting.delete(endpoint);
    const socket = this.connected.get(endpoint);
    if (socket === undefined) throw new ErrnoError('ETIMEDOUT', `nobody on the host answers for ${service}`);
    return socket.channel;
  }

  /** The connection is over: forgets its socket and closes the channel (hvs_remove). */
  *remove(device: VmbusDevice): Procedure<void> {
    this.connected.delete(device.instanceId);
    yield* this.operations.close(device.channel);
  }

  /** A socket that is connected has its transport's module (vsock_assign_transport). */
  isInUse({ instanceId }: VmbusDevice): boolean {
    return this.connected.has(instanceId);
  }

  /** hvs_suspend: the bus takes care of connections, none of which survives. */
  *suspend(): Procedure<void> {}

  /** Nothing to resume: connections were rescinded before the guest slept (hvs_resume). */
  *resume(): Procedure<void> {}
}
