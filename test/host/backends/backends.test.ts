import { describe, expect, test } from '@jest/globals';
import { builtinBackends } from '../../../src/host/backends/index.js';
import { NetworkBackend } from '../../../src/host/backends/network.js';
import {
  type GuestPacket,
  type HostBackend,
  HostChannel,
  HostDevice,
  type HostDeviceServices,
} from '../../../src/host/device.js';
import {
  NVSP,
  nvspMessage,
  nvspType,
  nvspWord,
  OID,
  RECEIVE_TABLE_SIZE,
  RNDIS,
  rndisOf,
  rndisPacket,
} from '../../../src/host/protocols/network.js';
import { PCI, pciMessage, pciWord } from '../../../src/host/protocols/pci.js';
import { functionsOf } from '../../../src/host/protocols/pci-functions.js';
import {
  DM,
  messageType,
  messageWord,
  SYNTH_HID,
  SYNTH_KBD,
  SYNTHVID,
  typedMessage,
} from '../../../src/host/protocols/pipe.js';
import {
  maxSubChannelsOf,
  VSTOR,
  vstorOperation,
  vstorProperties,
  vstorRequest,
  vstorStatus,
} from '../../../src/host/protocols/storage.js';
import { ICMSG_HEADER_BYTES, IcMessage, icMessage, ICMSGTYPE } from '../../../src/host/protocols/icmsg.js';
import { payloadWord, wordPayload } from '../../../src/host/protocols/words.js';
import type { OutgoingPacket } from '../../../src/host/outgoing.js';
import type { Ns } from '../../../src/lib/brand.js';
import { MemoryBlock } from '../../../src/vmbus/guest-memory.js';
import { deviceClassId, vmbusDeviceClasses } from '../../../src/vmbus/protocol/class-ids.js';
import { CHANNELMSG } from '../../../src/vmbus/protocol/channel-messages.js';
import { VM_PKT } from '../../../src/vmbus/ring/index.js';
import { device } from '../../support/guest.js';

/** What a backend had the host do. */
class Recorder implements HostDeviceServices {
  readonly sent: { payload: Uint8Array; transactionId: number; ns: Ns; type: number }[] = [];
  readonly inRing: OutgoingPacket[] = [];
  readonly offers: (readonly [count: number, ns: Ns])[] = [];

  constructor(private readonly max = 0) {}

  send(
    _channel: HostChannel,
    payload: Uint8Array,
    transactionId: number,
    ns: Ns,
    type: number = VM_PKT.DATA_INBAND,
  ) {
    this.sent.push({ payload, transactionId, ns, type });
  }

  offerSubChannels(_channel: HostChannel, count: number, ns: Ns): void {
    this.offers.push([count, ns]);
  }

  put(_channel: HostChannel, packets: readonly OutgoingPacket[]): void {
    this.inRing.push(...packets);
  }

  later(_channel: HostChannel, _ns: Ns, action: () => void): void {
    action();
  }

  maxSubChannels(): number {
    return this.max;
  }
}

function backendOf(className: string): HostBackend {
  const backend = builtinBackends().find(({ classId }) => classId === deviceClassId(className));
  if (backend === undefined) throw new Error(`no backend for ${className}`);
  return backend;
}

function channelOf(className: string): HostChannel {
  const options = device(className, 5);
  return new HostChannel(
    {
      type: CHANNELMSG.OFFERCHANNEL,
      ...options,
      flags: 0,
      mmioMegabytes: 0,
      userDefined: new Uint8Array(0),
      subChannelIndex: 0,
      childRelid: 5,
      monitorId: 0xff,
      monitorAllocated: false,
      isDedicatedInterrupt: true,
      connectionId: 5,
    },
    new HostDevice(options, undefined),
  );
}

