import { expect, test } from '@jest/globals';
import type { Conversation } from '../../../src/drivers/conversation/conversation.js';
import { VscDriver, type VspClient } from '../../../src/drivers/conversation/vsc-driver.js';
import { ErrnoError } from '../../../src/lib/errno.js';
import type { VmbusDevice } from '../../../src/vmbus/driver.js';
import { deviceClassId } from '../../../src/vmbus/protocol/class-ids.js';
import { device, TestGuest } from '../../support/guest.js';

/** A driver that asks its host once; 7 is consent. */
class AskingDriver extends VscDriver {
  readonly name = 'asking';
  readonly classIds = [deviceClassId('kvp')];
  protected readonly ringPages = 3;
  readonly heard: string[] = [];

  protected client({ channel }: VmbusDevice, conversation: Conversation): VspClient {
    return {
      receive: (packet) => conversation.receive(packet.payload()),
      connectToVsp: function* (this: AskingDriver) {
        const [answer] = yield* conversation.request(Uint8Array.of(1), { timeoutNs: 1e9 });
        this.heard.push(`${channel.state.kind} ${channel.rings?.inbound.ring.dataBytes} ${answer}`);
        if (answer !== 7) throw new ErrnoError('EPROTO', 'refused');
      }.bind(this),
    };
  }
}

/** @param answers what the host says each time, one after the other. */
function askingGuest(...answers: readonly number[]): { guest: TestGuest; driver: AskingDriver } {
  const left = [...answers];
  const drivers: AskingDriver[] = [];
  const guest = new TestGuest({
    devices: [device('kvp', 5)],
    backends: [
      {
        classId: deviceClassId('kvp'),
        packet: (channel, { transactionId }, services) =>
          services.send(channel, Uint8Array.of(left.shift() ?? 0), transactionId, 1000),
      },
    ],
    drivers: (operations) => {
      drivers.push(new AskingDriver(operations));
      return drivers;
    },
  }).boot();
  return { guest, driver: drivers[0] };
}

test('a device is opened, talked about, and closed when it goes', () => {
  const { guest, driver } = askingGuest(7);
  expect(driver.heard).toEqual(['opened 8192 7']);
  expect(guest.channel(5).state.kind).toBe('opened');
  guest.run(driver.remove(guest.device(5)));
  expect(guest.channel(5).state.kind).toBe('open');
  expect(guest.memory.blocksInUse).toBe(0);
});

test('a host that refuses leaves no open channel', () => {
  const { guest } = askingGuest(1);
  expect(guest.channel(5).state.kind).toBe('open');
  expect(guest.device(5).probeError).toBe(-71);
  expect(guest.memory.blocksInUse).toBe(0);
});

test('suspend closes, resume opens and talks afresh', () => {
  const { guest, driver } = askingGuest(7, 7);
  guest.run(driver.suspend(guest.device(5)));
  expect(guest.channel(5).state.kind).toBe('open');
  guest.run(driver.resume(guest.device(5)));
  expect(guest.channel(5).state.kind).toBe('opened');
  expect(driver.heard).toHaveLength(2);
});

test('a host that refuses after a resume leaves no open channel either', () => {
  const { guest, driver } = askingGuest(7, 1);
  guest.run(driver.suspend(guest.device(5)));
  expect(() => guest.run(driver.resume(guest.device(5)))).toThrow('refused');
  expect(guest.channel(5).state.kind).toBe('open');
  expect(guest.memory.blocksInUse).toBe(0);
});
