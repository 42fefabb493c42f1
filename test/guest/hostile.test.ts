import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { HungError } from '../../src/machine/hung.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { ScenarioError } from '../../src/scenario/diagnostics.js';
import { brokenInvariants } from './invariants.js';

const MS = 1_000_000;

function run(text: string) {
  const scenario = parseScenario(text, 'hostile.yaml');
  const guest = Guest.create(scenario.guest);
  return { guest, result: runScenarioOn(guest, scenario) };
}

function problems(text: string): string[] {
  try {
    parseScenario(text, 'hostile.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.diagnostics.map(({ message }) => message);
  }
}

describe('the library', () => {
  test('has a host that misbehaves, and says what the guest refused', () => {
    const vm = Guest.create({
      cpus: 4,
      isolation: true,
      devices: [
        { driver: 'heartbeat', relid: 7 },
        { driver: 'kvp', relid: 8 },
      ],
    });
    expect([...vm.refused()]).toEqual([['offer-not-allowed-in-isolated', 1]]);
    vm.host.misbehave({ what: 'signal', relid: 7, nth: 1, deed: 'drop' });
    const before = vm.channel(7).interrupts;
    vm.host.signal(7);
    expect(vm.channel(7).interrupts).toBe(before);
    vm.host.signal(7);
    expect(vm.channel(7).interrupts).toBe(before + 1);
    vm.host.send(new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0]));
    vm.host.raise(77, 2);
    vm.host.poke(7, 'toGuest', 'writeIndex', 0xffffffff);
    vm.host.signal(7);
    expect(Object.fromEntries(vm.refused())).toEqual({
      'offer-not-allowed-in-isolated': 1,
      'rescind-of-unknown-relid': 1,
      'event-without-channel': 1,
      'ring-write-index-out-of-range': 1,
    });
    expect(() => vm.host.poke(77, 'toGuest', 0, 1)).toThrow('the host has no channel 77');
    vm.host.misbehave({ what: 'signal', deed: 'reorder', byNs: 1000 * MS });
    vm.host.signal(7);
    vm.host.behave();
    expect(brokenInvariants(vm)).toEqual([]);
  });

  test('boots a guest whose host does not answer: it hangs, and goes on when the answer comes', () => {
    const vm = Guest.create({
      cpus: 2,
      devices: [{ driver: 'heartbeat', relid: 7 }],
      host: { misbehave: [{ what: 'message', message: 'VERSION_RESPONSE', deed: 'drop' }] },
    });
    expect(vm.bootHang).toBeInstanceOf(HungError);
    expect(vm.bootHang?.message).toBe(
      'boot waits for answer to INITIATE_CONTACT and nothing is left to happen',
    );
    expect(vm.bootHang?.contexts).toEqual(vm.hangs());
    expect(vm.hangs()).toMatchObject([
      { task: 'boot', comm: 'swapper/0', pid: 1, functions: ['vmbus_negotiate_version'] },
    ]);
    vm.host.behave();
    vm.host.send(new Uint8Array([15, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]));
    expect(vm.machine.liveTasks).toBe(0);
    expect(vm.channel(7).state).toBe('opened');
  });
});

describe('a scenario', () => {
  test('has rules for booting, acts of the host, and counts of what was refused', () => {
    const { guest, result } = run(`
cpus: 4
host:
  misbehave:
    - {message: OFFERCHANNEL, relid: 8, do: duplicate}
    - {message: any, nth: 3, times: 2, do: delay, by: 1ms}
devices: [{driver: heartbeat, relid: 7}, {driver: shutdown, relid: 8}]
timeline:
  - {refused: offer-relid-in-use, expect: 1}
  - {at: 1s, host: {send: '02000000 00000000 4d000000'}}
  - {refused: rescind-of-unknown-relid, expect: 1}
  - {host: {raise: {relid: 0, cpu: 1}}}
  - {refused: event-for-relid-0, expect: 1}
  - {host: {poke: {relid: 7, ring: toGuest, at: writeIndex, value: 3}}}
  - {host: {poke: {relid: 7, ring: fromGuest, at: 4, value: 3}}}
  - {signal: 7}
  - {refused: ring-write-index-unaligned, expect: 1}
  - {host: {misbehave: {signal: any, do: reorder}}}
  - {signal: 8}
  - {host: {misbehave: {packet: 8, do: corrupt, field: trailer, value: 9}}}
  - {host: {behave: true}}
  - {refused: nothing-of-the-kind, expect: 0}
`);
    expect(result.steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(brokenInvariants(guest)).toEqual([]);
  });

  test('says what hangs, and what the host cannot do', () => {
    const { result } = run(`
cpus: 2
devices: [{driver: netvsc, relid: 13, channels: 2, subChannels: [16]}]
timeline:
  - {host: {poke: {relid: 9, ring: toGuest, at: 0, value: 1}}}
  - {refused: rescind-twice, expect: 1}
  - {host: {misbehave: {packet: 13, do: drop}}}
  - {channels: {relid: 13, count: 1}}
`);
    expect(result.steps.map(({ message }) => message)).toEqual([
      'expected success, but got not possible: the host has no channel 9',
      'expected 1, but it is 0',
      undefined,
      expect.stringMatching(/^expected success, but got a hang: set_channels waits for answer on channel 13/),
    ]);
  });

  test.each([
    ['host: {misbehave: [{signal: 7}]}', '"do" is missing'],
    ['host: {misbehave: [{do: drop}]}', 'a rule is about one of message, signal, packet and guestSignal'],
    [
      'host: {misbehave: [{signal: 7, packet: 7, do: drop}]}',
      'a rule is about one of message, signal, packet and guestSignal',
    ],
    ['host: {misbehave: [{signal: 7, relid: 7, do: drop}]}', '"relid" goes with "message" only'],
    ['host: {misbehave: [{packet: 7, do: corrupt, field: size}]}', 'a packet has no field size'],
    ['host: {misbehave: [{message: OPENCHANNEL, do: drop}]}', 'OPENCHANNEL'],
    ['host: {misbehave: [{signal: 7, chance: 2, do: drop}]}', 'a number from 0 to 1'],
    [
      'timeline: [{host: {}}]',
      'the host does one of misbehave, behave, send, raise, poke, stopDraining, drain in a step',
    ],
    ['timeline: [{host: {send: "0"}}]', 'bytes in hexadecimal'],
    ['timeline: [{refused: rescind-twice}]', '"refused" needs "expect" with the number that must be there'],
  ])('is checked: %s', (line, message) => {
    const text = line.startsWith('host')
      ? `cpus: 2\n${line}`
      : `cpus: 2\ndevices: [{driver: kvp, relid: 7}]\n${line}`;
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });
});
