import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../../src/guest/guest.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { accountOf, brokenInvariants } from './invariants.js';
import { runs } from '../support/long.js';

const small: GuestOptions = {
  cpus: 4,
  devices: [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] },
    { driver: 'storvsc', relid: 14, subChannels: [21, 22, 23] },
  ],
};

describe('affinity', () => {
  test('agrees in /proc/irq, in sysfs and in the library, whichever way it was set', () => {
    const vm = Guest.create(small);
    const channel = vm.channel(17);
    const { irq } = channel;
    const views = () => ({
      mask: vm.fs.readFile(`/proc/irq/${irq}/smp_affinity`),
      list: vm.fs.readFile(`/proc/irq/${irq}/smp_affinity_list`),
      effective: vm.fs.readFile(`/proc/irq/${irq}/effective_affinity_list`),
      sysfs: vm.fs.readFile(`${channel.path}/cpu`),
      library: vm.irq(irq).effectiveAffinity,
      channel: channel.cpu,
    });
    vm.irq(irq).setAffinity('1');
    expect(views()).toEqual({
      mask: '2\n',
      list: '1\n',
      effective: '1\n',
      sysfs: '1\n',
      library: '1',
      channel: 1,
    });
    vm.fs.writeFile(`/proc/irq/${irq}/smp_affinity`, '4\n');
    expect(views()).toEqual({
      mask: '4\n',
      list: '2\n',
      effective: '2\n',
      sysfs: '2\n',
      library: '2',
      channel: 2,
    });
    vm.fs.writeFile(`${channel.path}/cpu`, '3\n');
    expect(views()).toEqual({
      mask: '8\n',
      list: '3\n',
      effective: '3\n',
      sysfs: '3\n',
      library: '3',
      channel: 3,
    });
    vm.irq(irq).setAffinity(CpuMask.of(4, [0, 3]));
    expect(views()).toEqual({
      mask: '9\n',
      list: '0,3\n',
      effective: '3\n',
      sysfs: '3\n',
      library: '3',
      channel: 3,
    });
  });

  test('is followed by the host after its latency; until then events are counted on the old CPU', () => {
    const vm = Guest.create({ ...small, host: { latency: { modifyChannelNs: 1_000_000 } } });
    const channel = vm.channel(17);
    const old = channel.cpu;
    const before = vm.irq(channel.irq).counts;
    channel.setCpu(0);
    vm.host.signal(17, 3);
    vm.run({ us: 999 });
    vm.host.signal(17);
    vm.run({ us: 1 });
    vm.host.signal(17, 2);
    const { counts } = vm.irq(channel.irq);
    expect(counts[old] - before[old]).toBe(4);
    expect(counts[0] - before[0]).toBe(2);
  });

  test('is sent to the host in the same order however often it changes', () => {
    const vm = Guest.create(small);
    for (const cpu of [0, 1, 2, 0, 3]) vm.channel(17).setCpu(cpu);
    vm.run({ ms: 10 });
    expect(vm.host.channel(17)?.targetVp).toBe(3);
    expect(vm.vmbus.connection).toMatchObject({ modchans: { sent: 5, completed: 5 } });
  });
});

