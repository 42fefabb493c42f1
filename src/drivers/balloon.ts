import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import { DM, dmVersions, messageType, messageWord, typedMessage } from '../host/protocols/pipe.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { Conversation } from './conversation/conversation.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { injectable, injectFromBase } from './injection.js';

const TIMEOUT_NS: Ns = 5_000_000_000;

/** Dynamic memory (drivers/hv/hv_balloon.c), as far as the talk with the host when it starts. */
@injectable()
@injectFromBase()
export class BalloonDriver extends VscDriver {
  readonly name = 'hv_balloon';
  readonly classIds = [deviceClassId('balloon')];
  /** 16 KiB of data and the header (dm_ring_size). */
  protected readonly ringPages = 5;

  protected client({ channel }: VmbusDevice, conversation: Conversation): VspClient {
    const { log } = channel.machine;
    return {
      receive: ({ payload }) => {
        const type = messageType(payload);
        if (type === DM.VERSION_RESPONSE || type === DM.CAPABILITIES_RESPONSE) conversation.receive(payload);
      },
      *connectToVsp() {
        const version = yield* negotiate(conversation);
        const text = `Using Dynamic Memory protocol version ${version >>> 16}.${version & 0xffff}`;
        log.printk(`hv_balloon: ${text}`);
        const answer = yield* ask(conversation, typedMessage(DM.CAPABILITIES_REPORT));
        if (messageWord(answer) === 1) return;
        log.printk('hv_balloon: Capabilities not accepted by host');
        throw new ErrnoError('EPROTO', 'the host wants no dynamic memory');
      },
    };
  }
}

/** balloon_connect_vsp, its first part. Returns the version that both speak. */
function* negotiate(conversation: Conversation): Procedure<number> {
  for (const version of dmVersions) {
    const answer = yield* ask(conversation, typedMessage(DM.VERSION_REQUEST, version));
    if (messageWord(answer) === 1) return version;
  }
  throw new ErrnoError(
    'EPROTO',
    'the host speaks none of the versions of dynamic memory that the driver does',
  );
}

function* ask(conversation: Conversation, message: Uint8Array): Procedure<Uint8Array> {
  return yield* conversation.request(message, { timeoutNs: TIMEOUT_NS, flags: 0 });
}