/** What the backend of a class does with one packet. */
function answersTo(className: string, payload: Uint8Array, max = 0): Recorder {
  const recorder = new Recorder(max);
  const packet: GuestPacket = { payload, transactionId: 77 };
  backendOf(className).packet?.(channelOf(className), packet, recorder);
  return recorder;
}

test('there is a model for each class that a driver serves', () => {
  const served = vmbusDeviceClasses.filter(({ name }) => name !== 'nd').map(({ guid }) => guid);
  expect(new Set(builtinBackends().map(({ classId }) => classId))).toEqual(new Set(served));
  expect(builtinBackends()).toHaveLength(served.length);
});

describe('storage', () => {
  test('completes what a driver begins with, a millisecond each', () => {
    for (const operation of [VSTOR.BEGIN_INITIALIZATION, VSTOR.END_INITIALIZATION, VSTOR.FCHBA_DATA]) {
      const [answer] = answersTo('scsi', vstorRequest(operation)).sent;
      expect(answer).toMatchObject({ transactionId: 77, ns: 1_000_000, type: VM_PKT.COMP });
      expect([vstorOperation(answer.payload), vstorStatus(answer.payload)]).toEqual([VSTOR.COMPLETE_IO, 0]);
    }
  });

  test('refuses operations and versions that it does not know', () => {
    for (const request of [vstorRequest(99), vstorRequest(VSTOR.QUERY_PROTOCOL_VERSION, 0x0500)]) {
      expect(vstorStatus(answersTo('ide', request).sent[0].payload)).toBe(0xc000000d);
    }
    const known = vstorRequest(VSTOR.QUERY_PROTOCOL_VERSION, 0x0600);
    expect(vstorStatus(answersTo('ide', known).sent[0].payload)).toBe(0);
  });

  test('names its sub-channels, and offers what is asked for', () => {
    const properties = vstorRequest(VSTOR.QUERY_PROPERTIES);
    expect(maxSubChannelsOf(answersTo('scsi', properties, 3).sent[0].payload)).toBe(3);
    expect(maxSubChannelsOf(answersTo('scsi', properties, 0).sent[0].payload)).toBe(0);
    expect(answersTo('scsi', vstorRequest(VSTOR.CREATE_SUB_CHANNELS, 2), 3).offers).toEqual([[2, 1_000_000]]);
  });

  test('a number of sub-channels without the flag for them means none', () => {
    const answer = vstorProperties(4);
    new DataView(answer.buffer).setUint32(20, 0, true);
    expect(maxSubChannelsOf(answer)).toBe(0);
  });
});

