import { describe, expect, test } from '@jest/globals';
import {
  DM,
  messageType,
  messageWord,
  SYNTH_HID,
  SYNTHVID,
  typedMessage,
} from '../../src/host/protocols/pipe.js';
import { parseGuid } from '../../src/vmbus/protocol/guid.js';
import { versionWire } from '../../src/vmbus/protocol/versions.js';
import { VM_PKT } from '../../src/vmbus/ring/index.js';
import { CHANNEL_FLAG } from '../../src/vmbus/protocol/channel-messages.js';
import { backendsWith } from '../support/backends.js';
import { device, instanceOf, TestGuest } from '../support/guest.js';

describe('balloon, mouse, keyboard, framebuffer', () => {
  test.each([
    ['balloon', 'hv_balloon', 3],
    ['mouse', 'hid_hyperv', 2],
    ['keyboard', 'hyperv_keyboard', 1],
    ['framebuffer', 'hyperv_fb', 6],
  ])('%s: driver %s, %i interrupts to begin with', (className, driver, interrupts) => {
    const guest = new TestGuest({ devices: [device(className, 5)] }).boot();
    expect(guest.device(5).driver?.name).toBe(driver);
    expect(guest.rows()).toEqual([[24, 5, className]]);
    expect(guest.count(5)).toBe(interrupts);
  });

  test.each([
    ['balloon', '-110', 5e9],
    ['mouse', '-110', 5e9],
    ['keyboard', '-110', 10e9],
    ['framebuffer', '-110', 10e9],
  ])('%s: a host that does not answer: errno %s after %i ns', (className, errno, timeoutNs) => {
    const guest = new TestGuest({ devices: [device(className, 5)], backends: [] }).boot();
    expect(guest.log()).toContain(`hv_vmbus: probe failed for device ${instanceOf(5)} (${errno})`);
    expect(guest.machine.clock.now).toBeGreaterThan(timeoutNs);
    expect(guest.machine.clock.now).toBeLessThan(timeoutNs + 1e6);
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test.each([
    ['balloon', '-71'],
    ['mouse', '-19'],
    ['keyboard', '-19'],
    ['framebuffer', '-19'],
  ])('%s: a host that accepts no version: errno %s', (className, errno) => {
    const asked: number[] = [];
    const backends = backendsWith(className, ({ payload, transactionId }, channel, services) => {
      asked.push(messageWord(payload));
      // Every answer's type is the number after its request's, and word 0 refuses.
      services.send(channel, typedMessage(messageType(payload) + 1, 0), transactionId, 1000);
      return false;
    });
    const guest = new TestGuest({ devices: [device(className, 5)], backends }).boot();
    expect(guest.log()).toContain(`hv_vmbus: probe failed for device ${instanceOf(5)} (${errno})`);
    expect(new Set(asked).size).toBe(asked.length);
    expect(guest.memory.blocksInUse).toBe(0);
  });

  // synthvid_connect_vsp, hyperv_connect_vsp
  test.each([
    ['2.4', [0x20003]],
    ['3.0', [0x20003]],
    ['4.0', [0x50003, 0x20003]],
    ['4.1', [0x50003]],
    ['5.0', [0x50003, 0x20003]],
    ['5.3', [0x50003]],
  ] as const)('framebuffer on VMBus %s: versions that are offered', (version, expected) => {
    for (const kernel of ['6.12', '7.2'] as const) {
      const asked: number[] = [];
      const backends = backendsWith('framebuffer', ({ payload, transactionId }, channel, services) => {
        asked.push(messageWord(payload));
        services.send(channel, typedMessage(SYNTHVID.VERSION_RESPONSE, 0), transactionId, 1000);
        return false;
      });
      const host = { version: versionWire(version) };
      new TestGuest({ devices: [device('framebuffer', 5)], backends, host, kernel }).boot();
      expect(asked).toEqual(expected);
    }
  });

  const fb = (text: string): string => `hyperv_fb: ${text}`;
  const drm = (text: string): string => `hyperv_drm ${instanceOf(5)}: [drm] ${text}`;
  const UNASKED = 0;
  test.each([
    ['6.1', UNASKED, [fb('Screen resolution: 1024x768, Color depth: 32, Frame buffer size: 8388608')]],
    ['7.2', UNASKED, []],
    [
      '6.12',
      SYNTHVID.RESOLUTION_REQUEST,
      [
        fb('Time out on waiting resolution response'),
        fb('Failed to get supported resolution from host, use default'),
        fb('Screen resolution: 1152x864, Color depth: 32, Frame buffer size: 8388608'),
      ],
    ],
    [
      '7.2',
      SYNTHVID.RESOLUTION_REQUEST,
      [
        drm('*ERROR* Time out on waiting resolution response'),
        drm('*ERROR* Failed to get supported resolution from host, use default'),
      ],
    ],
    [
      '6.12',
      SYNTHVID.VRAM_LOCATION,
      [
        fb('Screen resolution: 1024x768, Color depth: 32, Frame buffer size: 8388608'),
        fb('Time out on waiting vram location ack'),
        `hv_vmbus: probe failed for device ${instanceOf(5)} (-110)`,
        `hyperv_fb ${instanceOf(5)}: probe with driver hyperv_fb failed with error -110`,
      ],
    ],
    [
      '7.2',
      SYNTHVID.VRAM_LOCATION,
      [drm('*ERROR* Time out on waiting vram location ack'), drm('Failed to update vram location.')],
    ],
    [
      '6.18',
      SYNTHVID.VERSION_REQUEST,
      [
        fb('Time out on waiting version response'),
        fb('Synthetic video device version not accepted'),
        fb('Unable to connect to VSP'),
        `hv_vmbus: probe failed for device ${instanceOf(5)} (-110)`,
        `hyperv_fb ${instanceOf(5)}: probe with driver hyperv_fb failed with error -110`,
      ],
    ],
  ] as const)(
    'framebuffer of Linux %s whose host does not answer message %i',
    (kernel, unanswered, expected) => {
      const backends = backendsWith('framebuffer', ({ payload }) => messageType(payload) !== unanswered);
      const guest = new TestGuest({ devices: [device('framebuffer', 5)], backends, kernel }).boot();
      const lines = guest.log();
      const from = lines.findLastIndex(
        (line) => line.includes('Synthvid Version') || line.includes('registering'),
      );
      expect(lines.slice(from + 1)).toEqual(expected);
    },
  );

  test.each([
    ['balloon', DM.BALLOON_REQUEST, 'hv_balloon: Ignore balloon-up request!'],
    ['balloon', DM.UNBALLOON_REQUEST, 'hv_balloon: Ignore balloon-down request!'],
    ['balloon', DM.MEM_HOT_ADD_REQUEST, 'hv_balloon: Ignore hot-add request!'],
    ['balloon', 77, 'hv_balloon: Unhandled message: type: 77'],
    ['mouse', 9, 'unsupported hid msg type - type 9 len 0'],
    ['keyboard', 9, `hyperv_keyboard ${instanceOf(5)}: unhandled message type 9`],
  ])('%s: what the log says of message %i of the host', (className, type, line) => {
    const guest = new TestGuest({ devices: [device(className, 5)] }).boot();
    const channel = guest.host.channel(5);
    if (channel === undefined) throw new Error('no channel');
    guest.host.send(channel, typedMessage(type), 0, 0);
    guest.settle();
    expect(guest.log().at(-1)).toBe(line);
  });

  test.each([
    ['mouse', `Unhandled packet type 7, tid 1f len 24`],
    ['keyboard', `hyperv_keyboard ${instanceOf(5)}: unhandled packet type 7, tid 1f len 24`],
  ])('%s: what the log says of a packet that is none of its', (className, line) => {
    const guest = new TestGuest({ devices: [device(className, 5)] }).boot();
    const channel = guest.host.channel(5);
    if (channel === undefined) throw new Error('no channel');
    guest.host.send(channel, typedMessage(1), 0x1f, 0, VM_PKT.DATA_USING_XFER_PAGES);
    guest.host.send(channel, typedMessage(1), 0x1f, 0, VM_PKT.COMP);
    guest.settle();
    expect(guest.log().at(-1)).toBe(line);
  });

  // hv_kbd_resume, mousevsc_resume and hyperv_vmbus_resume leave it open.
  test.each([
    ['keyboard', '6.12', 'opened'],
    ['mouse', '6.12', 'opened'],
    ['framebuffer', '6.12', 'open'],
    ['framebuffer', '7.2', 'opened'],
    ['balloon', '6.12', 'open'],
  ] as const)(
    '%s of Linux %s that is not answered after a resume: its channel is %s',
    (className, kernel, state) => {
      let mute = false;
      const backends = backendsWith(
        className,
        ({ payload }) =>
          !mute || (className === 'framebuffer' && messageType(payload) !== SYNTHVID.VRAM_LOCATION),
      );
      const guest = new TestGuest({ devices: [device(className, 5)], backends, kernel }).boot();
      guest.run(guest.vmbus.power.suspend());
      mute = true;
      guest.run(guest.vmbus.power.resume());
      guest.settle();
      expect(guest.channel(5).state.kind).toBe(state);
    },
  );

  test('a drm framebuffer says nothing again when the host changes its mind', () => {
    const guest = new TestGuest({ devices: [device('framebuffer', 5)], kernel: '7.2' }).boot();
    expect(guest.count(5)).toBe(5);
  });

  test('the mouse acknowledges its description, and reports change nothing', () => {
    const sent: number[] = [];
    const backends = backendsWith('mouse', ({ payload }) => sent.push(messageType(payload)) > 0);
    const guest = new TestGuest({ devices: [device('mouse', 3)], backends }).boot();
    const channel = guest.host.channel(3);
    if (channel === undefined) throw new Error('no channel');
    guest.host.send(channel, typedMessage(SYNTH_HID.INPUT_REPORT, 1), 0, 0);
    guest.settle();
    expect(sent).toEqual([SYNTH_HID.PROTOCOL_REQUEST, SYNTH_HID.INITIAL_DEVICE_INFO_ACK]);
    expect(guest.count(3)).toBe(3);
  });
});

describe('hv_sock', () => {
  const sock = {
    ...device('kvp', 30),
    classId: parseGuid('00000050-facb-11e6-bd58-64006a7986d3'),
    flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER,
  };

  test('known by the flag of its offer, whatever its class id', () => {
    const guest = new TestGuest({ devices: [sock] }).boot();
    expect(guest.rows()).toEqual([[24, 30, 'hv_sock']]);
    expect(guest.device(30).driver?.name).toBe('hv_sock');
    expect(guest.channel(30).targetCpu).toBe(0);
  });

  test('even with the class id of another driver', () => {
    const guest = new TestGuest({ devices: [{ ...sock, ...device('kvp', 30) }] }).boot();
    expect(guest.device(30).driver?.name).toBe('hv_sock');
  });

  test('without the flag nobody serves it', () => {
    const guest = new TestGuest({ devices: [{ ...sock, flags: 0 }] }).boot();
    expect(guest.rows()).toEqual([]);
    expect(guest.device(30).driver).toBeUndefined();
  });

  test('a connection that cannot be opened is no failed probe', () => {
    const guest = new TestGuest({ devices: [sock] });
    const post = guest.host.postMessage.bind(guest.host);
    guest.host.postMessage = (message, connection) => {
      if (message[0] === 5) message[16] ^= 0xff;
      return post(message, connection);
    };
    guest.boot();
    expect(guest.channel(30).state.kind).toBe('open');
    expect(guest.device(30).driver?.name).toBe('hv_sock');
    expect(guest.log().some((line) => line.includes('probe failed'))).toBe(false);
  });
});
