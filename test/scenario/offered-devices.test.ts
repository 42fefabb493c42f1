import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { ScenarioError } from '../../src/scenario/diagnostics.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { offeredDevices } from '../../src/scenario/offered-devices.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

function guestOf(text: string): Guest {
  return Guest.create(parseScenario(text, 'case.yaml').guest);
}

/** Relids of the guest's channels, by their interrupts. */
function relidsShown(guest: Guest): number[] {
  return [...guest.procInterrupts().matchAll(/VMBus +(\d+)/g)]
    .map((match) => Number(match[1]))
    .sort((a, b) => a - b);
}

test('eight channels without relids are eight channels, behind the highest relid that is named', () => {
  const guest = guestOf(
    'cpus: 8\ndevices: [{driver: netvsc, relid: 13, channels: 8}, {driver: kvp, relid: 20}]',
  );
  expect(relidsShown(guest)).toEqual([13, 20, 21, 22, 23, 24, 25, 26, 27]);
});

test('the library takes the same ranges as a file', () => {
  const device = { driver: 'netvsc', relid: 13, channels: 4, subChannels: '16-18' } as const;
  const text = 'cpus: 4\ndevices: [{driver: netvsc, relid: 13, channels: 4, subChannels: "16-18"}]';
  expect(parseScenario(text, 'case.yaml').guest.devices).toEqual([device]);
  expect(relidsShown(Guest.create({ cpus: 4, devices: [device] }))).toEqual([13, 16, 17, 18]);
});

test('sub-channels that are not named get relids as if none were', () => {
  const text =
    'cpus: 4\ndevices: [{driver: netvsc, relid: 30, channels: 4, subChannels: [40]}, {driver: kvp, relid: 41}]';
  expect(relidsShown(guestOf(text))).toEqual([30, 40, 41, 42, 43]);
  const device = { driver: 'storvsc', relid: 30, channels: 3, subChannels: '40' } as const;
  expect(relidsShown(Guest.create({ cpus: 4, devices: [device] }))).toEqual([30, 40, 41]);
});

test.each([
  [
    { channels: 2, subChannels: '16-18' },
    '"channels" is 2, the primary one included, but "subChannels" names 3: name 1 at most, or leave out "channels"',
  ],
  [
    { channels: 3, subChannels: [16, 17, 18] },
    '"channels" is 3, the primary one included, but "subChannels" names 3: name 2 at most, or leave out "channels"',
  ],
])(
  'more sub-channels than a controller has channels are wrong in a file and in options: %j',
  (keys, message) => {
    const devices = [{ driver: 'storvsc' as const, relid: 13, ...keys }];
    const text = JSON.stringify({ cpus: 4, devices });
    expect(() => parseScenario(text, 'case.yaml')).toThrow(
      `case.yaml:1:${text.indexOf('subChannels') + 14}: ${message}`,
    );
    expect(() => Guest.create({ cpus: 4, devices })).toThrow(`devices[0].subChannels: ${message}`);
  },
);

test('more of them than an adapter is asked for are there for ethtool -L', () => {
  const guest = guestOf('cpus: 4\ndevices: [{driver: netvsc, relid: 13, channels: 2, subChannels: "16-18"}]');
  expect(relidsShown(guest)).toEqual([13, 16]);
  guest.channel(13).setChannels(4);
  expect(relidsShown(guest)).toEqual([13, 16, 17, 18]);
});

test.each([
  [{ channels: 0, subChannels: [16] }, 'channels', 'expected a whole number from 1 to 64, not 0'],
  [{ channels: 2, subChannels: '18-16' }, 'subChannels', 'the range 18-16 goes down: write 16-18'],
  [{ luns: 3 }, 'luns', 'expected a list of LUNs, not 3'],
  [{ luns: null }, 'luns', 'expected a list of LUNs, not nothing'],
])('what is wrong in itself is told alone: %j', (keys, key, message) => {
  const devices = [{ driver: 'storvsc', relid: 13, ...keys }];
  const text = JSON.stringify({ cpus: 4, devices });
  const column = text.indexOf(key) + key.length + 3;
  expect(() => parseScenario(text, 'case.yaml')).toThrow(
    new ScenarioError([{ place: { file: 'case.yaml', line: 1, column }, message }]),
  );
  expect(() => Guest.create({ cpus: 4, devices } as GuestOptions)).toThrow(
    expect.objectContaining({ message: `devices[0].${key}: ${message}` }),
  );
});

test('a host has as many channels for a controller as are given', () => {
  const guest = guestOf('cpus: 8\ndevices: [{driver: storvsc, relid: 3, channels: 4}]');
  expect(relidsShown(guest)).toEqual([3, 4, 5, 6]);
});

test('devices that repeat get relids first, then their sub-channels', () => {
  const given = [
    { driver: 'kvp', relid: 100 },
    { repeat: 2, driver: 'netvsc', channels: 3 },
    { driver: 'storvsc', relid: 7, channels: 2 },
  ] as const;
  expect(offeredDevices(given)).toEqual([
    [{ driver: 'kvp', relid: 100 }],
    [
      { driver: 'netvsc', relid: 101, channels: 3, subChannels: [103, 104] },
      { driver: 'netvsc', relid: 102, channels: 3, subChannels: [105, 106] },
    ],
    [{ driver: 'storvsc', relid: 7, channels: 2, subChannels: [107] }],
  ]);
});

test('two thousand channels in five lines', () => {
  const guest = guestOf(`
cpus: 64
devices:
  - {repeat: 31, driver: netvsc, channels: 64}
  - {repeat: 16, driver: heartbeat}`);
  expect(relidsShown(guest)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
});

test('a device that is offered later gets the relids behind those in use; what is done with them is not foreseen', () => {
  const scenario = parseScenario(
    `
cpus: 4
devices: [{driver: netvsc, relid: 13, channels: 4}]
workload: [{relid: 42, signals: 1, during: 1s}]
timeline:
  - {offer: {driver: storvsc, relid: 40, channels: 3}}
  - {rescind: 13}
  - {offer: {driver: kvp, relid: 14}}`,
    'case.yaml',
  );
  const guest = Guest.create(scenario.guest);
  const { steps } = runScenarioOn(guest, scenario);
  expect(steps.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
  expect(relidsShown(guest)).toEqual([14, 40, 41, 42]);
});
