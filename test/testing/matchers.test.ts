import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/explore/index.js';
import { Guest } from '../../src/guest/guest.js';
import { RunStats } from '../../src/guest/run-stats.js';
import * as matchers from '../../src/testing/matchers.js';
import '../../src/testing/jest.js';
import { counterModel } from '../explore/litmus.js';

expect.extend(matchers);

const options = {
  cpus: 4,
  host: { latency: { modifyChannelNs: 10_000_000 } },
  devices: [{ driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] }],
} as const;

/** What a matcher says when it fails. */
function complaint(fails: () => void): string {
  try {
    fails();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('it held');
}

describe('matchers', () => {
  test('toHaveChannelOn', () => {
    const vm = Guest.create(options);
    vm.channel(16).setCpu(3);
    expect(vm).toHaveChannelOn(16, 3);
    expect(vm).not.toHaveChannelOn(16, 2);
    expect(complaint(() => expect(vm).toHaveChannelOn(16, 2))).toBe(
      `expected channel 16 (IRQ ${vm.channel(16).irq}) on CPU 2, but it is on CPU 3`,
    );
    expect(complaint(() => expect(1).toHaveChannelOn(16, 2))).toMatch(/expected a Guest, not 1/);
  });

  test('toRefuse', () => {
    const vm = Guest.create(options);
    const busy = vm.channel(16).cpu;
    expect(() => vm.cpu(busy).offline()).toRefuse('EBUSY');
    expect(() => vm.cpu(busy).offline()).toRefuse('EBUSY', /channel 16/);
    expect(() => vm.cpu(3).offline()).not.toRefuse('EBUSY');
    expect(complaint(() => expect(() => vm.cpu(busy).offline()).toRefuse('EBUSY', 'channel 99'))).toMatch(
      /^expected EBUSY with "channel 99", but got EBUSY: CPU \d is the target of channel 16/,
    );
    expect(complaint(() => expect(() => 0).toRefuse('EIO'))).toBe('expected EIO, but it succeeded');
    // What is no refusal of the guest is no answer.
    expect(complaint(() => expect(() => vm.channel(99)).toRefuse('EIO'))).toMatch(
      /the guest has no channel 99/,
    );
  });

  test('toMatchInterrupts', () => {
    const vm = Guest.create(options);
    const text = vm.procInterrupts();
    expect(vm).toMatchInterrupts(text);
    expect(vm).toMatchInterrupts(text.replace(/ +/g, ' '));
    expect(vm).not.toMatchInterrupts(text.replace('netvsc', 'netvsk'));
    expect(complaint(() => expect(vm).toMatchInterrupts(text.replace('netvsc', 'netvsk')))).toMatch(
      /differs in line 2:\n- 24: .* netvsk\n\+ 24: .* netvsc$/,
    );
    expect(complaint(() => expect(vm).toMatchInterrupts(`${text} 99: 1`))).toMatch(
      /\n- 99: 1\n\+ \(there is none\)$/,
    );
  });

  test('toHaveLostNoEvents', () => {
    const vm = Guest.create({ ...options, design: { modifyChannel: 'no-wait' } });
    vm.stats = new RunStats(vm);
    expect(vm).toHaveLostNoEvents();
    const { cpu } = vm.channel(16);
    vm.channel(16).setCpu((cpu + 1) % 4);
    vm.cpu(cpu).offline();
    vm.host.signal(16);
    expect(vm).not.toHaveLostNoEvents();
    expect(complaint(() => expect(vm).toHaveLostNoEvents())).toMatch(
      new RegExp(`1 of \\d+ events were raised on a CPU whose synic is off: 1 of channel 16 on CPU ${cpu}$`),
    );
  });

  test('toFindNoRace', () => {
    const race = check(counterModel(false));
    expect(check(counterModel(true))).toFindNoRace();
    expect(race).not.toFindNoRace();
    expect(complaint(() => expect(race).toFindNoRace())).toMatch(
      /^expected no race in .*, but there is one:\n/,
    );
    const bounded = check(counterModel(true), { maxExecutions: 1 });
    expect(complaint(() => expect(bounded).toFindNoRace())).toMatch(
      /^expected a complete search of .*, but it was bounded: /,
    );
  });

  describe('what cannot be is an error, with .not as well', () => {
    const vm = Guest.create(options);
    const busy = (): void => vm.cpu(vm.channel(16).cpu).offline();
    type Anything = Readonly<Record<string, (...given: readonly unknown[]) => void>>;

    test.each<[keyof typeof matchers, unknown, unknown[], string]>([
      ['toRefuse', busy, ['EBSY'], 'TypeError: the guest has no errno EBSY; did you mean EBUSY?'],
      ['toRefuse', busy, ['busybody'], 'TypeError: the guest has no errno busybody; known: EPERM, ENOENT, '],
      ['toRefuse', busy, [], "TypeError: expected the name of an errno such as 'EBUSY', not undefined"],
      ['toRefuse', busy, [16], "TypeError: expected the name of an errno such as 'EBUSY', not 16"],
      ['toRefuse', busy, ['EBUSY', 16], 'TypeError: expected a text or a RegExp behind the errno, not 16'],
      [
        'toRefuse',
        vm,
        ['EBUSY'],
        'TypeError: expected a function such as () => vm.cpu(3).offline(), not a Guest',
      ],
      [
        'toRefuse',
        async () => {},
        ['EBUSY'],
        'TypeError: a promise came, but what a guest refuses it refuses at',
      ],
      ['toRefuse', async () => busy(), ['EBUSY'], 'TypeError: a promise came, '],
      ['toHaveChannelOn', vm, [16], 'TypeError: expected a number as cpu, not undefined'],
      ['toHaveChannelOn', vm, [16, '2'], 'TypeError: expected a number as cpu, not "2"'],
      ['toHaveChannelOn', vm, [], 'TypeError: expected a number as relid, not undefined'],
      ['toHaveChannelOn', vm, [16, 9], 'RangeError: there is no CPU 9: this machine has CPUs 0-3'],
      ['toHaveChannelOn', vm, [99, 0], 'RangeError: the guest has no channel 99'],
      ['toHaveChannelOn', undefined, [16, 0], 'TypeError: expected a Guest, not undefined'],
      [
        'toHaveLostNoEvents',
        { guest: vm },
        [],
        'TypeError: expected a Guest, not an Object; the guest of a run is its `guest`',
      ],
      ['toHaveLostNoEvents', { procInterrupts: '' }, [], 'TypeError: expected a Guest, not an Object'],
      [
        'toMatchInterrupts',
        vm,
        [],
        'TypeError: expected the whole table as text, as vm.procInterrupts() gives it, not undefined',
      ],
      [
        'toMatchInterrupts',
        vm,
        [/netvsc/],
        'TypeError: expected the whole table as text, as vm.procInterrupts() gives it, not a RegExp',
      ],
      ['toFindNoRace', counterModel(true), [], 'TypeError: expected what check(model) returns, not '],
      [
        'toFindNoRace',
        { violations: [] },
        [],
        'TypeError: expected what check(model) returns, not an Object',
      ],
      ['toFindNoRace', null, [], 'TypeError: expected what check(model) returns, not null'],
    ])('%s(%#)', (matcher, received, given, error) => {
      const expected = expect(received) as unknown as Anything & { readonly not: Anything };
      for (const held of [expected, expected.not]) {
        let thrown: unknown;
        try {
          held[matcher](...given);
        } catch (caught) {
          thrown = caught;
        }
        expect(String(thrown).replace(/expect\(\w+\)\.\w+\(.*?\): /, '')).toContain(error);
      }
    });

    test('a RegExp that remembers where it was is asked from the beginning', () => {
      const text = /channel/g;
      for (let i = 0; i < 2; i++) expect(busy).toRefuse('EBUSY', text);
    });
  });
});
