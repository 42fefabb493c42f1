import type { Relid } from '../lib/brand.js';
import { inFunction, type Procedure } from '../machine/step.js';
import { VMBUS_CONNECT_CPU } from '../vmbus/channel/placement.js';
import { type ChannelMessage, CHANNELMSG, type OfferChannel } from '../vmbus/protocol/channel-messages.js';
import type { RaceGuest } from './race-guest.js';

/**
 * The host of a race says yes, within the step that asks, to what the race is not about: shared memory, and channels
 * that are opened.
 *
 * @returns false for a message that it has no answer to.
 */
export function answersAtOnce({ vmbus: { messages } }: RaceGuest, message: ChannelMessage): boolean {
  switch (message.type) {
    case CHANNELMSG.GPADL_HEADER: {
      const { childRelid, gpadl } = message;
      messages.handle({ type: CHANNELMSG.GPADL_CREATED, childRelid, gpadl, creationStatus: 0 });
      return true;
    }
    case CHANNELMSG.GPADL_TEARDOWN:
      messages.handle({ type: CHANNELMSG.GPADL_TORNDOWN, gpadl: message.gpadl });
      return true;
    case CHANNELMSG.OPENCHANNEL: {
      const { childRelid, openId } = message;
      messages.handle({ type: CHANNELMSG.OPENCHANNEL_RESULT, childRelid, openId, status: 0 });
      return true;
    }
    default:
      return false;
  }
}

/** The host of a race answers the MODIFYCHANNEL that is the guest's message number `index`. */
export function* answersModifychannel(guest: RaceGuest, index: number): Procedure<void> {
  const message = guest.sent[index];
  if (message.type === CHANNELMSG.MODIFYCHANNEL) yield* respondsToModifychannel(guest, message.childRelid);
}

/** The host of a race says that it has followed a MODIFYCHANNEL. */
export function* respondsToModifychannel({ vmbus }: RaceGuest, childRelid: Relid): Procedure<void> {
  const response = { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid, status: 0 } as const;
  yield* inFunction('vmbus_onmodifychannel_response', vmbus.messages.handleSteps(response));
}

/** Has the work of an offer queued, as the handler of its message does. */
export function queueOffer({ connection, vmbus }: RaceGuest, offer: OfferChannel): void {
  connection.workQueue.queue(
    () => inFunction('vmbus_onoffer', vmbus.management.onOffer(offer)),
    VMBUS_CONNECT_CPU,
  );
}

/** Has the work of a rescind queued, as the handler of its message does. */
export function queueRescind({ connection, vmbus }: RaceGuest, childRelid: Relid): void {
  const message = { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid } as const;
  connection.rescindWorkQueue.queue(
    () => inFunction('vmbus_onoffer_rescind', vmbus.management.onRescind(message)),
    VMBUS_CONNECT_CPU,
  );
}
