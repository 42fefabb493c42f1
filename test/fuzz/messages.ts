import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import { CHANNELMSG, type ChannelMessage, encodeMessage } from '../../src/vmbus/protocol/channel-messages.js';
import { instanceOf } from '../support/guest.js';

/** Relids of the fuzzed guest's devices, of its sub-channels, and such as no channel can have. */
export const relids = [1, 2, 3, 4, 5, 9, 10, 11, 50, 51, 0, 77, 2047, 2048, 0xffffffff];
const classes = ['nic', 'scsi', 'heartbeat', 'shutdown', 'balloon', 'pci', 'keyboard', 'nd'].map(
  deviceClassId,
);
const instances = [1, 2, 3, 4, 5, 77].map(instanceOf);
const words = [0, 1, 2, 8, 0xff, 0xc0000001, 0x7fffffff, 0xffffffff];
const FIRST_GPADL = 0xe1e10;

function pick<T>(items: readonly T[], n: number): T {
  return items[n % items.length];
}

/** A message that a host may send, or that only a guest may: made of three numbers, plausible more often than not. */
export function hostMessage(a: number, b: number, c: number): Uint8Array {
  return encodeMessage(messageOf(a, b, c));
}

function messageOf(a: number, b: number, c: number): ChannelMessage {
  const childRelid = pick(relids, b);
  const word = pick(words, c);
  const gpadl = FIRST_GPADL + (c % 40);
  switch (a % 12) {
    case 0:
    case 1:
      return {
        type: CHANNELMSG.OFFERCHANNEL,
        classId: pick(classes, c),
        instanceId: pick(instances, c >>> 8),
        flags: pick([0, 0, 0, 0x2000, 0xffff], c >>> 4),
        mmioMegabytes: 0,
        userDefined: new Uint8Array(0),
        subChannelIndex: pick([0, 0, 1, 2, 3, 0xffff], c >>> 12),
        childRelid,
        monitorId: c & 0xff,
        monitorAllocated: (c & 1) !== 0,
        isDedicatedInterrupt: true,
        connectionId: pick([0x10000 + childRelid, 0, 0xffffffff], c >>> 16) >>> 0,
      };
    case 2:
      return { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid };
    case 4:
      return { type: CHANNELMSG.ALLOFFERS_DELIVERED };
    case 5:
      return {
        type: CHANNELMSG.OPENCHANNEL_RESULT,
        childRelid,
        openId: pick([childRelid, word], c >>> 4),
        status: word,
      };
    case 6:
      return { type: CHANNELMSG.GPADL_CREATED, childRelid, gpadl, creationStatus: word };
    case 7:
      return { type: CHANNELMSG.GPADL_TORNDOWN, gpadl };
    case 8:
      return { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid, status: word };
    case 9:
      return {
        type: CHANNELMSG.VERSION_RESPONSE,
        versionSupported: (c & 1) !== 0,
        connectionState: 0,
        msgConnId: word,
      };
    case 3:
    case 10:
      return { type: CHANNELMSG.UNLOAD_RESPONSE };
    default:
      return pick<ChannelMessage>(
        [
          { type: CHANNELMSG.REQUESTOFFERS },
          { type: CHANNELMSG.MODIFYCHANNEL, childRelid, targetVp: word },
          { type: CHANNELMSG.CLOSECHANNEL, childRelid },
          { type: CHANNELMSG.RELID_RELEASED, childRelid },
        ],
        c,
      );
  }
}

/** The honest answer that ends the guest's wait for this message of its own; undefined if it waits for none. */
export function lastAnswer(message: ChannelMessage): ChannelMessage | undefined {
  switch (message.type) {
    case CHANNELMSG.INITIATE_CONTACT:
      return { type: CHANNELMSG.VERSION_RESPONSE, versionSupported: true, connectionState: 0, msgConnId: 4 };
    case CHANNELMSG.REQUESTOFFERS:
      return { type: CHANNELMSG.ALLOFFERS_DELIVERED };
    case CHANNELMSG.OPENCHANNEL:
      return {
        type: CHANNELMSG.OPENCHANNEL_RESULT,
        childRelid: message.childRelid,
        openId: message.openId,
        status: 1,
      };
    case CHANNELMSG.GPADL_HEADER:
      return {
        type: CHANNELMSG.GPADL_CREATED,
        childRelid: message.childRelid,
        gpadl: message.gpadl,
        creationStatus: 1,
      };
    case CHANNELMSG.UNLOAD:
      return { type: CHANNELMSG.UNLOAD_RESPONSE };
    case CHANNELMSG.GPADL_TEARDOWN:
      return { type: CHANNELMSG.GPADL_TORNDOWN, gpadl: message.gpadl };
    default:
      return undefined;
  }
}
