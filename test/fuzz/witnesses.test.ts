import { expect, test } from '@jest/globals';
import { randomActions } from '../hostile/draw.js';
import { unwatched } from '../hostile/trial.js';
import { attack } from './plan.js';

/** What a fuzz run must come to, or it does not show what it seems to. */
const sometimes = [
  'another kernel',
  'a CPU without synic pages',
  ...['nic', 'scsi', 'heartbeat', 'balloon', 'pci'].map((name) => `${name} opened`),
  ...['nic', 'scsi'].map((name) => `sub-channel of ${name} opened`),
  'nic opening',
  'message-unknown-type',
  'message-too-short',
  'message-slot-size',
  'response-nobody-waits-for',
  'offer-without-connection',
  'offer-not-allowed-in-isolated',
  'offer-relid-in-use',
  'offer-relid-out-of-range',
  'offer-of-existing-device',
  'offer-sub-channel-nobody-asked-for',
  'packet-nobody-waits-for',
  'rescind-twice',
  'rescind-of-unknown-relid',
  'event-for-relid-0',
  'event-without-channel',
  'ring-packet-type',
  'ring-packet-length',
  'ring-write-index-out-of-range',
  'ring-read-index-out-of-range',
];

test('the fuzzed guests come to open channels and to every kind of refusal', () => {
  const witnesses = new Set<string>();
  const watch = { ...unwatched, reached: (what: string) => void witnesses.add(what) };
  // What few guests come to: a NIC that is stuck (it holds RTNL, so the others are not opened), indexes and lengths that
  // cannot be, a second offer of a living device, a CPU without pages.
  const rare = [169, 76, 106, 88, 100, 86, 94, 104, 136, 96];
  for (const seed of [...rare, ...Array.from({ length: 60 }, (_, i) => i)]) {
    attack(seed * 0x9e37, randomActions(seed, 500), watch);
    if (sometimes.every((witness) => witnesses.has(witness))) break;
  }
  expect(sometimes.filter((witness) => !witnesses.has(witness))).toEqual([]);
});
