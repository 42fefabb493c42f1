import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { HostChannel } from '../../src/host/device.js';
import { type ServerPort, VmbusServer } from '../../src/host/vmbus-server.js';
import { gpadlMessages } from '../../src/vmbus/gpadl.js';
import { GuestMemory, type MemoryBlock } from '../../src/vmbus/guest-memory.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  VERSION_WIN10_V5_3,
} from '../../src/vmbus/protocol/channel-messages.js';
import { parseGuid } from '../../src/vmbus/protocol/guid.js';
import { initiateContact } from '../support/contact.js';
import { device, instanceOf } from '../support/guest.js';

const REFUSED = 0xc0000001;

/** Writes down what the server does; it is all that there is around it: no clock, no synic, no guest. */
class Recorder implements ServerPort {
  readonly guestMemory = new GuestMemory();
  readonly did: unknown[] = [];

  send(message: ChannelMessage): void {
    const relid = 'childRelid' in message ? [message.childRelid] : [];
    const status = 'status' in message ? [message.status] : [];
    const name = Object.entries(CHANNELMSG).find(([, type]) => type === message.type)?.[0];
    this.did.push([name, ...relid, ...status].join(' '));
  }

  memory(pfns: readonly number[]): MemoryBlock | undefined {
    return this.guestMemory.resolve(pfns);
  }

  messageVpChanged(vp: number): void {
    this.did.push(`messages to ${vp}`);
  }

  guestGone(): void {
    this.did.push('the guest is gone');
  }

  opened({ relid }: HostChannel): void {
    this.did.push(`opened ${relid}`);
  }

  modified(): void {}
}

/** A server with devices, and what has come of each message. */
function serverWith(...devices: readonly ReturnType<typeof device>[]) {
  const port = new Recorder();
  const server = new VmbusServer(port, { version: VERSION_WIN10_V5_3 });
  for (const one of devices) server.offers.offer(one);
  const did = (...messages: readonly ChannelMessage[]): unknown[] => {
    for (const message of messages) {
      server.receive(message);
      expect(brokenInvariants(server)).toEqual([]);
    }
    return port.did.splice(0);
  };
  const share = (relid: number, gpadl: number): ChannelMessage[] => {
    const { pfn, pages } = port.guestMemory.allocate(4);
    const [header, ...bodies] = gpadlMessages(
      relid,
      gpadl,
      Array.from({ length: pages }, (_, i) => pfn + i),
    );
    return [header, ...bodies];
  };
  return { server, port, did, share };
}

function open(childRelid: number, ringBufferGpadl: number): ChannelMessage {
  return {
    type: CHANNELMSG.OPENCHANNEL,
    childRelid,
    openId: childRelid,
    ringBufferGpadl,
    targetVp: 2,
    downstreamPageOffset: 2,
    userData: new Uint8Array(0),
  };
}

const requestOffers: ChannelMessage = { type: CHANNELMSG.REQUESTOFFERS };
const nic = device('nic', 13, { subChannelRelids: [16, 17] });

/** Sentences about what does not hold of the server's state between two messages. */
function brokenInvariants({ offers }: VmbusServer): string[] {
  const broken: string[] = [];
  const reachable = offers.devices.flatMap(({ channels }) => channels);
  if (new Set(reachable).size !== reachable.length) broken.push('a channel of two devices');
  for (const channel of reachable) {
    if (offers.get(channel.relid) !== channel) broken.push(`channel ${channel.relid} is not in the table`);
    if (channel.state.kind === 'rescinded') broken.push(`rescinded channel ${channel.relid} is kept`);
  }
  for (const channel of offers)
    if (channel.state.kind !== 'rescinded' && !reachable.includes(channel))
      broken.push(`channel ${channel.relid} is of no device`);
  for (const { relid, channels } of offers.devices) {
    const indexes = channels.map(({ offer }) => offer.subChannelIndex);
    if (indexes[0] !== 0 || new Set(indexes).size !== indexes.length)
      broken.push(`sub-channels ${indexes} of device ${relid}`);
  }
  return broken;
}

