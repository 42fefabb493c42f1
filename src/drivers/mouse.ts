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

/** Bytes in front of a packet's payload. */
const PACKET_HEADER_BYTES = 16;
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
    const { log } = channel.machine;
    return {
      receive: (packet) => {
        const { type, transactionId } = packet;
        const payload = packet.payload();
        if (type === VM_PKT.COMP) return;
        if (type === VM_PKT.DATA_INBAND) onReceive(conversation, payload, log);
        else {
          const bytes = PACKET_HEADER_BYTES + payload.length;
          log.prErr(`Unhandled packet type ${type}, tid ${transactionId.toString(16)} len ${bytes}`);
        }
      },
      connectToVsp: () => connectToVsp(conversation, log),
      reconnect: () => connectToVsp(conversation, log),
    };
  }
}

/** mousevsc_on_receive */
function onReceive(conversation: Conversation, payload: Uint8Array, log: KernelLog): void {
  const type = messageType(payload);
  switch (type) {
    case SYNTH_HID.INITIAL_DEVICE_INFO:
      conversation.trySend(typedMessage(SYNTH_HID.INITIAL_DEVICE_INFO_ACK), COMPLETION_REQUESTED);
      conversation.receive(payload);
      break;
    case SYNTH_HID.PROTOCOL_RESPONSE:
      conversation.receive(payload);
      break;
    case SYNTH_HID.INPUT_REPORT:
      break;
    default:
      log.prErr(`unsupported hid msg type - type ${type | 0} len ${messageWord(payload) | 0}`);
  }
}

/** mousevsc_connect_to_vsp: the host answers, and describes the device right after. */
function* connectToVsp(conversation: Conversation, log: KernelLog): Procedure<void> {
  const request = typedMessage(SYNTH_HID.PROTOCOL_REQUEST, SYNTH_HID_VERSION);
  const answer = yield* conversation.request(request, { timeoutNs: TIMEOUT_NS });
  // Both may have come at once.
  if (messageType(answer) === SYNTH_HID.INITIAL_DEVICE_INFO) return;
  if (messageWord(answer) === 0) {
    log.prErr(`synthhid protocol request failed (version ${SYNTH_HID_VERSION})`);
    throw new ErrnoError('ENODEV', 'the host refused the protocol of the mouse');
  }
  conversation.expect();
  yield* conversation.wait({ timeoutNs: TIMEOUT_NS });
}