describe('CPU offlining', () => {
  test('is refused while channels target the CPU, and succeeds when they are moved', () => {
    const vm = Guest.create(small);
    expect(() => vm.cpu(3).offline()).toThrow(expect.objectContaining({ code: 'EBUSY', errno: -16 }));
    expect(() => vm.cpu(3).offline()).toThrow(
      /CPU 3 is the target of channels? \d+ .*; move (it|them) first/,
    );
    for (const { relid, targetCpu } of vm.vmbus.connection.channels()) {
      if (targetCpu === 3) vm.channel(relid).setCpu(0);
    }
    vm.cpu(3).offline();
    expect(vm.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-2\n');
    expect(() => vm.irq(vm.channel(17).irq).setAffinity([3])).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    vm.cpu(3).online();
    vm.channel(17).setCpu(3);
    vm.run({ ms: 1 });
    const { counts } = vm.irq(vm.channel(17).irq);
    vm.host.signal(17, 5);
    expect(vm.irq(vm.channel(17).irq).counts[3]).toBe(counts[3] + 5);
  });

  test('of the connect CPU is refused', () => {
    expect(() => Guest.create(small).cpu(0).offline()).toThrow(/EBUSY: CPU 0 is the VMBus connect CPU/);
  });

  test('waits for the host to have moved the channels: no event is lost however slow it is', () => {
    const vm = Guest.create({ ...small, host: { latency: { modifyChannelNs: 12_000_000 } } });
    for (const { relid, targetCpu } of vm.vmbus.connection.channels()) {
      if (targetCpu === 3) vm.channel(relid).setCpu(1);
    }
    const from = vm.now;
    vm.at(from + 11_000_000, () => vm.host.hyperv.signal(17, 1));
    vm.cpu(3).offline();
    expect(vm.now - from).toBeGreaterThanOrEqual(12_000_000);
    expect(brokenInvariants(vm)).toEqual([]);
  });

  test('moves all channels to CPU 0 and takes every other CPU off and back, as test engineers do', () => {
    const vm = Guest.create(small);
    for (const { relid } of vm.vmbus.connection.channels()) vm.channel(relid).setCpu(0);
    for (const cpu of [1, 2, 3]) vm.fs.writeFile(`/sys/devices/system/cpu/cpu${cpu}/online`, '0');
    expect(vm.fs.readFile('/sys/devices/system/cpu/online')).toBe('0\n');
    for (const cpu of [1, 2, 3]) vm.fs.writeFile(`/sys/devices/system/cpu/cpu${cpu}/online`, '1');
    expect(vm.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-3\n');
    expect(brokenInvariants(vm)).toEqual([]);
  });
});

describe('channels', () => {
  test('change in number at run time, also with CPUs offline, and are never bound to an offline CPU', () => {
    const vm = Guest.create(small);
    for (const { relid } of vm.vmbus.connection.channels()) vm.channel(relid).setCpu(0);
    vm.cpu(2).offline();
    vm.channel(13).setChannels(2);
    vm.channel(13).setChannels(3);
    const netvsc = [...vm.vmbus.connection.channels()].filter(({ irqName }) => irqName === 'netvsc');
    expect(netvsc.map(({ relid }) => relid)).toEqual([13, 16, 17]);
    expect(brokenInvariants(vm)).toEqual([]);
    expect(() => vm.channel(13).setChannels(0)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(() => vm.channel(7).setChannels(2)).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP' }));
  });

  test('go with their device, and their relid and IRQ number are used again', () => {
    const vm = Guest.create(small);
    const { irq } = vm.channel(7);
    vm.host.rescind(7);
    expect(() => vm.channel(7)).toThrow(RangeError);
    expect(vm.irqCore.desc(irq)).toBeUndefined();
    expect(vm.fs.exists(`/proc/irq/${irq}`)).toBe(false);
    vm.host.offer({ driver: 'kvp', relid: 7 });
    expect(vm.channel(7).irq).toBe(irq);
    expect(vm.irq(irq).name).toBe('kvp');
  });
});

/** Rows of /proc/interrupts as label → sum of the counts. */
function rowTotals(text: string): Map<string, number> {
  const totals = new Map<string, number>();
  const [header, ...lines] = text.trimEnd().split('\n');
  const columns = header.trim().split(/\s+/).length;
  for (const line of lines) {
    const [label, ...fields] = line.trim().split(/\s+/);
    const counts = fields.slice(0, columns).filter((field) => /^\d+$/.test(field));
    totals.set(
      label.slice(0, -1),
      counts.reduce((sum, count) => sum + Number(count), 0),
    );
  }
  return totals;
}

test('the host’s doings have reached the guest when the call returns, also if its CPUs are busy with interrupts', () => {
  for (const interruptTimeNs of [1_000, 50_000, 3_000_000]) {
    const vm = Guest.create({ cpus: 2, interruptTimeNs, devices: [{ driver: 'heartbeat', relid: 7 }] });
    vm.host.signal(7, 4);
    vm.host.offer({ driver: 'kvp', relid: 40 });
    expect(vm.channel(40).state).toBe('opened');
    vm.host.signal(40);
    vm.host.rescind(40);
    expect(() => vm.channel(40)).toThrow('no channel 40');
  }
});

describe('counts', () => {
  /** Devices of 2 to 8 CPUs, and what happens to them. */
  const cpus = fc.integer({ min: 2, max: 8 });
  const actions = fc.array(
    fc.record({
      relid: fc.constantFrom(7, 13, 16, 17, 18, 14, 21, 22, 23),
      times: fc.integer({ min: 1, max: 20 }),
      what: fc.constantFrom('signal', 'move', 'offline', 'online', 'irqs off', 'irqs on', 'run'),
      cpu: fc.nat(7),
    }),
    { maxLength: 60 },
  );

  test('events signalled = interrupts counted + events coalesced in the event page', () => {
    let coalescedAtAll = 0;
    fc.assert(
      fc.property(cpus, actions, fc.constantFrom(0, 2_000), (nrCpus, list, interruptTimeNs) => {
        const vm = Guest.create({ ...small, cpus: nrCpus, interruptTimeNs });
        const irqsOff: number[] = [];
        for (const { relid, times, what, cpu: any } of list) {
          const cpu = any % nrCpus;
          const known = vm.host.channel(relid) !== undefined;
          try {
            if (what === 'signal') vm.host.signal(relid, times);
            else if (what === 'move' && known) vm.channel(relid).setCpu(cpu);
            else if (what === 'offline' && irqsOff.length === 0) vm.cpu(cpu).offline();
            else if (what === 'online') vm.cpu(cpu).online();
            else if (what === 'irqs off') {
              vm.cpu(cpu).disableInterrupts();
              irqsOff.push(cpu);
            } else if (what === 'irqs on')
              for (const off of irqsOff.splice(0)) vm.cpu(off).enableInterrupts();
            else vm.run({ us: times * 10 });
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^(EBUSY|EINVAL)$/) });
          }
        }
        for (const off of irqsOff) vm.cpu(off).enableInterrupts();
        vm.run({ ms: 5 });
        let coalesced = 0;
        for (const { relid } of vm.host.hyperv.allChannels()) {
          const account = accountOf(vm, relid);
          expect({ relid, signalled: account.signalled }).toEqual({
            relid,
            signalled: account.counted + account.coalesced,
          });
          coalesced += account.coalesced;
        }
        coalescedAtAll += coalesced;
        expect(brokenInvariants(vm)).toEqual([]);
      }),
      { numRuns: runs(200, 50) },
    );
    expect(coalescedAtAll).toBeGreaterThan(0);
  });

  test('the kernel command line says how CPUs and interrupts are used', () => {
    const cmdline = 'isolcpus=domain,managed_irq,3 nohz_full=3 irqaffinity=1 threadirqs irqpoll maxcpus=2';
    const vm = Guest.create({ cpus: 4, kernel: '6.12', vmbus: false, cmdline });
    const read = (path: string): string => vm.fs.readFile(path).trim();
    expect(vm.log.map(({ text }) => text)).toEqual([
      `Kernel command line: ${cmdline}`,
      'Misrouted IRQ fixup and polling support enabled',
      'This may significantly impact system performance',
    ]);
    const cpu = '/sys/devices/system/cpu';
    expect([read(`${cpu}/isolated`), read(`${cpu}/nohz_full`), read(`${cpu}/online`)]).toEqual([
      '3',
      '3',
      '0-1',
    ]);
    expect(read('/proc/irq/default_smp_affinity')).toBe('3');
    expect([[...vm.machine.isolated], vm.irqCore.threadirqs]).toEqual([[3], true]);
    // CPU 0 could go in 6.1 only (BOOTPARAM_HOTPLUG_CPU0).
    for (const [kernel, shown] of [
      ['6.1', true],
      ['6.10', false],
    ] as const) {
      const other = Guest.create({ cpus: 2, kernel, vmbus: false, cmdline: 'cpu0_hotplug' });
      expect(other.fs.exists(`${cpu}/cpu0/online`)).toBe(shown);
    }
  });

  test('/proc/stat adds up the rows that Linux adds up', () => {
    const vm = Guest.create({
      ...small,
      interrupts: [{ irq: 9, chip: 'IO-APIC', flow: 'fasteoi', name: 'acpi', counts: { 0: 2 } }],
      architectureRows: {
        NMI: 1,
        LOC: [5, 6, 7, 8],
        TLB: 100,
        DFR: 100,
        MIS: { 0: 100 },
        HVS: 3,
        ERR: { 0: 2 },
      },
    });
    vm.host.signal(17, 11);
    vm.host.signal(7, 3);
    const rows = rowTotals(vm.procInterrupts());
    const notAdded = new Set(['TLB', 'DFR', 'MIS', 'PIN', 'NPI', 'PIW']);
    const expected = [...rows].reduce((sum, [label, total]) => (notAdded.has(label) ? sum : sum + total), 0);
    const fields = /^intr (.*)$/m.exec(vm.fs.readFile('/proc/stat'))?.[1].split(' ').map(Number) ?? [];
    expect(fields[0]).toBe(expected);
    expect(fields[1 + 9]).toBe(2);
    expect(fields[1 + vm.channel(17).irq]).toBe(vm.irq(vm.channel(17).irq).total);
  });

  test.each([
    ['6.1', 7, 'CPU stop \\(for crash dump\\) interrupts', 'CPU wake-up interrupts'],
    ['6.10', 6, 'CPU stop \\(for crash dump\\) interrupts', 'IRQ work interrupts'],
    ['6.12', 8, 'CPU stop NMIs', 'KGDB roundup interrupts'],
  ] as const)('arm64 on kernel %s has %i IPI rows', (kernel, rows, third, last) => {
    const text = Guest.create({ cpus: 2, arch: 'arm64', kernel }).procInterrupts();
    const ipis = text.split('\n').filter((line) => line.startsWith('IPI'));
    expect(ipis).toHaveLength(rows);
    expect(ipis[3]).toMatch(new RegExp(`${third}$`));
    expect(ipis.at(-1)).toMatch(new RegExp(`${last}$`));
  });

  test('on arm64 the top level counts control messages only, and /proc/stat each event once', () => {
    const vm = Guest.create({ ...small, arch: 'arm64' });
    const totalOf = () => Number(/^intr (\d+)/m.exec(vm.fs.readFile('/proc/stat'))?.[1]);
    const top = [...vm.irqCore.descs()].find(
      (desc) => desc.data.chip.name === 'GICv3' && desc.action !== undefined,
    );
    const before = { total: totalOf(), top: [...(top?.cold.kstat ?? [])] };
    vm.host.signal(17, 100);
    expect(totalOf() - before.total).toBe(100);
    expect([...(top?.cold.kstat ?? [])]).toEqual(before.top);
    expect(vm.procInterrupts()).toMatch(/^ +\d+: .* GICv3 {2}18 Edge {6}Hyper-V VMbus$/m);
  });
});

