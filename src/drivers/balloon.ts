import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { DM, dmVersions, messageType, messageWord, typedMessage } from '../host/protocols/pipe.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { Conversation } from './conversation/conversation.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { injectable, injectFromBase } from './injection.js';

const TIMEOUT_NS: Ns = 5_000_000_000;

/**
 * Dynamic memory (drivers/hv/hv_balloon.c), as far as the talk with the host: memory neither comes nor goes, as in every
 * guest that can hibernate. The reports of memory pressure, which the host does not answer, are left out.
 */
@injectable()
@injectFromBase()
export class BalloonDriver extends VscDriver {
  readonly name = 'hv_balloon';
  readonly classIds = [deviceClassId('balloon')];
  /** 16 KiB of data and the header (dm_ring_size). */
  protected readonly ringPages = 5;

  protected client({ channel }: VmbusDevice, conversation: Conversation): VspClient {
    const { log } = channel.machine;
    const [newest, ...older] = dmVersions;
    let version: number | undefined = newest;
    return {
      receive: (packet) => {
        const payload = packet.payload();
        const type = messageType(payload);
        switch (type) {
          case DM.VERSION_RESPONSE:
            if (messageWord(payload) === 0) version = older.shift();
            if (messageWord(payload) === 0 && version !== undefined) request(conversation, version);
            else conversation.receive(payload);
            break;
          case DM.CAPABILITIES_RESPONSE:
            if (messageWord(payload) === 0) log.prErr('hv_balloon: Capabilities not accepted by host');
            conversation.receive(payload);
            break;
          case DM.BALLOON_REQUEST:
            log.printk('hv_balloon: Ignore balloon-up request!');
            break;
          case DM.UNBALLOON_REQUEST:
            log.printk('hv_balloon: Ignore balloon-down request!');
            break;
          case DM.MEM_HOT_ADD_REQUEST:
            log.printk('hv_balloon: Ignore hot-add request!');
            conversation.trySend(typedMessage(DM.MEM_HOT_ADD_RESPONSE));
            break;
          case DM.INFO_MESSAGE:
            break;
          default:
            log.prWarn(`hv_balloon: Unhandled message: type: ${type & 0xffff}`);
        }
      },
      *connectToVsp() {
        request(conversation, newest);
        yield* conversation.wait({ timeoutNs: TIMEOUT_NS });
        if (version === undefined)
          throw new ErrnoError('EPROTO', 'the host speaks no version of dynamic memory that the driver does');
        const text = `Using Dynamic Memory protocol version ${version >>> 16}.${version & 0xffff}`;
        log.printk(`hv_balloon: ${text}`);
        const answer = yield* conversation.request(typedMessage(DM.CAPABILITIES_REPORT), {
          timeoutNs: TIMEOUT_NS,
          flags: 0,
        });
        if (messageWord(answer) === 0) throw new ErrnoError('EPROTO', 'the host wants no dynamic memory');
      },
    };
  }
}

/** Proposes a version; the next one follows in the channel's callback if the host refuses (version_resp). */
function request(conversation: Conversation, version: number): void {
  conversation.expect();
  conversation.trySend(typedMessage(DM.VERSION_REQUEST, version));
}
