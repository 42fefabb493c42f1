import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import {
  messageType,
  messageWord,
  SYNTH_HID,
  SYNTH_HID_VERSION,
  SYNTH_KBD,
  SYNTH_KBD_VERSION,
  typedMessage,
} from '../host/protocols/pipe.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import { COMPLETION_REQUESTED, VM_PKT } from '../vmbus/ring/index.js';
import { Conversation } from './support/conversation.js';
import { packetCallback } from './support/packets.js';
import { inject, injectable } from './injection.js';

/** Pages of each ring: 36 KiB of data and the header. */
const RING_PAGES = 10;
const MOUSE_TIMEOUT_NS = 5_000_000_000;
const KEYBOARD_TIMEOUT_NS = 10_000_000_000;

/** The mouse (drivers/hid/hid-hyperv.c). What it reports is not modelled. */
@injectable()
export class MouseDriver implements VmbusDriver {
  readonly name = 'hid_hyperv';
  readonly classIds = [deviceClassId('mouse')];
  readonly probesAsynchronously = true;

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  /** mousevsc_probe, mousevsc_connect_to_vsp */
  *probe({ channel }: VmbusDevice): Procedure<void> {
    const conversation = new Conversation(this.operations, channel);
    yield* this.operations.open(channel, {
      callback: packetCallback(this.operations, ({ type, payload }) => {
        if (type === VM_PKT.DATA_INBAND && messageType(payload) !== SYNTH_HID.INPUT_REPORT) {
          conversation.receive(payload);
        }
      }),
      ringPages: RING_PAGES,
    });
    try {
      yield* connectMouse(conversation);
    } catch (error) {
      yield* this.operations.close(channel);
      throw error;
    }
  }

  /** mousevsc_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** mousevsc_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** mousevsc_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.probe(device);
  }
}

/** The host answers, and describes the device right after. */
function* connectMouse(conversation: Conversation): Procedure<void> {
  const request = typedMessage(SYNTH_HID.PROTOCOL_REQUEST, SYNTH_HID_VERSION);
  let answer = yield* conversation.request(request, { timeoutNs: MOUSE_TIMEOUT_NS });
  if (messageType(answer) === SYNTH_HID.PROTOCOL_RESPONSE) {
    if (messageWord(answer) === 0)
      throw new ErrnoError('ENODEV', 'the host refused the protocol of the mouse');
    conversation.expect();
    answer = yield* conversation.wait(MOUSE_TIMEOUT_NS);
  }
  conversation.trySend(typedMessage(SYNTH_HID.INITIAL_DEVICE_INFO_ACK), COMPLETION_REQUESTED);
}

/** The keyboard (drivers/input/serio/hyperv-keyboard.c). Its keys are not modelled. */
@injectable()
export class KeyboardDriver implements VmbusDriver {
  readonly name = 'hyperv_keyboard';
  readonly classIds = [deviceClassId('keyboard')];
  readonly probesAsynchronously = true;

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  /** hv_kbd_probe, hv_kbd_connect_to_vsp */
  *probe({ channel }: VmbusDevice): Procedure<void> {
    const conversation = new Conversation(this.operations, channel);
    yield* this.operations.open(channel, {
      callback: packetCallback(this.operations, ({ payload }) => {
        if (messageType(payload) === SYNTH_KBD.PROTOCOL_RESPONSE) conversation.receive(payload);
      }),
      ringPages: RING_PAGES,
    });
    try {
      const request = typedMessage(SYNTH_KBD.PROTOCOL_REQUEST, SYNTH_KBD_VERSION);
      const answer = yield* conversation.request(request, { timeoutNs: KEYBOARD_TIMEOUT_NS });
      if (messageWord(answer) !== 1)
        throw new ErrnoError('ENODEV', 'the host refused the protocol of the keyboard');
    } catch (error) {
      yield* this.operations.close(channel);
      throw error;
    }
  }

  /** hv_kbd_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** hv_kbd_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** hv_kbd_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.probe(device);
  }
}