describe('a guest', () => {
  test('is the same every time', () => {
    const run = () => {
      const vm = Guest.create({ ...small, seed: 5 });
      vm.host.signal(16, 4);
      vm.channel(17).setCpu(0);
      vm.run({ ms: 3 });
      return [vm.procInterrupts(), vm.fs.readFile('/proc/stat'), vm.now, vm.log];
    };
    expect(run()).toEqual(run());
  });

  test('says what is wrong with what it is asked', () => {
    const vm = Guest.create(small);
    expect(() => vm.irq(999)).toThrow(new RangeError('there is no IRQ 999'));
    expect(() => vm.cpu(4)).toThrow(/there is no CPU 4: this machine has CPUs 0-3/);
    expect(() => vm.channel(99)).toThrow(/no channel 99/);
    expect(() => vm.host.rescind(99)).toThrow(/no channel 99/);
    expect(() => vm.host.offer({ driver: 'kvp', relid: 7 })).toThrow(/relid 7 is in use/);
    expect(() => vm.host.offer({ driver: 'kvp', relid: 16 })).toThrow(/relid 16 is in use/);
    for (const subChannels of [[41], [42, 42], [42, 43, 41]])
      expect(() => vm.host.offer({ driver: 'netvsc', relid: 41, channels: 2, subChannels })).toThrow(
        /relid 4[12] is there twice among the channels of one device/,
      );
    expect(() => Guest.create({ ...small, architectureRows: { XYZ: 1 } })).toThrow(/x86_64 has no row "XYZ"/);
    expect(() => vm.run({ seconds: -1 })).toThrow(RangeError);
    expect(() => vm.run({})).toThrow(/for a time such as/);
    const wrong = (options: unknown) => () => Guest.create(options as GuestOptions);
    expect(wrong({ ...small, devcies: [] })).toThrow(
      'a guest\'s options: unknown key "devcies"; did you mean "devices"?',
    );
    expect(wrong({ cpus: '4' })).toThrow(
      'cpus: expected a number of CPUs or an object such as {present: 8, possible: 16}, not "4"',
    );
    expect(wrong({ cpus: { present: 4, nods: 2 } })).toThrow(
      'cpus: unknown key "nods"; did you mean "nodes"?',
    );
    expect(wrong(undefined)).toThrow(TypeError);
    expect(() => vm.irq(24).setAffinity(undefined as unknown as string)).toThrow(TypeError);
  });
});
