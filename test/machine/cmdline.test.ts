import { describe, expect, test } from '@jest/globals';
import { type KernelParameters, parseCmdline } from '../../src/machine/cmdline.js';

function parsed(text: string, possible = 4, present = possible): KernelParameters {
  return parseCmdline(text, possible, present);
}

// kernel/sched/isolation.c housekeeping_isolcpus_setup and housekeeping_setup, as in 6.12.
describe('isolcpus and nohz_full', () => {
  test.each([
    ['isolcpus=2-3', [], [2, 3], undefined, []],
    ['isolcpus=domain,2-3', [], [2, 3], undefined, []],
    ['isolcpus=managed_irq,1', [1], [], undefined, []],
    ['isolcpus=managed_irq,domain,0,2', [0, 2], [0, 2], undefined, []],
    ['isolcpus=nohz,managed_irq,3', [3], [], [3], []],
    ['nohz_full=1-3', [], [], [1, 2, 3], []],
    ['nohz-full=1-3', [], [], [1, 2, 3], []],
    ['isolcpus=nohz,domain,2-3 nohz_full=2-3', [], [2, 3], [2, 3], []],
    ['isolcpus=nohz,2-3 nohz_full=1', [], [], [2, 3], ['Housekeeping: nohz_full= must match isolcpus=']],
    ['isolcpus=managed_irq,2 nohz_full=3', [2], [], [3], []],
    ['isolcpus=frozen,2', [], [2], undefined, ['isolcpus: Skipped unknown flag frozen']],
    ['isolcpus=x1,2', [], [], undefined, ['isolcpus: Invalid flag x1']],
    ['isolcpus=9', [], [], undefined, ['Housekeeping: nohz_full= or isolcpus= incorrect CPU range']],
    ['isolcpus=', [], [], undefined, []],
    [
      'isolcpus=managed_irq,0-3',
      [1, 2, 3],
      [],
      undefined,
      ['Housekeeping: must include one present CPU, using boot CPU:0'],
    ],
  ] as const)('%s', (text, managed, domain, nohz, messages) => {
    const { managedIrqIsolated, domainIsolated, nohzFull } = parsed(text);
    expect([managedIrqIsolated, domainIsolated, nohzFull]).toEqual([managed, domain, nohz]);
    expect(parsed(text).messages).toEqual(messages);
  });

  test('a CPU that is only possible keeps no house', () => {
    expect(parsed('isolcpus=0-1', 4, 2).domainIsolated).toEqual([1]);
  });
});

// kernel/irq/irqdesc.c irq_affinity_setup: the boot CPU is always one of them.
test.each([
  ['irqaffinity=1-2', [0, 1, 2]],
  ['irqaffinity=0', [0]],
  ['irqaffinity=what', [0]],
  ['quiet', undefined],
])('%s', (text, cpus) => {
  expect(parsed(text).irqaffinity).toEqual(cpus);
});

test('flags, quotes, and where the command line ends', () => {
  expect(parsed('ro root=/dev/sda1 quiet')).toMatchObject({
    threadirqs: false,
    noirqdebug: false,
    irqfixup: 0,
    cpu0Hotplug: false,
    maxcpus: undefined,
  });
  expect(parsed('threadirqs noirqdebug irqfixup cpu0_hotplug maxcpus=2')).toMatchObject({
    threadirqs: true,
    noirqdebug: true,
    irqfixup: 1,
    cpu0Hotplug: true,
    maxcpus: 2,
  });
  expect(parsed('irqpoll dyndbg="file a.c +p; threadirqs" "isolcpus=2" -- noirqdebug')).toMatchObject({
    irqfixup: 2,
    threadirqs: false,
    domainIsolated: [2],
    noirqdebug: false,
  });
});
