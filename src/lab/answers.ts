import { inFunction, type Procedure } from '../machine/step.js';
import { type ChannelMessage, CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
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
export function* answersModifychannel({ sent, vmbus }: RaceGuest, index: number): Procedure<void> {
  const message = sent[index];
  if (message.type !== CHANNELMSG.MODIFYCHANNEL) return;
  const { childRelid } = message;
  const response = { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid, status: 0 } as const;
  yield* inFunction('vmbus_onmodifychannel_response', vmbus.messages.handleSteps(response));
}
