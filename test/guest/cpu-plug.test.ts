import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

const options: GuestOptions = {
  cpus: { present: 2, possible: 6, nodes: 2 },
  kernel: '6.12',
  devices: [
    { driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] },
    { driver: 'heartbeat', relid: 7 },
  ],
};
const CPU = '/sys/devices/system/cpu';
const texts = (vm: Guest): string[] => vm.log.map(({ text }) => text);
const sets = (vm: Guest): Record<string, string> =>
  Object.fromEntries(
    ['possible', 'present', 'online', 'offline'].map((name) => [name, vm.readFile(`${CPU}/${name}`).trim()]),
  );
const columns = (vm: Guest): string => vm.procInterrupts().split('\n')[0].trim().replace(/ +/g, ' ');

describe('a CPU that is plugged in', () => {
  test('is present and offline, has its directories, and comes online when somebody wants it to', () => {
    const vm = Guest.create(options);
    expect(sets(vm)).toEqual({ possible: '0-5', present: '0-1', online: '0-1', offline: '2-5' });
    expect(() => vm.readFile(`${CPU}/cpu3/online`)).toThrow(/ENOENT/);
    vm.cpu(3).plug();
    expect(vm.cpu(3)).toMatchObject({ isPresent: true, isOnline: false });
    expect(sets(vm)).toEqual({ possible: '0-5', present: '0-1,3', online: '0-1', offline: '2-5' });
    expect(vm.readFile(`${CPU}/enabled`)).toBe('0-1,3\n');
    expect(vm.readFile(`${CPU}/cpu3/online`)).toBe('0\n');
    expect([...vm.fs.readdir(CPU)].filter((name) => /^cpu\d/.test(name))).toEqual(['cpu0', 'cpu1', 'cpu3']);
    expect(vm.fs.readlink('/sys/devices/system/node/node1/cpu3')).toBe('../../cpu/cpu3');
    expect(vm.readFile('/sys/devices/system/node/node1/cpulist')).toBe('\n');
    expect(columns(vm)).toBe('CPU0 CPU1');
    const affinity = vm.readFile('/proc/irq/default_smp_affinity');
    vm.writeFile(`${CPU}/cpu3/online`, '1');
    expect(sets(vm)).toMatchObject({ online: '0-1,3', offline: '2,4-5' });
    expect(columns(vm)).toBe('CPU0 CPU1 CPU3');
    expect(vm.readFile('/proc/stat')).toMatch(/^cpu3 /m);
    expect(vm.readFile('/sys/devices/system/node/node1/cpulist')).toBe('3\n');
    expect(vm.readFile('/sys/devices/system/node/has_cpu')).toBe('0-1\n');
    expect(vm.readFile('/proc/irq/default_smp_affinity')).toBe(affinity);
    expect(texts(vm).slice(-2)).toEqual([
      'ACPI: CPU3 has been hot-added',
      'smpboot: Booting Node 1 Processor 3 APIC 0x3',
    ]);
    vm.cpu(3).plug();
    expect(texts(vm)).toHaveLength(texts(Guest.create(options)).length + 2);
  });

  test.each([
    [
      '6.1',
      [
        'CPU2 has been hot-added',
        'smpboot: Booting Node 0 Processor 2 APIC 0x2',
        'Will online and init hotplugged CPU: 2',
      ],
    ],
    [
      '6.10',
      [
        'ACPI: CPU2 has been hot-added',
        'smpboot: Booting Node 0 Processor 2 APIC 0x2',
        'Will online and init hotplugged CPU: 2',
      ],
    ],
    ['7.2', ['ACPI: CPU2 has been hot-added', 'smpboot: Booting Node 0 Processor 2 APIC 0x2']],
  ] as const)('the log of %s', (kernel, lines) => {
    const vm = Guest.create({ ...options, kernel });
    vm.cpu(2).plug();
    vm.cpu(2).online();
    expect(texts(vm).slice(-lines.length)).toEqual(lines);
    // Later it is a CPU as any other.
    if (kernel !== '7.2') return;
    vm.cpu(2).offline();
    vm.cpu(2).online();
    expect(texts(vm).at(-1)).toBe('smpboot: Booting Node 0 Processor 2 APIC 0x2');
  });

  test('gets the next number before 6.9, whichever it is', () => {
    const vm = Guest.create({ ...options, kernel: '6.1' });
    expect(() => vm.cpu(3).plug()).toThrow(
      'CPU 3 cannot come yet: this kernel numbers CPUs as they come, and the next one is 2',
    );
    vm.cpu(2).plug();
    vm.cpu(2).unplug();
    vm.cpu(3).plug();
    expect(sets(vm)).toMatchObject({ present: '0-1,3' });
  });

  test('cannot be brought online before it is there, nor come where there is no place, or on arm64', () => {
    const vm = Guest.create(options);
    expect(() => vm.cpu(4).online()).toThrow(/EINVAL/);
    expect(() => vm.cpu(6)).toThrow(RangeError);
    const arm = Guest.create({ ...options, arch: 'arm64' });
    expect(() => arm.cpu(4).plug()).toThrow('on arm64 Linux has all CPUs');
    expect(() => arm.cpu(1).unplug()).toThrow('on arm64 Linux has all CPUs');
  });

  test('gets the managed interrupts that wait for it', () => {
    const vm = Guest.create({
      cpus: { present: 2, possible: 4 },
      kernel: '6.12',
      pci: [{ driver: 'nvme', queues: 4, bus: 'pci' }],
    });
    const state = (): string[] =>
      [...vm.irqCore.descs()]
        .filter(({ action }) => action?.name?.startsWith('nvme0q') === true)
        .map(
          ({ irq, action }) =>
            `${action?.name} ${vm.readFile(`/proc/irq/${irq}/effective_affinity_list`).trim()}`,
        );
    const before = state();
    vm.cpu(2).plug();
    expect(state()).toEqual(before);
    vm.cpu(2).online();
    const started = state().filter((line) => line.endsWith(' 2'));
    expect(started).toHaveLength(1);
    expect(before).not.toContain(started[0]);
  });
});

