import { describe, expect, test } from '@jest/globals';
import { Guest, type GuestOptions } from 'irqlab';
import { HvSockDriver, vsockService } from '../../src/drivers/hv-sock/driver.js';
import { HvSocket } from '../../src/drivers/hv-sock/socket.js';
import { deviceOf } from '../../src/vmbus/driver.js';
import { RING_WORD, VM_PKT } from '../../src/vmbus/ring/index.js';
import type { VmbusDesign } from '../../src/vmbus/variants/design.js';
import { TestGuest } from '../support/guest.js';

const packets = Array.from({ length: 400 }, (_, i) => ({
  type: VM_PKT.DATA_INBAND,
  transactionId: i,
  payload: new Uint8Array(2000),
}));

/** A host with a channel, and 400 packets for it, of which its ring holds a fourth. */
function sent(options: Partial<GuestOptions> = {}, ownBit?: number) {
  const vm = Guest.create({ cpus: 2, devices: [{ driver: 'hv_sock', relid: 13 }], ...options });
  vm.run({ ms: 10 });
  if (ownBit !== undefined) vm.host.poke(13, 'toGuest', 'featureBits', ownBit);
  const channel = vm.host.hyperv.channel(13);
  if (channel?.state.kind !== 'open') throw new Error('no channel');
  const { outgoing, toGuest } = channel.state;
  const signalsBefore = vm.host.totals.guestSignals;
  vm.host.hyperv.put(channel, packets);
  const asked = toGuest.ring.load(RING_WORD.PENDING_SEND_SZ) !== 0;
  const began = vm.now;
  vm.run({ seconds: 1 });
  return {
    began,
    asked,
    waiting: outgoing.blocked,
    unread: toGuest.ring.bytesToRead(),
    signals: vm.host.totals.guestSignals - signalsBefore,
  };
}

describe('a host that finds the ring to the guest full', () => {
  test('asks for a signal, and is signalled', () => {
    const { asked, waiting, unread, signals } = sent();
    expect({ asked, waiting, unread }).toEqual({ asked: true, waiting: 0, unread: 0 });
    expect(signals).toBeGreaterThan(0);
  });

  test.each([
    ['without its own feature bit', {}, 0],
    ['that never had its feature bit', { host: { pendingSendSz: false } }, undefined],
    ['before a guest without feature bit', { design: { flowControl: 'polling' } }, undefined],
    [
      'where neither has one',
      { host: { pendingSendSz: false }, design: { flowControl: 'polling' } },
      undefined,
    ],
  ] as const)('%s polls, and all packets arrive without a signal', (_name, options, ownBit) => {
    expect(sent(options, ownBit)).toMatchObject({ asked: false, waiting: 0, unread: 0, signals: 0 });
  });

  test('looks as often as its latency says', () => {
    const vm = Guest.create({
      cpus: 1,
      host: { pendingSendSz: false, latency: { pollNs: 50_000_000 } },
      devices: [{ driver: 'hv_sock', relid: 13 }],
    });
    vm.run({ ms: 10 });
    const channel = vm.host.hyperv.channel(13);
    if (channel?.state.kind !== 'open') throw new Error('no channel');
    const { outgoing } = channel.state;
    vm.host.hyperv.put(channel, packets);
    const left = outgoing.blocked;
    vm.run({ ms: 49 });
    expect(outgoing.blocked).toBe(left);
    vm.run({ ms: 2 });
    expect(outgoing.blocked).toBeLessThan(left);
  });
});

describe('a guest that finds the ring to the host full', () => {
  function sending(design: Partial<VmbusDesign>, pendingSendSz: boolean): HvSocket {
    const guest = new TestGuest({ present: 2, design, host: { pendingSendSz } });
    guest.host.services.add(vsockService(5000));
    guest.boot();
    const driver = guest.vmbus.bus.drivers.find(({ name }) => name === 'hv_sock');
    if (!(driver instanceof HvSockDriver)) throw new Error('no hv_sock');
    const socket = deviceOf(guest.run(driver.connect(vsockService(5000))))?.driverData;
    if (!(socket instanceof HvSocket)) throw new Error('not connected');
    guest.machine.spawn('sender', socket.send(2_000_000));
    guest.machine.elapse(10e9);
    return socket;
  }

  test('is signalled where both have their feature bits', () => {
    expect(sending({}, true).sent).toBe(2_000_000);
  });

  test('gets on by polling without its own, whatever the host has', () => {
    expect(sending({ flowControl: 'polling' }, true).sent).toBe(2_000_000);
    expect(sending({ flowControl: 'polling' }, false).sent).toBe(2_000_000);
  });

  test('as Linux has it waits for ever where the host does not signal: hv_sock does not look at its bit', () => {
    const { sent: bytes } = sending({}, false);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(2_000_000);
  });
});
