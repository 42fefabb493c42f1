// What /proc/softirqs and /proc/stat count of what the guest runs.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { StorvscOptions } from '../../src/scenario/options/devices.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';

/** /proc/softirqs: the counts of each CPU by name, without rows of zeros. */
function softirqs(vm: Guest): Record<string, number[]> {
  const [, ...rows] = vm.fs.readFile('/proc/softirqs').trimEnd().split('\n');
  const counted = rows.map((row): [string, number[]] => {
    const [name, ...counts] = row.trim().split(/[\s:]+/);
    return [name, counts.map(Number)];
  });
  return Object.fromEntries(counted.filter(([, counts]) => counts.some((count) => count > 0)));
}

/** How much more is counted after `action`. */
function during(vm: Guest, action: () => void): Record<string, number[]> {
  const before = softirqs(vm);
  action();
  const after = Object.entries(softirqs(vm));
  return Object.fromEntries(
    after.flatMap(([name, counts]) => {
      const more = counts.map((count, cpu) => count - (before[name]?.[cpu] ?? 0));
      return more.some((count) => count > 0) ? [[name, more]] : [];
    }),
  );
}

const line = (vm: Guest, name: string): number[] => {
  const found = vm.fs
    .readFile('/proc/stat')
    .split('\n')
    .find((each) => each.startsWith(`${name} `));
  return (found ?? '').split(' ').slice(1).map(Number);
};

const disk: StorvscOptions = { driver: 'storvsc', relid: 14 };

describe('what runs where', () => {
  test('frames are polled in NET_RX of the CPU that the channel interrupts', () => {
    const vm = Guest.create({
      cpus: 4,
      devices: [{ driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] }],
    });
    const counted = during(vm, () => {
      for (let i = 0; i < 50; i++) {
        vm.nic(13).receive({ flow: i % 2 });
        vm.run({ ms: 1 });
      }
    });
    const polled = [13, 16, 17, 18].map((relid) => [
      vm.channel(relid).cpu,
      vm.irqCount(vm.channel(relid).irq) ?? 0,
    ]);
    expect(Object.keys(counted)).toEqual(['NET_RX']);
    expect(counted.NET_RX.filter((count) => count > 0)).toEqual([25, 25]);
    const boot = softirqs(vm).NET_RX;
    for (const [cpu, interrupts] of polled) expect(boot[cpu]).toBe(interrupts);
  });

  test('a poll that uses up its budget is polled in the next round', () => {
    const vm = Guest.create({
      cpus: 2,
      devices: [{ driver: 'netvsc', relid: 13 }],
      host: { network: { batch: { count: 200, waitNs: 1e6 } } },
    });
    expect(
      during(vm, () => {
        vm.nic(13).receive({ count: 150 });
        vm.run({ ms: 5 });
      }),
    ).toEqual({ NET_RX: [3, 0] });
  });

  test('a queue that goes on is run in NET_TX', () => {
    const vm = Guest.create({ cpus: 1, devices: [{ driver: 'netvsc', relid: 13 }] });
    const counted = during(vm, () => {
      vm.nic(13).transmit({ count: 5000 });
      vm.run({ ms: 100 });
    });
    const { stops } = vm.nic(13).adapter.statistics;
    expect(stops).toBeGreaterThan(0);
    expect(counted.NET_TX).toEqual([stops]);
    expect(vm.nic(13).transmitted + vm.nic(13).dropped).toBe(5000);
  });

  test('disks and services take their messages in TASKLET', () => {
    const vm = Guest.create({ cpus: 2, devices: [disk, { driver: 'heartbeat', relid: 7 }] });
    expect(
      during(vm, () => {
        for (let i = 0; i < 20; i++) {
          vm.disk(14).submit({ cpu: 0 });
          vm.run({ ms: 1 });
        }
      }),
    ).toEqual({ TASKLET: [20, 0] });
    expect(during(vm, () => vm.signal(7, 3))).toEqual({ TASKLET: [3, 0] });
  });

  test('an I/O of another package ends there, in BLOCK', () => {
    const vm = Guest.create({ cpus: { present: 4, packages: 2 }, devices: [disk] });
    const [home] = [vm.channel(14).cpu];
    const far = home < 2 ? 2 : 0;
    const counted = during(vm, () => {
      for (let i = 0; i < 5; i++) {
        vm.disk(14).submit({ cpu: far });
        vm.run({ ms: 1 });
      }
    });
    expect(counted.BLOCK?.[far]).toBe(5);
    expect(counted.TASKLET?.[home]).toBe(5);
    expect(vm.disk(14).completed).toBe(5);
    expect(during(vm, () => vm.disk(14).submit({ cpu: home ^ 1 }))).not.toHaveProperty('BLOCK');
  });

  test('an IDE disk has one hardware queue: BLOCK where its channel interrupts', () => {
    const vm = Guest.create({ cpus: 2, devices: [{ driver: 'storvsc', relid: 14, controller: 'ide' }] });
    const { cpu } = vm.channel(14);
    const counted = during(vm, () => {
      vm.disk(14).submit({ cpu: 0 });
      vm.disk(14).submit({ cpu: 1 });
      vm.run({ ms: 1 });
    });
    expect(counted.BLOCK?.[cpu]).toBeGreaterThan(0);
    expect(counted.BLOCK?.[cpu ^ 1]).toBe(0);
  });

  test('polling for spurious interrupts is the timer’s', () => {
    const vm = Guest.create({
      cpus: 1,
      cmdline: 'irqpoll',
      interrupts: [{ irq: 30, chip: 'IO-APIC', hwirq: 6, flow: 'fasteoi' }],
    });
    vm.run({ ms: 1 });
    expect(softirqs(vm)).not.toHaveProperty('BLOCK');
  });
});

