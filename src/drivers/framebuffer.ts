import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import {
  messageType,
  messageWord,
  SYNTHVID,
  SYNTHVID_VERSION_WIN8,
  SYNTHVID_VERSION_WIN10,
  typedMessage,
} from '../host/protocols/pipe.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { VERSION_WIN8, VERSION_WIN8_1, VERSION_WIN10, VERSION_WIN10_V5 } from '../vmbus/protocol/versions.js';
import type { Conversation } from './conversation/conversation.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { devPrintk } from './dev-printk.js';
import { injectable, injectFromBase } from './injection.js';
import { kernLevel } from '../machine/log.js';

const TIMEOUT_NS: Ns = 10_000_000_000;
/** Where the framebuffer would be; the host only gives the value back. */
const VRAM_LOCATION = 0xf800_0000;
/** What is shown where the host names no resolution (HVFB_WIDTH, HVFB_HEIGHT). */
const DEFAULT_RESOLUTION = { width: 1152, height: 864 };
const DEPTH_BITS = 32;
const MIB = 1024 * 1024;

/** What the host answers to, and the driver waits for. */
const answers: readonly number[] = [
  SYNTHVID.VERSION_RESPONSE,
  SYNTHVID.RESOLUTION_RESPONSE,
  SYNTHVID.VRAM_LOCATION_ACK,
];

/** Versions that are offered on a VMBus of version `wire`, one after the other (synthvid_connect_vsp). */
function versionsFor(wire: number): readonly number[] {
  switch (wire) {
    case VERSION_WIN10:
    case VERSION_WIN10_V5:
      return [SYNTHVID_VERSION_WIN10, SYNTHVID_VERSION_WIN8];
    case VERSION_WIN8:
    case VERSION_WIN8_1:
      return [SYNTHVID_VERSION_WIN8];
    default:
      return [SYNTHVID_VERSION_WIN10];
  }
}

/** Where hyperv_fb and hyperv_drm say something else, or do. */
interface FramebufferManner {
  /** The log tells of each version that the host does not want, and what the last failure was. */
  readonly saysMore: boolean;
  readonly unableToConnect: string;
  /** What is wrong where resolutions are not known; an error or not. */
  readonly isResolutionError: boolean;
  /** Goes on at boot where video memory is not where it should be. */
  readonly needsVram: boolean;
  /** FEATURE_CHANGE is answered. */
  readonly answersFeatureChange: boolean;
}

const manners: Readonly<Record<'hyperv_fb' | 'hyperv_drm', FramebufferManner>> = {
  hyperv_fb: {
    saysMore: false,
    unableToConnect: 'Unable to connect to VSP',
    isResolutionError: false,
    needsVram: true,
    answersFeatureChange: true,
  },
  hyperv_drm: {
    saysMore: true,
    unableToConnect: 'Failed to connect to vmbus.',
    isResolutionError: true,
    needsVram: false,
    answersFeatureChange: false,
  },
};

/** The framebuffer (drivers/video/fbdev/hyperv_fb.c; drivers/gpu/drm/hyperv): the talk with the host; there is no picture. */
@injectable()
@injectFromBase()
export class FramebufferDriver extends VscDriver {
  readonly name = this.operations.kernel.framebufferDriver;
  readonly classIds = [deviceClassId('framebuffer')];
  /** RING_BUFSIZE, 256 KiB. */
  protected readonly ringPages = 64;
  private readonly manner = manners[this.name];
  /** Devices whose host speaks a version that the driver does. */
  private readonly connected = new WeakSet<VmbusDevice>();

  /** hvfb_probe, hyperv_vmbus_probe */
  override *probe(device: VmbusDevice): Procedure<void> {
    this.connected.delete(device);
    try {
      yield* super.probe(device);
    } catch (error) {
      if (!this.connected.has(device)) this.say(device, this.manner.unableToConnect);
      throw error;
    }
  }

  protected override *open(device: VmbusDevice): Procedure<VspClient> {
    try {
      return yield* super.open(device);
    } catch (error) {
      this.say(device, 'Unable to open vmbus channel');
      throw error;
    }
  }

  protected client(device: VmbusDevice, conversation: Conversation): VspClient {
    const { manner } = this;
    let ready = false;
    const show = (): void => {
      ready = manner.answersFeatureChange;
      sendPicture(conversation);
    };
    return {
      receive: (packet) => {
        const payload = packet.payload();
        const type = messageType(payload);
        if (answers.includes(type)) conversation.receive(payload);
        else if (type === SYNTHVID.FEATURE_CHANGE && ready) sendPicture(conversation);
      },
      connectToVsp: () => this.start(device, conversation, show),
      reconnect: () => this.startAgain(device, conversation, show),
    };
  }

  private *start(device: VmbusDevice, conversation: Conversation, show: () => void): Procedure<void> {
    const { width, height } = yield* this.connectVsp(device, conversation);
    this.connected.add(device);
    if (this.name === 'hyperv_fb') {
      const bytes = device.channel.offer.mmioMegabytes * MIB;
      const text = `Screen resolution: ${width}x${height}, Color depth: ${DEPTH_BITS}, Frame buffer size: ${bytes}`;
      this.say(device, text, false);
    }
    try {
      yield* this.sendVramLocation(device, conversation);
    } catch (error) {
      if (this.manner.needsVram || !(error instanceof ErrnoError)) throw error;
      this.say(device, 'Failed to update vram location.', false);
    }
    show();
  }