describe('VmbusServer', () => {
  test('a channel from its offer to its end', () => {
    const { did, share, server } = serverWith(device('kvp', 9));
    expect(did(requestOffers)).toEqual(['OFFERCHANNEL 9', 'ALLOFFERS_DELIVERED']);
    expect(did(...share(9, 1))).toEqual(['GPADL_CREATED 9']);
    expect(did(open(9, 1))).toEqual(['OPENCHANNEL_RESULT 9 0', 'opened 9']);
    expect(did({ type: CHANNELMSG.MODIFYCHANNEL, childRelid: 9, targetVp: 3 })).toEqual([
      'MODIFYCHANNEL_RESPONSE 9 0',
    ]);
    expect(server.offers.get(9)?.targetVp).toBe(3);
    expect(did({ type: CHANNELMSG.CLOSECHANNEL, childRelid: 9 })).toEqual([]);
    expect(did({ type: CHANNELMSG.GPADL_TEARDOWN, childRelid: 9, gpadl: 1 })).toEqual(['GPADL_TORNDOWN']);
    expect(did(open(9, 1))).toEqual([`OPENCHANNEL_RESULT 9 ${REFUSED}`]);
    server.offers.rescind(9);
    expect(did()).toEqual(['RESCIND_CHANNELOFFER 9']);
    expect(did({ type: CHANNELMSG.RELID_RELEASED, childRelid: 9 })).toEqual([]);
    expect(server.offers.get(9)).toBeUndefined();
  });

  test('refuses memory for a channel that there is not, and to move one that is closed', () => {
    const { did, share } = serverWith(device('kvp', 9));
    expect(did(...share(10, 1))).toEqual(['GPADL_CREATED 10']);
    expect(did({ type: CHANNELMSG.MODIFYCHANNEL, childRelid: 9, targetVp: 3 })).toEqual([
      `MODIFYCHANNEL_RESPONSE 9 ${REFUSED}`,
    ]);
  });

  test('offers sub-channels again when the guest has released their relids, in order', () => {
    const { did, share, server } = serverWith(nic);
    did(requestOffers, ...share(13, 1), open(13, 1));
    server.offers.offerSubChannels(server.offers.devices[0], 2);
    expect(did()).toEqual(['OFFERCHANNEL 16', 'OFFERCHANNEL 17']);
    expect(did({ type: CHANNELMSG.CLOSECHANNEL, childRelid: 13 })).toEqual([
      'RESCIND_CHANNELOFFER 16',
      'RESCIND_CHANNELOFFER 17',
    ]);
    server.offers.offerSubChannels(server.offers.devices[0], 2);
    expect(did({ type: CHANNELMSG.RELID_RELEASED, childRelid: 17 })).toEqual([]);
    expect(did({ type: CHANNELMSG.RELID_RELEASED, childRelid: 16 })).toEqual([
      'OFFERCHANNEL 16',
      'OFFERCHANNEL 17',
    ]);
  });

  test('forgets its guest at UNLOAD, and the sockets with it', () => {
    const { did, server } = serverWith(nic);
    const hostServiceId = parseGuid('00000050-facb-11e6-bd58-64006a7986d3');
    const connect = {
      type: CHANNELMSG.TL_CONNECT_REQUEST,
      guestEndpointId: instanceOf(1),
      hostServiceId,
    } as const;
    expect(did(requestOffers, connect)).toEqual([
      'OFFERCHANNEL 13',
      'ALLOFFERS_DELIVERED',
      `TL_CONNECT_RESULT ${REFUSED}`,
    ]);
    server.services.add(hostServiceId);
    expect(did(connect)).toEqual(['OFFERCHANNEL 18']);
    expect(() => server.moveRelids()).toThrow('relids do not change while the guest is connected');
    expect(did({ type: CHANNELMSG.UNLOAD })).toEqual(['UNLOAD_RESPONSE']);
    expect([...server.offers].map(({ relid }) => relid)).toEqual([13]);
    server.moveRelids();
    expect(did(requestOffers)).toEqual(['OFFERCHANNEL 18', 'ALLOFFERS_DELIVERED']);
  });

  test('keeps its invariants, whatever its guest says', () => {
    const relid = fc.constantFrom(5, 13, 16, 17, 99);
    const step = fc.oneof(
      relid.map((of) => ({ kind: 'open' as const, relid: of })),
      fc.record({ kind: fc.constantFrom('close', 'release', 'rescind', 'modify', 'ask'), relid }),
      fc.record({ kind: fc.constantFrom('offers', 'unload', 'plug', 'move'), relid }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { did, share, server } = serverWith(device('kvp', 5), nic);
        steps.forEach(({ kind, relid: childRelid }, i) => {
          switch (kind) {
            case 'open':
              did(...share(childRelid, i + 1), open(childRelid, i + 1));
              return;
            case 'close':
              did({ type: CHANNELMSG.CLOSECHANNEL, childRelid });
              return;
            case 'release':
              did({ type: CHANNELMSG.RELID_RELEASED, childRelid });
              return;
            case 'modify':
              did({ type: CHANNELMSG.MODIFYCHANNEL, childRelid, targetVp: 1 });
              return;
            case 'offers':
              did(requestOffers);
              return;
            case 'unload':
              did({ type: CHANNELMSG.UNLOAD });
              return;
            case 'ask': {
              const asking = server.offers.get(childRelid)?.device;
              if (asking !== undefined && server.offers.devices.includes(asking))
                server.offers.offerSubChannels(asking, 2);
              break;
            }
            default:
              refusable(() => {
                if (kind === 'rescind') server.offers.rescind(childRelid);
                else if (kind === 'plug') server.offers.offer(device('vss', childRelid));
                else server.moveRelids();
              });
          }
          expect(brokenInvariants(server)).toEqual([]);
        });
      }),
      { numRuns: 500 },
    );
  });
});

/** What the host cannot do is no finding. */
function refusable(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

describe('a new kernel that makes contact', () => {
  const contact = (targetVcpu: number, version: number = VERSION_WIN10_V5_3): ChannelMessage =>
    initiateContact({ version, targetVcpu });

  test('ends what the host had with one that never left: channels are closed and offered again', () => {
    const { server, did, share } = serverWith(nic);
    did(contact(0), requestOffers, ...share(13, 1), open(13, 1));
    expect(server.offers.get(13)?.state.kind).toBe('open');
    expect(did(contact(3))).toEqual(['the guest is gone', 'messages to 3', 'VERSION_RESPONSE']);
    expect(server.offers.get(13)?.state.kind).toBe('offered');
    expect(did(requestOffers)).toEqual(['OFFERCHANNEL 13', 'ALLOFFERS_DELIVERED']);
  });

  test('gets its answers where it wants them, also to versions that the host refuses', () => {
    const { did } = serverWith(nic);
    expect(did(contact(2, 0x60000), contact(2))).toEqual([
      'messages to 2',
      'VERSION_RESPONSE',
      'messages to 2',
      'VERSION_RESPONSE',
    ]);
  });
});