describe('/proc/stat', () => {
  const options: GuestOptions = {
    cpus: 2,
    devices: [{ driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] }],
    channels: [{ relid: 16, cpu: 1, counts: [0, 4294966000] }],
  };

  test('has the sums of /proc/softirqs, and the sum of them', () => {
    const vm = Guest.create({ cpus: 4, devices: [disk, { driver: 'netvsc', relid: 13 }] });
    vm.disk(14).submit({ count: 3 });
    vm.nic(13).receive({ count: 3 });
    vm.run({ ms: 1 });
    const [total, ...sums] = line(vm, 'softirq');
    const rows = softirqs(vm);
    const sum = (name: string): number => (rows[name] ?? []).reduce((a, b) => a + b, 0);
    expect(sums).toEqual(
      ['HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU'].map(sum),
    );
    expect(total).toBe(sums.reduce((a, b) => a + b, 0));
    expect(total).toBeGreaterThan(0);
  });

  test('a CPU idles while it is online, and the sum of all never falls', () => {
    const vm = Guest.create({ cpus: { present: 4, online: [0, 1, 2] } });
    const idle = (name: string): number | undefined => line(vm, name)[name === 'cpu' ? 4 : 3];
    vm.run({ ms: 1000 });
    const [booted] = [vm.now - 1e9];
    const ticks = (ms: number): number => Math.floor((booted + ms * 1e6) / 1e7);
    expect([idle('cpu0'), idle('cpu3')]).toEqual([ticks(1000), undefined]);
    vm.cpu(2).offline();
    const sum = idle('cpu') ?? 0;
    vm.run({ ms: 500 });
    expect(idle('cpu2')).toBeUndefined();
    expect((idle('cpu') ?? 0) - sum).toBe(100);
    vm.cpu(2).online();
    vm.run({ ms: 20 });
    expect((idle('cpu0') ?? 0) - (idle('cpu2') ?? 0)).toBe(50);
  });

  // show_stat sums irqs_sum of each CPU, an unsigned long; show_interrupts prints unsigned int.
  test.each([
    ['6.1', 16, 4294966000, 3000],
    ['6.12', 16, 4294967295, 1],
    ['7.2', 13, 4294967290, 7],
    ['7.3', 16, 4294960000, 70_000],
  ] as const)(
    'Linux %s: its total goes on where the counter of channel %i starts over, from %i with %i more',
    (kernel, relid, counted, more) => {
      const vm = Guest.create({ ...options, kernel, channels: [{ relid, cpu: 1, counts: [0, counted] }] });
      const { irq } = vm.channel(relid);
      const [before, ...lines] = line(vm, 'intr');
      const from = lines[irq];
      expect(from).toBeGreaterThanOrEqual(counted);
      vm.signal(relid, more);
      const [after, ...later] = line(vm, 'intr');
      expect(later[irq]).toBe((from + more) % 2 ** 32);
      expect(later[irq]).toBeLessThan(from);
      expect(after - before).toBe(more);
    },
  );

  test('its total keeps what lines counted that are gone', () => {
    const vm = Guest.create(options);
    const [before] = line(vm, 'intr');
    vm.rescind(13);
    vm.run({ ms: 10 });
    expect(line(vm, 'intr')[0]).toBeGreaterThanOrEqual(before);
  });

  test('counts that a line is given are in the total, in place of what it had', () => {
    const total = (counts: number[]): number =>
      line(
        Guest.create({
          cpus: 2,
          vmbus: false,
          interrupts: [{ irq: 40, chip: 'PCI-MSI', hwirq: 1, flow: 'edge', counts }],
        }),
        'intr',
      )[0];
    expect(total([5, 7]) - total([0, 0])).toBe(12);
    expect(total([2 ** 32 - 1, 2 ** 32 - 1])).toBe(2 * (2 ** 32 - 1) + total([0, 0]));
  });
});

