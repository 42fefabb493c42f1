import type { Relid } from '../lib/brand.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { CHANNELMSG, type OfferChannel } from '../vmbus/protocol/channel-messages.js';
import { type Guid, parseGuid } from '../vmbus/protocol/guid.js';

const noUserData = new Uint8Array(0);
const someClass = deviceClassId('kvp');

/** An instance id made of a relid. */
export function instanceOf(relid: Relid): Guid {
  const digits = relid.toString(16).padStart(4, '0');
  return parseGuid(`0000${digits}-${digits}-4000-8000-000000000000`);
}

// Parsing a GUID costs more than the rest of an offer, and a race makes the same one for each execution.
const instances = new Map<Relid, Guid>();

function usualInstance(relid: Relid): Guid {
  let instance = instances.get(relid);
  if (instance === undefined) {
    instance = instanceOf(relid);
    instances.set(relid, instance);
  }
  return instance;
}

/** What the host offers as `relid`: the primary channel of a device without a driver. */
export function offerOf(relid: Relid, instanceId = usualInstance(relid)): OfferChannel {
  return {
    type: CHANNELMSG.OFFERCHANNEL,
    classId: someClass,
    instanceId,
    flags: 0,
    mmioMegabytes: 0,
    userDefined: noUserData,
    subChannelIndex: 0,
    childRelid: relid,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicatedInterrupt: true,
    connectionId: relid,
  };
}
