import type { Ns } from '../../lib/brand.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import type { GuestPacket, HostBackend, HostChannel, HostDeviceServices } from '../device.js';
import {
  DM,
  dmVersions,
  messageType,
  messageWord,
  SYNTH_HID,
  SYNTH_HID_VERSION,
  SYNTH_KBD,
  SYNTH_KBD_VERSION,
  SYNTHVID,
  SYNTHVID_VERSION_WIN8,
  SYNTHVID_VERSION_WIN10,
  typedMessage,
} from '../protocols/pipe.js';

/** A message to its answer. */
const MESSAGE_NS: Ns = 50_000;

const synthvidVersions: readonly number[] = [SYNTHVID_VERSION_WIN10, SYNTHVID_VERSION_WIN8];
/** 1024 by 768: width below, height above. */
const DEFAULT_RESOLUTION = (768 << 16) | 1024;

/** What the host says to a message of the guest: some messages, in order. */
type Answers = (type: number, word: number) => readonly Uint8Array[];

/** A device that answers messages and never begins. */
class AnsweringBackend implements HostBackend {
  constructor(
    readonly classId: Guid,
    private readonly answers: Answers,
  ) {}

  packet(channel: HostChannel, { payload, transactionId }: GuestPacket, services: HostDeviceServices): void {
    let ns = MESSAGE_NS;
    for (const answer of this.answers(messageType(payload), messageWord(payload))) {
      services.send(channel, answer, transactionId, ns);
      ns += MESSAGE_NS;
    }
  }
}

function accepted(isAccepted: boolean): number {
  return isAccepted ? 1 : 0;
}

/** Dynamic memory: after the guest's capabilities it names the most memory that there may be. */
export function balloonBackend(): HostBackend {
  return new AnsweringBackend(deviceClassId('balloon'), (type, word) => {
    switch (type) {
      case DM.VERSION_REQUEST:
        return [typedMessage(DM.VERSION_RESPONSE, accepted(dmVersions.includes(word)))];
      case DM.CAPABILITIES_REPORT:
        return [typedMessage(DM.CAPABILITIES_RESPONSE, 1), typedMessage(DM.INFO_MESSAGE)];
      default:
        return [];
    }
  });
}

/** The mouse: describes itself right after it accepted the protocol. */
export function mouseBackend(): HostBackend {
  return new AnsweringBackend(deviceClassId('mouse'), (type, word) => {
    if (type !== SYNTH_HID.PROTOCOL_REQUEST) return [];
    const response = typedMessage(SYNTH_HID.PROTOCOL_RESPONSE, accepted(word === SYNTH_HID_VERSION));
    return word === SYNTH_HID_VERSION ? [response, typedMessage(SYNTH_HID.INITIAL_DEVICE_INFO)] : [response];
  });
}

export function keyboardBackend(): HostBackend {
  return new AnsweringBackend(deviceClassId('keyboard'), (type, word) => {
    if (type !== SYNTH_KBD.PROTOCOL_REQUEST) return [];
    return [typedMessage(SYNTH_KBD.PROTOCOL_RESPONSE, accepted(word === SYNTH_KBD_VERSION))];
  });
}

/** The framebuffer: asks for the picture once it knows where that is. */
export function framebufferBackend(): HostBackend {
  return new AnsweringBackend(deviceClassId('framebuffer'), (type, word) => {
    switch (type) {
      case SYNTHVID.VERSION_REQUEST:
        return [typedMessage(SYNTHVID.VERSION_RESPONSE, accepted(synthvidVersions.includes(word)))];
      case SYNTHVID.RESOLUTION_REQUEST:
        return [typedMessage(SYNTHVID.RESOLUTION_RESPONSE, DEFAULT_RESOLUTION)];
      case SYNTHVID.VRAM_LOCATION:
        return [typedMessage(SYNTHVID.VRAM_LOCATION_ACK, word), typedMessage(SYNTHVID.FEATURE_CHANGE)];
      case SYNTHVID.SITUATION_UPDATE:
        return [typedMessage(SYNTHVID.SITUATION_UPDATE_ACK)];
      default:
        return [];
    }
  });
}
