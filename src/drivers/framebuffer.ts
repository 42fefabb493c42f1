import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import {
  messageType,
  messageWord,
  SYNTHVID,
  synthvidVersions,
  typedMessage,
} from '../host/protocols/pipe.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { Conversation } from './conversation/conversation.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { devPrintk } from './dev-printk.js';
import { injectable, injectFromBase } from './injection.js';

const TIMEOUT_NS: Ns = 10_000_000_000;
/** Where the framebuffer would be; the host only gives the value back. */
const VRAM_LOCATION = 0xf800_0000;

/** What the host answers to, and the driver waits for. */
const answers: readonly number[] = [
  SYNTHVID.VERSION_RESPONSE,
  SYNTHVID.RESOLUTION_RESPONSE,
  SYNTHVID.VRAM_LOCATION_ACK,
];

/** The framebuffer (drivers/video/fbdev/hyperv_fb.c; drivers/gpu/drm/hyperv): the talk with the host; there is no picture. */
@injectable()
@injectFromBase()
export class FramebufferDriver extends VscDriver {
  readonly name = this.operations.kernel.framebufferDriver;
  readonly classIds = [deviceClassId('framebuffer')];
  /** RING_BUFSIZE, 256 KiB. */
  protected readonly ringPages = 64;

  protected client(device: VmbusDevice, conversation: Conversation): VspClient {
    const say: Say = (text, isError) => this.say(device, text, isError);
    let ready = false;
    return {
      receive: ({ payload }) => {
        const type = messageType(payload);
        if (answers.includes(type)) conversation.receive(payload);
        else if (type === SYNTHVID.FEATURE_CHANGE && ready) sendPicture(conversation);
      },
      *connectToVsp() {
        yield* negotiate(conversation, say);
        yield* sendConfig(conversation, say);
        ready = true;
        sendPicture(conversation);
      },
    };
  }

  private say(device: VmbusDevice, text: string, isError: boolean): void {
    if (this.name === 'hyperv_drm') devPrintk(this, device, `[drm] ${isError ? '*ERROR* ' : ''}${text}`);
    else device.channel.machine.log.printk(`${this.name}: ${text}`);
  }
}

/** Writes a line of the log, as the driver does. */
type Say = (text: string, isError: boolean) => void;

/** Offers one version after another, newest first, until the host takes one (synthvid_connect_vsp). */
function* negotiate(conversation: Conversation, say: Say): Procedure<void> {
  for (const version of synthvidVersions) {
    const answer = yield* ask(conversation, SYNTHVID.VERSION_REQUEST, version);
    if (messageWord(answer) !== 1) continue;
    say(`Synthvid Version major ${version & 0xffff}, minor ${version >>> 16}`, false);
    return;
  }
  say('Synthetic video device version not accepted', true);
  throw new ErrnoError('ENODEV', 'the host speaks none of the framebuffer versions that the driver does');
}

/**
 * Asks which resolutions there are and says where video memory is (synthvid_get_supported_resolution,
 * synthvid_send_config).
 */
function* sendConfig(conversation: Conversation, say: Say): Procedure<void> {
  yield* ask(conversation, SYNTHVID.RESOLUTION_REQUEST, 0);
  const ack = yield* ask(conversation, SYNTHVID.VRAM_LOCATION, VRAM_LOCATION);
  if (messageWord(ack) === VRAM_LOCATION) return;
  say('Unable to set VRAM location', true);
  throw new ErrnoError('ENODEV', 'the host put the framebuffer elsewhere');
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
