import { payloadWord, wordPayload } from './words.js';

// Devices whose messages begin with a type and go on in words: the memory balloon, the mouse, the keyboard and the
// framebuffer. The mouse's and the framebuffer's are wrapped into a pipe header, which carries nothing of interest and
// is left out.

/** Messages of dynamic memory (drivers/hv/hv_balloon.c enum dm_message_type). */
export const DM = {
  VERSION_REQUEST: 1,
  VERSION_RESPONSE: 2,
  CAPABILITIES_REPORT: 3,
  CAPABILITIES_RESPONSE: 4,
  BALLOON_REQUEST: 6,
  UNBALLOON_REQUEST: 8,
  MEM_HOT_ADD_REQUEST: 10,
  MEM_HOT_ADD_RESPONSE: 11,
  INFO_MESSAGE: 12,
} as const;

/** Versions of dynamic memory, newest first: Windows 10, 8, 7. */
export const dmVersions: readonly number[] = [0x20000, 0x10000, 0x00003];

/** Messages of the mouse (drivers/hid/hid-hyperv.c enum synthhid_msg_type). */
export const SYNTH_HID = {
  PROTOCOL_REQUEST: 0,
  PROTOCOL_RESPONSE: 1,
  INITIAL_DEVICE_INFO: 2,
  INITIAL_DEVICE_INFO_ACK: 3,
  INPUT_REPORT: 4,
} as const;
export const SYNTH_HID_VERSION = 0x20000;

/** Messages of the keyboard (drivers/input/serio/hyperv-keyboard.c enum synth_kbd_msg_type). */
export const SYNTH_KBD = { PROTOCOL_REQUEST: 1, PROTOCOL_RESPONSE: 2, EVENT: 3 } as const;
export const SYNTH_KBD_VERSION = 0x10000;

/** Messages of the framebuffer (drivers/video/fbdev/hyperv_fb.c enum synthvid_msg_type). */
export const SYNTHVID = {
  VERSION_REQUEST: 1,
  VERSION_RESPONSE: 2,
  VRAM_LOCATION: 3,
  VRAM_LOCATION_ACK: 4,
  SITUATION_UPDATE: 5,
  SITUATION_UPDATE_ACK: 6,
  POINTER_POSITION: 7,
  POINTER_SHAPE: 8,
  FEATURE_CHANGE: 9,
  RESOLUTION_REQUEST: 13,
  RESOLUTION_RESPONSE: 14,
} as const;
/** Versions of the framebuffer: major below, minor above. */
export const SYNTHVID_VERSION_WIN8 = 0x20003;
export const SYNTHVID_VERSION_WIN10 = 0x50003;

/** A message: type and, where it matters, one word: a version, or 1 for accepted. */
export function typedMessage(type: number, word = 0): Uint8Array {
  return wordPayload(type, word);
}

export function messageType(message: Uint8Array): number {
  return payloadWord(message, 0);
}

export function messageWord(message: Uint8Array): number {
  return payloadWord(message, 1);
}
