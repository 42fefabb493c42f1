import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { KernelLog } from '../machine/log.js';
import type { Procedure } from '../machine/step.js';
import {
  messageType,
  messageWord,
  SYNTH_HID,
  SYNTH_HID_VERSION,
  typedMessage,
} from '../host/protocols/pipe.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { COMPLETION_REQUESTED, VM_PKT } from '../vmbus/ring/index.js';
import type { Conversation } from './conversation/conversation.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { injectable, injectFromBase } from './injection.js';

/** How long the host may take for each message. */
const TIMEOUT_NS: Ns = 5_000_000_000;

/** The mouse (drivers/hid/hid-hyperv.c). What it reports is not modelled. */
@injectable()
@injectFromBase()
export class MouseDriver extends VscDriver {
  readonly name = 'hid_hyperv';
  readonly classIds = [deviceClassId('mouse')];
  /** 36 KiB of data and the header. */
  protected readonly ringPages = 10;

  protected client({ channel }: VmbusDevice, conversation: Conversation): VspClient {
    return {
      receive: ({ type, payload }) => {
        if (type === VM_PKT.DATA_INBAND && messageType(payload) !== SYNTH_HID.INPUT_REPORT) {
          conversation.receive(payload);
        }
      },
      connectToVsp: () => connectToVsp(conversation, channel.machine.log),
    };
  }
}

/** mousevsc_connect_to_vsp: the host answers, and describes the device right after. */
function* connectToVsp(conversation: Conversation, log: KernelLog): Procedure<void> {
  const request = typedMessage(SYNTH_HID.PROTOCOL_REQUEST, SYNTH_HID_VERSION);
  let answer = yield* conversation.request(request, { timeoutNs: TIMEOUT_NS });
  if (messageType(answer) === SYNTH_HID.PROTOCOL_RESPONSE) {
    if (messageWord(answer) === 0) {
      log.printk(`synthhid protocol request failed (version ${SYNTH_HID_VERSION})`);
      throw new ErrnoError('ENODEV', 'the host refused the protocol of the mouse');
    }
    conversation.expect();
    answer = yield* conversation.wait(TIMEOUT_NS);
  }
  conversation.trySend(typedMessage(SYNTH_HID.INITIAL_DEVICE_INFO_ACK), COMPLETION_REQUESTED);
}
