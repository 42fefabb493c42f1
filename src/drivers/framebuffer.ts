import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import {
  messageType,
  messageWord,
  SYNTHVID,
  synthvidVersions,
  typedMessage,
} from '../host/protocols/pipe.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import { Conversation } from './support/conversation.js';
import { packetCallback } from './support/packets.js';
import { inject, injectable } from './injection.js';

/** Pages of each ring (RING_BUFSIZE, 256 KiB). */
const RING_PAGES = 64;
const TIMEOUT_NS = 10_000_000_000;
/** Where the framebuffer would be; the host only gives the value back. */
const VRAM_LOCATION = 0xf800_0000;

/** What the host answers to, and the driver waits for. */
const answers: readonly number[] = [
  SYNTHVID.VERSION_RESPONSE,
  SYNTHVID.RESOLUTION_RESPONSE,
  SYNTHVID.VRAM_LOCATION_ACK,
];

/** The framebuffer (drivers/video/fbdev/hyperv_fb.c): the talk with the host; there is no picture. */
@injectable()
export class FramebufferDriver implements VmbusDriver {
  readonly name = 'hyperv_fb';
  readonly classIds = [deviceClassId('framebuffer')];
  readonly probesAsynchronously = true;

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  /** hvfb_probe, synthvid_connect_vsp, synthvid_send_config */
  *probe({ channel }: VmbusDevice): Procedure<void> {
    const conversation = new Conversation(this.operations, channel);
    let ready = false;
    yield* this.operations.open(channel, {
      callback: packetCallback(this.operations, ({ payload }) => {
        const type = messageType(payload);
        if (answers.includes(type)) conversation.receive(payload);
        else if (type === SYNTHVID.FEATURE_CHANGE && ready) sendPicture(conversation);
      }),
      ringPages: RING_PAGES,
    });
    try {
      yield* negotiate(conversation);
      yield* ask(conversation, SYNTHVID.RESOLUTION_REQUEST, 0);
      const ack = yield* ask(conversation, SYNTHVID.VRAM_LOCATION, VRAM_LOCATION);
      if (messageWord(ack) !== VRAM_LOCATION)
        throw new ErrnoError('ENODEV', 'the host put the framebuffer elsewhere');
      ready = true;
      sendPicture(conversation);
    } catch (error) {
      yield* this.operations.close(channel);
      throw error;
    }
  }

  /** hvfb_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** hvfb_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** hvfb_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.probe(device);
  }
}

function* negotiate(conversation: Conversation): Procedure<void> {
  for (const version of synthvidVersions) {
    const answer = yield* ask(conversation, SYNTHVID.VERSION_REQUEST, version);
    if (messageWord(answer) === 1) return;
  }
  throw new ErrnoError('ENODEV', 'the host speaks none of the framebuffer versions that the driver does');
}

function* ask(conversation: Conversation, type: number, word: number): Procedure<Uint8Array> {
  return yield* conversation.request(typedMessage(type, word), { timeoutNs: TIMEOUT_NS, flags: 0 });
}

/** Where and how the pointer is, and what is shown (synthvid_send_ptr, synthvid_send_situ). */
function sendPicture(conversation: Conversation): void {
  conversation.trySend(typedMessage(SYNTHVID.POINTER_POSITION));
  conversation.trySend(typedMessage(SYNTHVID.POINTER_SHAPE));
  conversation.trySend(typedMessage(SYNTHVID.SITUATION_UPDATE));
}
