import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import {
  defaultDesign,
  type DesignAxis,
  designChoices,
  designProblem,
  type VmbusDesign,
} from '../../../src/vmbus/variants/design.js';
import { designParts } from '../../../src/vmbus/variants/index.js';
import { device, TestGuest } from '../../support/guest.js';

const small: GuestOptions = {
  cpus: 4,
  kernel: '6.10',
  devices: [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'storvsc', relid: 14, subChannels: [23, 24] },
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] },
  ],
};

const relids = [7, 14, 23, 24, 13, 16, 17, 18];

function intr(guest: Guest): number {
  return Number(/^intr (\d+)/m.exec(guest.readFile('/proc/stat'))?.[1]);
}

const all = Object.entries(designChoices).flatMap(([axis, choices]) =>
  choices.map((choice): readonly [string, string] => [axis, choice]),
);

test('the first choice of each axis is the default', () => {
  for (const [axis, [first]] of Object.entries(designChoices))
    expect(defaultDesign[axis as DesignAxis]).toBe(first);
});

test('names that there are not are refused, with those that there are', () => {
  expect(() => designParts({ relidmap: 'array' } as Partial<VmbusDesign>)).toThrow(
    /^design: there is no axis "relidmap", only relidMap, topLevel/,
  );
  expect(() => designParts({ relidMap: 'list' } as unknown as Partial<VmbusDesign>)).toThrow(
    'design.relidMap: expected one of irqdomain, array, percpu-list, irqdomain-redirect, irqdomain-global, not "list"',
  );
});

describe.each(all)('%s %s', (axis, choice) => {
  const design: Partial<VmbusDesign> = { [axis]: choice };

  test('boots, handles each event once, moves channels, takes CPUs offline, gives devices up', () => {
    const guest = Guest.create({ ...small, design });
    const before = relids.map((relid) => guest.channel(relid).interrupts);
    for (const relid of relids) guest.host.signal(relid, 3);
    expect(relids.map((relid) => guest.channel(relid).interrupts)).toEqual(before.map((count) => count + 3));
    for (const relid of relids) guest.channel(relid).setCpu(0);
    guest.run({ ms: 1 });
    for (const relid of relids) guest.host.signal(relid, 2);
    expect(relids.map((relid) => guest.channel(relid).interrupts)).toEqual(before.map((count) => count + 5));
    for (const cpu of [1, 2, 3]) guest.cpu(cpu).offline();
    guest.cpu(3).online();
    guest.channel(17).setCpu(3);
    guest.run({ ms: 1 });
    guest.host.signal(17);
    expect(guest.channel(17).interrupts).toBe(before[6] + 6);
    for (const relid of [7, 14, 13]) guest.host.rescind(relid);
    expect(guest.vmbus.connection.primaries).toEqual([]);
    expect(guest.vmbus.connection.relids.droppedEvents).toBe(0);
    expect(guest.host.hyperv.totals.lost).toBe(0);
  });

  test('the module can be unloaded', () => {
    const guest = new TestGuest({
      devices: [device('scsi', 5, { subChannelRelids: [8, 9] }), device('kvp', 6)],
      design,
    }).boot();
    const channels = [...guest.connection.channels()];
    expect(channels).toHaveLength(4);
    guest.run(guest.vmbus.management.exit());
    guest.settle();
    for (const channel of guest.connection.primaries) expect(channel.isFreed).toBe(true);
    for (const channel of channels.filter(({ primary }) => primary === undefined)) {
      expect({ relid: channel.relid, isFreed: channel.isFreed }).toEqual({
        relid: channel.relid,
        isFreed: true,
      });
    }
  });
});

