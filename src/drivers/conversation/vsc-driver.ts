import type { Procedure } from '../../machine/step.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { inject, injectable } from '../injection.js';
import { Conversation } from './conversation.js';
import { type HostPacket, packetCallback } from './packets.js';

/** The guest's side of what is spoken over one channel, from its opening to its closing (VSC, to the host's VSP). */
export interface VspClient {
  /** Takes one packet of the host; called in the channel's callback. */
  readonly receive: (packet: HostPacket) => void;
  /**
   * From an open channel to a device in service (mousevsc_connect_to_vsp and the like); nothing where the host begins.
   *
   * @throws ErrnoError if the host does not answer, or refuses.
   */
  connectToVsp(): Procedure<void>;
  /** What is done instead after a resume. Closes the channel itself if it fails, or leaves it open as the driver does. */
  reconnect?(): Procedure<void>;
}

/**
 * What drivers have in common whose device is a channel that they open, talk over and close. A driver says which
 * devices it serves, how large their rings are, and what is spoken.
 */
@injectable()
export abstract class VscDriver implements VmbusDriver {
  abstract readonly name: string;
  abstract readonly classIds: readonly Guid[];
  readonly probesAsynchronously: boolean = true;
  /** Pages of each ring, its header page included. */
  protected abstract readonly ringPages: number;

  constructor(@inject(ChannelOperations) protected readonly operations: ChannelOperations) {}

  /** What is spoken with this device's host, each time that its channel is opened. */
  protected abstract client(device: VmbusDevice, conversation: Conversation): VspClient;

  *probe(device: VmbusDevice): Procedure<void> {
    yield* this.connect(device);
  }

  *remove({ channel }: VmbusDevice): Procedure<void> {
    yield* this.operations.close(channel);
  }

  *suspend({ channel }: VmbusDevice): Procedure<void> {
    yield* this.operations.close(channel);
  }

  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.connect(device, true);
  }

  /** Opens the channel and talks; no open channel is left behind where the host does not answer, or refuses. */
  private *connect(device: VmbusDevice, isResume = false): Procedure<void> {
    const client = yield* this.open(device);
    if (isResume && client.reconnect !== undefined) {
      yield* client.reconnect();
      return;
    }
    try {
      yield* client.connectToVsp();
    } catch (error) {
      yield* this.operations.close(device.channel);
      throw error;
    }
  }

  /** Opens the channel. Returns who takes the host's packets from now on. */
  protected *open(device: VmbusDevice): Procedure<VspClient> {
    const { operations, ringPages } = this;
    const { channel } = device;
    const client = this.client(device, new Conversation(operations, channel));
    yield* operations.open(channel, { callback: packetCallback(operations, client.receive), ringPages });
    return client;
  }
}