describe('network', () => {
  test('completes what has a completion, 50 µs each', () => {
    const cases: [number, number][] = [
      [NVSP.INIT, NVSP.INIT_COMPLETE],
      [NVSP.SEND_RECV_BUF, NVSP.SEND_RECV_BUF_COMPLETE],
      [NVSP.SEND_SEND_BUF, NVSP.SEND_SEND_BUF_COMPLETE],
    ];
    for (const [request, completion] of cases) {
      const { sent } = answersTo('nic', nvspMessage(request, 0x60001, 0x60001));
      expect(sent).toHaveLength(1);
      expect(sent[0]).toMatchObject({ transactionId: 77, ns: 50_000, type: VM_PKT.COMP });
      expect(nvspType(sent[0].payload)).toBe(completion);
    }
  });

  test('does not answer what has no answer, nor completions', () => {
    for (const type of [
      NVSP.SEND_NDIS_CONFIG,
      NVSP.SEND_NDIS_VER,
      NVSP.REVOKE_RECV_BUF,
      NVSP.SEND_RNDIS_PKT_COMPLETE,
    ]) {
      expect(answersTo('nic', nvspMessage(type)).sent).toEqual([]);
    }
  });

  test('refuses an unknown version', () => {
    expect(nvspWord(answersTo('nic', nvspMessage(NVSP.INIT, 7, 7)).sent[0].payload, 2)).toBe(2);
  });

  test('gives no more sub-channels than it has', () => {
    const recorder = answersTo('nic', nvspMessage(NVSP.SUBCHANNEL, 1, 9), 4);
    expect(nvspWord(recorder.sent[0].payload, 1)).toBe(4);
    expect(recorder.offers).toEqual([[4, 50_000]]);
  });

  test('answers RNDIS requests besides completing them, but for HALT', () => {
    const query = { type: RNDIS.QUERY, requestId: 3, oid: 0x00010203, value: 0 };
    const { sent } = answersTo('nic', rndisPacket(query), 7);
    expect(sent.map(({ type }) => type)).toEqual([VM_PKT.COMP, VM_PKT.DATA_USING_XFER_PAGES]);
    expect(rndisOf(sent[1].payload)).toEqual({ type: 0x80000004, requestId: 3, oid: 0x00010203, value: 8 });
    expect(answersTo('nic', rndisPacket({ ...query, type: RNDIS.HALT })).sent).toHaveLength(1);
  });

  test('a frame says its own length and hash, whichever came before', () => {
    const recorder = new Recorder();
    const backend = new NetworkBackend();
    const channel = channelOf('nic');
    channel.device.channels.push(channel);
    channel.open(new MemoryBlock(0, 4), 2, 0);
    backend.opened(channel);
    const filter = { type: RNDIS.SET, requestId: 1, oid: OID.GEN_CURRENT_PACKET_FILTER, value: 1 };
    backend.packet(channel, { payload: rndisPacket(filter), transactionId: 77 }, recorder);
    // Hashes that the receive table has one entry for are told apart, too.
    const frames = [
      [7, 60],
      [7, 60],
      [7, 1514],
      [7 + RECEIVE_TABLE_SIZE, 1514],
    ];
    for (const [hash, bytes] of frames) backend.deliver(channel.device, hash, bytes, recorder);
    const words = ({ payload }: OutgoingPacket) => [payloadWord(payload, 12), payloadWord(payload, 11)];
    expect(recorder.inRing.map(words)).toEqual(frames);
  });
});

describe('PCI', () => {
  test('names one device in a message of its own', () => {
    const [answer] = answersTo('pci', pciMessage(PCI.QUERY_BUS_RELATIONS)).sent;
    expect(answer).toMatchObject({ transactionId: 0, type: VM_PKT.DATA_INBAND });
    expect(functionsOf(answer.payload)?.map(({ slot }) => slot)).toEqual([0]);
  });

  test('completes the rest, refuses unknown versions, ignores unknown messages', () => {
    for (const type of [PCI.QUERY_RESOURCE_REQUIREMENTS, PCI.BUS_D0ENTRY, PCI.RESOURCES_ASSIGNED2]) {
      expect(pciWord(answersTo('pci', pciMessage(type)).sent[0].payload, 0)).toBe(0);
    }
    const version = (word: number) =>
      answersTo('pci', pciMessage(PCI.QUERY_PROTOCOL_VERSION, word)).sent[0].payload;
    expect(pciWord(version(0x10004), 0)).toBe(0);
    expect(pciWord(version(0x20000), 0)).toBe(0xc0000059);
    expect(answersTo('pci', pciMessage(0x1234)).sent).toEqual([]);
  });

  test('a list of devices that claims to be longer than it is', () => {
    expect(functionsOf(wordPayload(PCI.BUS_RELATIONS, 1000, 8, 9))).toBeUndefined();
    expect(functionsOf(wordPayload(PCI.BUS_RELATIONS))).toBeUndefined();
    expect(functionsOf(wordPayload(PCI.BUS_RELATIONS, 0))).toEqual([]);
  });
});