describe('accounting of the top level', () => {
  const arches = ['x86_64', 'arm64'] as const;

  function grownBy(arch: GuestOptions['arch'], topLevel: VmbusDesign['topLevel'], signals: number): number {
    const guest = Guest.create({ ...small, arch, design: { topLevel } });
    const before = intr(guest);
    for (let i = 0; i < signals; i++) guest.host.signal(relids[i % relids.length]);
    return intr(guest) - before;
  }

  test.each(arches)('%s: percpu counts each channel interrupt twice in /proc/stat', (arch) => {
    expect(grownBy(arch, 'percpu', 100)).toBe(200);
  });

  test.each(arches)('%s: all others count it once', (arch) => {
    for (const topLevel of ['percpu-demux', 'percpu-nostat-visible', 'percpu-nostat-hidden'] as const) {
      expect({ topLevel, grownBy: grownBy(arch, topLevel, 100) }).toEqual({ topLevel, grownBy: 100 });
    }
  });

  const rowOf = (guest: Guest, name: string): string | undefined =>
    guest
      .procInterrupts()
      .split('\n')
      .find((line) => line.endsWith(name) || line.startsWith(`${name}:`));

  test('visible: a row of its own with all interrupts, and one for control messages', () => {
    const guest = Guest.create({ ...small, arch: 'arm64', design: { topLevel: 'percpu-nostat-visible' } });
    const { interrupts, messages } = guest.host.hyperv.totals;
    const sum = (row: string | undefined): number =>
      (row ?? '')
        .split(/ +/)
        .slice(2, 6)
        .reduce((total, count) => total + Number(count), 0);
    expect(sum(rowOf(guest, 'Hyper-V VMbus'))).toBe(interrupts);
    expect(sum(rowOf(guest, 'hv_vmbus'))).toBe(messages);
    // Its interrupts are in no total.
    expect(intr(guest)).toBe(interrupts);
  });

  test('hidden: no row, on x86 no HYP', () => {
    const hidden = { ...small, design: { topLevel: 'percpu-nostat-hidden' } } as const;
    expect(rowOf(Guest.create(hidden), 'HYP')).toBeUndefined();
    expect(rowOf(Guest.create({ ...small, design: { topLevel: 'percpu' } }), 'HYP')).toBeDefined();
    expect(rowOf(Guest.create({ ...hidden, arch: 'arm64' }), 'Hyper-V VMbus')).toBeUndefined();
    expect(rowOf(Guest.create({ ...hidden, arch: 'arm64' }), 'hv_vmbus')).toMatch(/^ *\d+: .* VMBus +0 /);
  });

  test('needs the irqdomain where control messages have an IRQ', () => {
    const design = { relidMap: 'array', topLevel: 'percpu-nostat-hidden' } as const;
    expect(designProblem(design)).toContain('percpu-nostat-hidden');
    expect(designProblem({ ...design, topLevel: 'percpu' })).toBeUndefined();
    expect(() => Guest.create({ ...small, design })).toThrow(RangeError);
  });
});

describe('maps without IRQs', () => {
  test.each(['array', 'percpu-list'] as const)(
    '%s: the top level counts all interrupts, channels have no row',
    (relidMap) => {
      const guest = Guest.create({ ...small, design: { relidMap } });
      expect(guest.procInterrupts()).not.toContain('VMBus');
      const before = intr(guest);
      guest.host.signal(17, 10);
      expect(intr(guest) - before).toBe(10);
    },
  );

  test.each(['array', 'percpu-list'] as const)(
    '%s: a channel goes to no CPU that is offline or isolated',
    (relidMap) => {
      const guest = Guest.create({ ...small, cpus: { present: 4, isolated: [1] }, design: { relidMap } });
      for (const relid of relids) guest.channel(relid).setCpu(0);
      guest.run({ ms: 1 });
      guest.cpu(2).offline();
      for (const cpu of [1, 2])
        expect(() => guest.channel(7).setCpu(cpu)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    },
  );
});

test('waiting in the setter, a write to the cpu file takes as long as the host', () => {
  const took = (modifyChannel: VmbusDesign['modifyChannel']): number => {
    const guest = Guest.create({
      ...small,
      host: { latency: { modifyChannelNs: 700_000 } },
      design: { modifyChannel },
    });
    const before = guest.now;
    guest.channel(17).setCpu(0);
    return guest.now - before;
  };
  expect(took('wait-in-setter')).toBe(700_000);
  expect(took('wait-on-offline')).toBe(0);
});

test('waiting in the setter, a write to the cpu file ends when the host takes the channel back', () => {
  const guest = new TestGuest({
    present: 2,
    devices: [device('nd', 5), device('scsi', 6)],
    host: { modifyChannelNs: 700_000 },
    design: { modifyChannel: 'wait-in-setter' },
  }).boot();
  const { clock, log } = guest.machine;
  const channel = guest.channel(6);
  const other = channel.targetCpu === 0 ? 1 : 0;
  const begins = clock.now;
  clock.after(100_000, { fire: () => guest.host.rescind(6) });
  guest.machine.run('target_cpu_store', guest.connection.modifyChannel.store(channel, other));
  expect(clock.now - begins).toBeLessThan(700_000);
  expect(channel.rescind).toBe(true);
  expect(log.lines.filter(({ text }) => text.includes('Timed out'))).toEqual([]);
});
