import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import {
  messageType,
  messageWord,
  SYNTH_KBD,
  SYNTH_KBD_VERSION,
  typedMessage,
} from '../host/protocols/pipe.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { VM_PKT } from '../vmbus/ring/index.js';
import type { Conversation } from './conversation/conversation.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { devPrintk } from './dev-printk.js';
import { injectable, injectFromBase } from './injection.js';

/** Bytes in front of a packet's payload. */
const PACKET_HEADER_BYTES = 16;
const TIMEOUT_NS: Ns = 10_000_000_000;
/** Bit of the host's answer. */
const PROTOCOL_ACCEPTED = 1;

/** The keyboard (drivers/input/serio/hyperv-keyboard.c). Its keys are not modelled. */
@injectable()
@injectFromBase()
export class KeyboardDriver extends VscDriver {
  readonly name = 'hyperv_keyboard';
  readonly classIds = [deviceClassId('keyboard')];
  /** 36 KiB of data and the header. */
  protected readonly ringPages = 10;

  protected client(device: VmbusDevice, conversation: Conversation): VspClient {
    return {
      receive: (packet) => {
        const { type, transactionId } = packet;
        const payload = packet.payload();
        if (type === VM_PKT.COMP) return;
        if (type !== VM_PKT.DATA_INBAND) {
          const bytes = PACKET_HEADER_BYTES + payload.length;
          devPrintk(
            this,
            device,
            `unhandled packet type ${type}, tid ${transactionId.toString(16)} len ${bytes}`,
          );
        } else if (messageType(payload) === SYNTH_KBD.PROTOCOL_RESPONSE) conversation.receive(payload);
        else if (messageType(payload) !== SYNTH_KBD.EVENT)
          devPrintk(this, device, `unhandled message type ${messageType(payload) | 0}`);
      },
      connectToVsp: () => this.connectToVsp(device, conversation),
      reconnect: () => this.connectToVsp(device, conversation),
    };
  }

  /** Offers the one version that the driver knows; there is none to fall back to (hv_kbd_connect_to_vsp). */
  private *connectToVsp(device: VmbusDevice, conversation: Conversation): Procedure<void> {
    const request = typedMessage(SYNTH_KBD.PROTOCOL_REQUEST, SYNTH_KBD_VERSION);
    const answer = yield* conversation.request(request, { timeoutNs: TIMEOUT_NS });
    if ((messageWord(answer) & PROTOCOL_ACCEPTED) !== 0) return;
    devPrintk(this, device, `synth_kbd protocol request failed (version ${SYNTH_KBD_VERSION})`);
    throw new ErrnoError('ENODEV', 'the host refused the protocol of the keyboard');
  }
}
