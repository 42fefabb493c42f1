import { describe, expect, test } from '@jest/globals';
import { messageType, messageWord, SYNTH_HID, typedMessage } from '../../src/host/protocols/pipe.js';
import { parseGuid } from '../../src/vmbus/protocol/guid.js';
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