describe('counters of rings', () => {
  // Closed and opened again are the primary channel and those that stay; the others are new ones.
  test.each([
    [4, 2],
    [3, 1],
    [2, 4],
    [1, 3],
  ])('from %i channels to %i the primary one counts on', (before, after) => {
    const vm = Guest.create({
      cpus: 4,
      devices: [{ driver: 'netvsc', relid: 13, channels: before, subChannels: [16, 17, 18] }],
    });
    const counter = (file: string): number => Number(vm.fs.readFile(`${vm.channel(13).path}/${file}`));
    vm.nic(13).transmit({ count: 500, flow: 3 });
    vm.nic(13).receive({ count: 100, flow: 3 });
    vm.run({ ms: 50 });
    const files = ['intr_out_empty', 'events', 'interrupts'];
    const [empty, events, interrupts] = files.map(counter);
    vm.channel(13).setChannels(after);
    vm.run({ ms: 10 });
    const [emptyThen, eventsThen, interruptsThen] = files.map(counter);
    expect(emptyThen).toBeGreaterThan(empty);
    expect(eventsThen).toBeGreaterThan(events);
    expect(interruptsThen).toBeGreaterThan(interrupts);
  });

  test('go on when the channel is opened again, and begin anew with another channel', () => {
    const vm = Guest.create({
      cpus: 2,
      devices: [{ driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] }],
    });
    const counters = (relid: number): number[] =>
      ['intr_out_empty', 'events', 'interrupts', 'out_full_total'].map((file) =>
        Number(vm.fs.readFile(`${vm.channel(relid).path}/${file}`)),
      );
    vm.nic(13).receive({ count: 4, flow: 1 });
    vm.nic(13).transmit({ count: 4, flow: 1 });
    vm.run({ ms: 10 });
    const before = counters(13);
    const sub = counters(16);
    vm.channel(13).setChannels(1);
    expect(counters(13).every((count, i) => count >= before[i])).toBe(true);
    expect(counters(13)[0]).toBe(counters(13)[1]);
    vm.channel(13).setChannels(2);
    vm.run({ ms: 10 });
    expect(counters(16)[2]).toBeLessThanOrEqual(sub[2]);
  });

  test('a sleep ends none of them', () => {
    const vm = Guest.create({ cpus: 1, devices: [{ driver: 'netvsc', relid: 13 }] });
    const { path } = vm.channel(13);
    const read = (file: string): number => Number(vm.fs.readFile(`${path}/${file}`));
    vm.nic(13).transmit({ count: 6000 });
    vm.run({ ms: 100 });
    const before = read('intr_out_empty');
    expect(before).toBeGreaterThan(0);
    vm.suspend();
    expect(read('intr_out_empty')).toBeGreaterThanOrEqual(before);
    vm.resume();
    expect(read('intr_out_empty')).toBeGreaterThan(before);
  });
});

describe('the number of channels that is there already', () => {
  const nic = { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] } as const;

  test.each([4, 2, 1])('set once more, %i channels are left alone', (count) => {
    const vm = Guest.create({ cpus: 4, devices: [{ ...nic, channels: count }] });
    const rows = vm.procInterrupts();
    vm.channel(13).setChannels(count);
    expect(vm.procInterrupts()).toBe(rows);
  });

  test.each([
    [0, /EINVAL/],
    [5, /EINVAL/],
    [1.5, /whole number/],
  ])('%p channels are refused', (count, why) => {
    const vm = Guest.create({ cpus: 4, devices: [nic] });
    const rows = vm.procInterrupts();
    expect(() => vm.channel(13).setChannels(count)).toThrow(why);
    expect(vm.procInterrupts()).toBe(rows);
  });

  test('a host without receive scaling has one, and no other number', () => {
    const vm = Guest.create({ cpus: 4, devices: [{ driver: 'netvsc', relid: 13 }] });
    const rows = vm.procInterrupts();
    vm.channel(13).setChannels(1);
    expect(vm.procInterrupts()).toBe(rows);
    expect(() => vm.channel(13).setChannels(2)).toThrow(/EINVAL/);
  });
});

describe('how many I/Os a controller takes at once', () => {
  test.each([
    ['ide', 1, 327],
    ['ide', 32, 327],
    ['scsi', 1, 327],
    ['scsi', 8, 655],
    ['scsi', 16, 1310],
    ['scsi', 32, 2048],
    ['fibreChannel', 5, 655],
  ] as const)('%s with %i CPUs: %i', (controller, cpus, depth) => {
    const vm = Guest.create({ cpus, devices: [{ driver: 'storvsc', relid: 14, controller }] });
    vm.disk(14).submit({ count: 2500, bytes: 0 });
    expect(vm.disk(14).outstanding + vm.disk(14).queued).toBe(2500);
    expect(vm.disk(14).controller.queueDepth).toBe(depth);
  });
});