describe('a CPU that is unplugged', () => {
  test('goes offline first; while channels target it firmware is told that it is busy', () => {
    const vm = Guest.create({ ...options, cpus: { present: 4, possible: 6 } });
    const [target] = [...vm.vmbus.connection.channels()].filter(({ targetCpu }) => targetCpu > 0);
    const { targetCpu: busy, relid } = target;
    expect(() => vm.cpu(busy).unplug()).toThrow(`EBUSY: CPU ${busy} is the target of channel ${relid}`);
    expect(texts(vm).at(-1)).toBe(`processor cpu${busy}: Offline failed.`);
    expect(vm.cpu(busy)).toMatchObject({ isPresent: true, isOnline: true });
    vm.channel(relid).setCpu(0);
    vm.run({ ms: 50 });
    vm.cpu(busy).unplug();
    expect(vm.cpu(busy)).toMatchObject({ isPresent: false, isOnline: false });
    expect(texts(vm).at(-1)).toBe(`smpboot: CPU ${busy} is now offline`);
    expect(() => vm.fs.stat(`${CPU}/cpu${busy}`)).toThrow(/ENOENT/);
    expect(() => vm.cpu(busy).unplug()).toThrow(`CPU ${busy} is not plugged in`);
    vm.cpu(busy).plug();
    vm.cpu(busy).online();
    // Its pages are those of boot.
    vm.channel(relid).setCpu(busy);
    vm.run({ ms: 50 });
    const counted = vm.channel(relid).irq;
    expect(vm.host.signal(relid)).toBe(1);
    expect(vm.irqCount(counted, busy)).toBeGreaterThan(0);
  });

  test('CPU 0 stays', () => {
    const vm = Guest.create({ cpus: 2, vmbus: false });
    expect(() => vm.cpu(0).unplug()).toThrow('EBUSY: CPU 0 is the boot CPU');
    vm.cpu(1).unplug();
    expect(sets(vm)).toMatchObject({ present: '0', online: '0', offline: '1' });
  });
});