describe('balloon, mouse, keyboard, framebuffer', () => {
  /** Types and words of the answers. */
  function said(className: string, type: number, word: number): (readonly [number, number])[] {
    const { sent } = answersTo(className, typedMessage(type, word));
    return sent.map(({ payload }) => [messageType(payload), messageWord(payload)]);
  }

  test.each([
    ['balloon', DM.VERSION_REQUEST, 0x20000, [[DM.VERSION_RESPONSE, 1]]],
    ['balloon', DM.VERSION_REQUEST, 0x30000, [[DM.VERSION_RESPONSE, 0]]],
    [
      'balloon',
      DM.CAPABILITIES_REPORT,
      0,
      [
        [DM.CAPABILITIES_RESPONSE, 1],
        [DM.INFO_MESSAGE, 0],
      ],
    ],
    ['balloon', 5, 0, []],
    [
      'mouse',
      SYNTH_HID.PROTOCOL_REQUEST,
      0x20000,
      [
        [SYNTH_HID.PROTOCOL_RESPONSE, 1],
        [SYNTH_HID.INITIAL_DEVICE_INFO, 0],
      ],
    ],
    ['mouse', SYNTH_HID.PROTOCOL_REQUEST, 1, [[SYNTH_HID.PROTOCOL_RESPONSE, 0]]],
    ['mouse', SYNTH_HID.INITIAL_DEVICE_INFO_ACK, 0, []],
    ['keyboard', SYNTH_KBD.PROTOCOL_REQUEST, 0x10000, [[SYNTH_KBD.PROTOCOL_RESPONSE, 1]]],
    ['keyboard', SYNTH_KBD.PROTOCOL_REQUEST, 1, [[SYNTH_KBD.PROTOCOL_RESPONSE, 0]]],
    ['keyboard', SYNTH_KBD.EVENT, 1, []],
    ['framebuffer', SYNTHVID.VERSION_REQUEST, 0x50003, [[SYNTHVID.VERSION_RESPONSE, 1]]],
    ['framebuffer', SYNTHVID.VERSION_REQUEST, 1, [[SYNTHVID.VERSION_RESPONSE, 0]]],
    ['framebuffer', SYNTHVID.RESOLUTION_REQUEST, 0, [[SYNTHVID.RESOLUTION_RESPONSE, 0x3000400]]],
    [
      'framebuffer',
      SYNTHVID.VRAM_LOCATION,
      99,
      [
        [SYNTHVID.VRAM_LOCATION_ACK, 99],
        [SYNTHVID.FEATURE_CHANGE, 0],
      ],
    ],
    ['framebuffer', SYNTHVID.SITUATION_UPDATE, 0, [[SYNTHVID.SITUATION_UPDATE_ACK, 0]]],
    ['framebuffer', SYNTHVID.POINTER_SHAPE, 0, []],
  ] as const)('%s: message %i with %i', (className, type, word, expected) => {
    expect(said(className, type, word)).toEqual(expected);
  });
});

describe('integration services', () => {
  test('begin with the versions and do not answer', () => {
    const recorder = new Recorder();
    const backend = backendOf('heartbeat');
    backend.opened?.(channelOf('heartbeat'), recorder);
    expect(recorder.sent).toHaveLength(1);
    const message = new IcMessage(recorder.sent[0].payload);
    expect([message.type, message.bytes.length >= ICMSG_HEADER_BYTES, message.isResponse]).toEqual([
      ICMSGTYPE.NEGOTIATE,
      true,
      false,
    ]);
    expect(backend.packet).toBeUndefined();
  });

  test('words that a message does not have are 0 and stay so', () => {
    const message = new IcMessage(icMessage(ICMSGTYPE.HEARTBEAT, 4));
    message.setWord(1, 9);
    message.setWord(0, 5);
    expect([message.word(0), message.word(1), message.status]).toEqual([5, 0, 0]);
  });
});

test('payload words behind the end are 0', () => {
  const payload = wordPayload(1, 0xffffffff);
  expect([0, 1, 2].map((index) => payloadWord(payload, index))).toEqual([1, 0xffffffff, 0]);
  expect(payloadWord(new Uint8Array(3), 0)).toBe(0);
});