  /** hvfb_resume; hyperv_vmbus_resume, which leaves the channel open where only video memory is not in place. */
  private *startAgain(device: VmbusDevice, conversation: Conversation, show: () => void): Procedure<void> {
    let closes = true;
    try {
      yield* this.connectVsp(device, conversation);
      closes = this.manner.needsVram;
      yield* this.sendVramLocation(device, conversation);
    } catch (error) {
      if (closes) yield* this.operations.close(device.channel);
      throw error;
    }
    show();
  }

  /** Agrees on a version, and asks which resolutions there are (synthvid_connect_vsp, hyperv_connect_vsp). */
  private *connectVsp(device: VmbusDevice, conversation: Conversation): Procedure<Resolution> {
    const version = yield* this.negotiate(device, conversation);
    if (version !== SYNTHVID_VERSION_WIN10) return DEFAULT_RESOLUTION;
    const answer = yield* this.answerTo(
      device,
      'resolution response',
      conversation,
      SYNTHVID.RESOLUTION_REQUEST,
      0,
    );
    if (typeof answer !== 'number' && messageWord(answer) !== 0) return resolutionOf(messageWord(answer));
    if (typeof answer !== 'number') {
      this.say(device, this.manner.saysMore ? 'Invalid resolution count: 0' : 'No supported resolutions');
    }
    const text = 'Failed to get supported resolution from host, use default';
    this.say(device, text, this.manner.isResolutionError);
    return DEFAULT_RESOLUTION;
  }

  /** @returns the version that both speak. */
  private *negotiate(device: VmbusDevice, conversation: Conversation): Procedure<number> {
    const { saysMore } = this.manner;
    let failed = new ErrnoError(
      'ENODEV',
      'the host speaks no version of the framebuffer that the driver does',
    );
    for (const version of versionsFor(this.operations.protocolVersion)) {
      const answer = yield* this.answerTo(
        device,
        'version response',
        conversation,
        SYNTHVID.VERSION_REQUEST,
        version,
      );
      if (typeof answer === 'number') failed = new ErrnoError('ETIMEDOUT', 'the host names no version');
      else if (messageWord(answer) !== 0) {
        this.say(device, `Synthvid Version major ${version & 0xffff}, minor ${version >>> 16}`, false);
        return version;
      } else {
        failed = new ErrnoError('ENODEV', 'the host refused the version of the framebuffer');
        if (saysMore) this.say(device, 'Version request not accepted');
      }
    }
    const detail = saysMore ? ` ${failed.errno}` : '';
    this.say(device, `Synthetic video device version not accepted${detail}`);
    throw failed;
  }

  /** Says where video memory is (synthvid_send_config, hyperv_update_vram_location). */
  private *sendVramLocation(device: VmbusDevice, conversation: Conversation): Procedure<void> {
    const ack = yield* this.answerTo(
      device,
      'vram location ack',
      conversation,
      SYNTHVID.VRAM_LOCATION,
      VRAM_LOCATION,
    );
    if (typeof ack === 'number')
      throw new ErrnoError('ETIMEDOUT', 'the host does not say where the framebuffer is');
    if (messageWord(ack) === VRAM_LOCATION) return;
    this.say(device, 'Unable to set VRAM location');
    throw new ErrnoError('ENODEV', 'the host put the framebuffer elsewhere');
  }

  /** The host's answer, called `what` in the log; a number if there is none in time. */
  private *answerTo(
    device: VmbusDevice,
    what: string,
    conversation: Conversation,
    type: number,
    word: number,
  ): Procedure<Uint8Array | number> {
    try {
      return yield* conversation.request(typedMessage(type, word), { timeoutNs: TIMEOUT_NS, flags: 0 });
    } catch (error) {
      if (!(error instanceof ErrnoError) || error.code !== 'ETIMEDOUT') throw error;
      this.say(device, `Time out on waiting ${what}`);
      return error.errno;
    }
  }

  private say(device: VmbusDevice, text: string, isError = true): void {
    const level = isError ? kernLevel.ERR : kernLevel.INFO;
    if (this.name === 'hyperv_drm')
      devPrintk(this, device, `[drm] ${isError ? '*ERROR* ' : ''}${text}`, false, level);
    else device.channel.machine.log.printk(`${this.name}: ${text}`, false, level);
  }
}

interface Resolution {
  readonly width: number;
  readonly height: number;
}

/** The default resolution in the host's answer. */
function resolutionOf(word: number): Resolution {
  return { width: word & 0xffff, height: word >>> 16 };
}

/**
 * Where and how the pointer is, and what is shown (synthvid_send_ptr, synthvid_send_situ; hyperv_hide_hw_ptr and
 * hyperv_update_situation, when the picture is switched on).
 */
function sendPicture(conversation: Conversation): void {
  conversation.trySend(typedMessage(SYNTHVID.POINTER_POSITION));
  conversation.trySend(typedMessage(SYNTHVID.POINTER_SHAPE));
  conversation.trySend(typedMessage(SYNTHVID.SITUATION_UPDATE));
}