describe('VMBus has no synic pages for a CPU that came after it was loaded', () => {
  const withCpu2 = (kernel: GuestOptions['kernel'], more: Partial<GuestOptions> = {}): Guest => {
    const vm = Guest.create({ ...options, kernel, ...more });
    vm.cpu(2).plug();
    vm.cpu(2).online();
    return vm;
  };

  test.each(['6.1', '6.10', '6.12', '6.18'] as const)('%s: its first interrupt is the end', (kernel) => {
    const vm = withCpu2(kernel);
    vm.channel(16).setCpu(2);
    vm.run({ ms: 50 });
    expect(vm.machine.halted).toBe(false);
    vm.host.signal(16);
    expect(vm.machine.halted).toBe(true);
    vm.run({ seconds: 1 });
    expect(texts(vm).slice(-5)).toEqual([
      'BUG: kernel NULL pointer dereference, address: 0000000000000200',
      '#PF: supervisor read access in kernel mode',
      '#PF: error_code(0x0000) - not-present page',
      'Kernel panic - not syncing: Fatal exception in interrupt',
      '---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---',
    ]);
    expect(vm.host.crashes).toHaveLength(1);
    expect([...vm.host.hyperv.allChannels()].every(({ state }) => state.kind === 'offered')).toBe(true);
    expect(() => vm.cpu(1).offline()).toThrow('nothing runs in it');
  });

  test.each(['6.1', '6.12', '6.18'] as const)('%s: its going hangs for ever', (kernel) => {
    const vm = withCpu2(kernel);
    expect(() => vm.cpu(2).offline()).toThrow(/waits for the end of cpuhp\/2, which has died/);
    expect(texts(vm).at(-1)).toBe('#PF: error_code(0x0000) - not-present page');
    expect(vm.hangs().map(({ functions }) => functions[0])).toContain('cpuhp_kick_ap_work');
  });

  test('with hosts of VMBus 4.0 nobody looks into the pages, and it goes', () => {
    const vm = withCpu2('6.1', { host: { version: '4.0' } });
    vm.cpu(2).unplug();
    expect(sets(vm)).toMatchObject({ present: '0-1' });
  });

  test('7.2 looks first: events are not seen, and the CPU can go', () => {
    const vm = withCpu2('7.2');
    vm.channel(16).setCpu(2);
    vm.run({ ms: 50 });
    const { irq } = vm.channel(16);
    const before = vm.irqCount(irq);
    expect(vm.host.signal(16, 3)).toBe(3);
    vm.run({ seconds: 1 });
    expect(vm.irqCount(irq)).toBe(before);
    vm.channel(16).setCpu(0);
    vm.run({ ms: 50 });
    vm.host.signal(16);
    expect(vm.irqCount(irq)).toBe((before ?? 0) + 1);
    vm.cpu(2).unplug();
    expect(vm.machine.halted).toBe(false);
  });

  test('a paravisor has pages for all CPUs', () => {
    const vm = withCpu2('6.12', { isolation: true });
    vm.channel(16).setCpu(2);
    vm.run({ ms: 50 });
    vm.host.signal(16);
    expect(vm.irqCount(vm.channel(16).irq, 2)).toBe(1);
  });

  test('a kernel that kexec starts has pages for the CPUs that are there, and numbers them first', () => {
    const vm = Guest.create({
      ...options,
      cpus: {
        present: 2,
        possible: 6,
        nodes: ['0-2', '3-5'].map((_, at) => (at === 0 ? [0, 1, 2] : [3, 4, 5])),
      },
    });
    vm.cpu(4).plug();
    vm.kexec();
    expect(sets(vm)).toEqual({ possible: '0-5', present: '0-2', online: '0-2', offline: '3-5' });
    expect(vm.readFile('/sys/devices/system/node/node1/cpulist')).toBe('2\n');
    vm.channel(16).setCpu(2);
    vm.run({ ms: 50 });
    expect(vm.host.channel(16)?.targetVp).toBe(4);
    vm.host.signal(16);
    expect(vm.irqCount(vm.channel(16).irq, 2)).toBeGreaterThan(0);
  });
});

describe('in a scenario', () => {
  const run = (timeline: string) => {
    const scenario = parseScenario(
      `kernel: "7.2"\ncpus: {present: 2, possible: 4}\ndevices: [{driver: heartbeat, relid: 7}]\ntimeline:\n${timeline}`,
      'plug.yaml',
    );
    return runScenarioOn(Guest.create(scenario.guest), scenario);
  };

  test('plugCpu and unplugCpu are steps, with what is expected of them', () => {
    const result = run(
      [
        '  - {at: 1s, plugCpu: 2}',
        `  - {read: ${CPU}/present, expect: 0-2}`,
        '  - {online: 2}',
        `  - {read: ${CPU}/online, expect: 0-2}`,
        '  - {unplugCpu: 2}',
        '  - {unplugCpu: 0, expect: EBUSY}',
        `  - {read: ${CPU}/present, expect: 0-1}`,
      ].join('\n'),
    );
    expect(result.ok).toBe(true);
  });

  test('a CPU that there is no place for is named with its line', () => {
    expect(() => run('  - {plugCpu: 4}')).toThrow(/there is no CPU 4: this guest has CPUs 0-3/);
    expect(run('  - {unplugCpu: 3}').ok).toBe(false);
  });
});
