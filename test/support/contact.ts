import { CHANNELMSG, type ChannelMessage } from '../../src/vmbus/protocol/channel-messages.js';

type Contact = Extract<ChannelMessage, { type: typeof CHANNELMSG.INITIATE_CONTACT }>;

/** INITIATE_CONTACT of a guest that wants its answers on SINT 2 of CPU 0, and no more than it must say. */
export function initiateContact(fields: Pick<Contact, 'version'> & Partial<Contact>): Contact {
  return {
    type: CHANNELMSG.INITIATE_CONTACT,
    targetVcpu: 0,
    interruptPage: 0,
    msgSint: 2,
    msgVtl: 0,
    featureFlags: 0,
    monitorPage1: 0,
    monitorPage2: 0,
    ...fields,
  };
}
