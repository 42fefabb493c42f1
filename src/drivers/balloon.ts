import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import { DM, dmVersions, messageType, messageWord, typedMessage } from '../host/protocols/pipe.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import { Conversation } from './support/conversation.js';
import { packetCallback } from './support/packets.js';
import { inject, injectable } from './injection.js';

/** Pages of each ring: 16 KiB of data and the header (dm_ring_size). */
const RING_PAGES = 5;
const TIMEOUT_NS = 5_000_000_000;

/** Dynamic memory (drivers/hv/hv_balloon.c), as far as the talk with the host when it starts. */
@injectable()
export class BalloonDriver implements VmbusDriver {
  readonly name = 'hv_balloon';
  readonly classIds = [deviceClassId('balloon')];
  readonly probesAsynchronously = true;

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  /** balloon_probe, balloon_connect_vsp */
  *probe({ channel }: VmbusDevice): Procedure<void> {
    const { operations } = this;
    const conversation = new Conversation(operations, channel);
    yield* operations.open(channel, {
      callback: packetCallback(operations, ({ payload }) => {
        const type = messageType(payload);
        if (type === DM.VERSION_RESPONSE || type === DM.CAPABILITIES_RESPONSE) conversation.receive(payload);
      }),
      ringPages: RING_PAGES,
    });
    try {
      const version = yield* negotiate(conversation);
      const text = `Using Dynamic Memory protocol version ${version >>> 16}.${version & 0xffff}`;
      channel.machine.log.printk(`hv_balloon: ${text}`);
      const report = typedMessage(DM.CAPABILITIES_REPORT);
      const answer = yield* conversation.request(report, { timeoutNs: TIMEOUT_NS, flags: 0 });
      if (messageWord(answer) !== 1) throw new ErrnoError('EPROTO', 'the host wants no dynamic memory');
    } catch (error) {
      yield* operations.close(channel);
      throw error;
    }
  }

  /** balloon_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** balloon_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** balloon_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.probe(device);
  }
}

/** Returns the version that both speak. */
function* negotiate(conversation: Conversation): Procedure<number> {
  for (const version of dmVersions) {
    const request = typedMessage(DM.VERSION_REQUEST, version);
    const answer = yield* conversation.request(request, { timeoutNs: TIMEOUT_NS, flags: 0 });
    if (messageWord(answer) === 1) return version;
  }
  throw new ErrnoError(
    'EPROTO',
    'the host speaks none of the versions of dynamic memory that the driver does',
  );
}
