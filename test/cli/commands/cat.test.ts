import { describe, expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';

const scenario = `
kernel: "6.10"
cpus: 2
devices:
  - {driver: heartbeat, relid: 7}
  - {driver: netvsc, relid: 13, channels: 2, subChannels: [16]}
interrupts:
  - {irq: 8, chip: IO-APIC, flow: edge, name: rtc0, counts: {1: 3}}
workload:
  - {relid: 7, every: 1s, until: 10s}
timeline:
  - {at: 2s, offline: 1, expect: EBUSY}
  - {at: 3s, affinity: {relid: 13, cpu: 0}}
  - {at: 8s, offline: 0}
run: 10s
`;

const cat = (...args: string[]) => irqlab(['cat', '-', ...args], scenario);

describe('irqlab cat', () => {
  test('prints files one after the other, as they are when the guest has booted', async () => {
    expect(await cat('/proc/irq/8/smp_affinity_list', '/sys/kernel/irq/8/per_cpu_count')).toMatchObject({
      status: 0,
      out: '0-1\n0,3\n',
      err: '',
    });
  });

  test('--at lets workload and timeline run until then', async () => {
    const { status, out, err } = await cat('--at', '5.5s', '/sys/bus/vmbus/drivers/hv_utils');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const device = out.split('\n').find((name) => name.endsWith('00000007')) ?? '';
    const interrupts = `/sys/bus/vmbus/devices/${device}/channels/7/interrupts`;
    const [before, later] = [await cat(interrupts), await cat('--at', '5500ms', interrupts)];
    expect(Number(later.out) - Number(before.out)).toBe(6);
  });

  test('lists directories', async () => {
    expect((await cat('/proc')).out).toBe('cpuinfo\ninterrupts\nirq\nkallsyms\nsoftirqs\nstat\nsys\n');
  });

  test('what cannot be read is said, and the rest is printed', async () => {
    expect(await cat('/proc/nothing', '/proc/irq/8/smp_affinity_list', '/proc/irq/8/node/x')).toMatchObject({
      status: 1,
      out: '0-1\n',
      err:
        'irqlab: cat: /proc/nothing: ENOENT: there is no /proc/nothing\n' +
        'irqlab: cat: /proc/irq/8/node/x: ENOTDIR: /proc/irq/8/node/x: not all above it are directories\n',
    });
  });

  test('an expectation that fails before --at is reported', async () => {
    const { status, err } = await cat('--at', '9s', '/sys/devices/system/cpu/online');
    expect(status).toBe(1);
    expect(err).toMatch(/^irqlab: <stdin>:\d+:\d+: at 8s: offline 0: expected success, but got EBUSY/);
  });

  test('wrong use', async () => {
    expect(await irqlab(['cat', '-'], scenario)).toMatchObject({ status: 2 });
    expect(await cat('--at', '5', '/proc')).toMatchObject({ status: 2 });
    expect(await irqlab(['cat', '/no/such', '/proc'])).toMatchObject({ status: 2 });
    expect(await irqlab(['cat', '-', '/proc'], 'cpus: none')).toMatchObject({ status: 2 });
  });
});

describe('irqlab run --tree and --dmesg', () => {
  test('--tree lists every file with its mode, always the same', async () => {
    const { status, out } = await irqlab(
      ['run', '-', '--tree'],
      scenario.replace(', offline: 0', ', online: 1'),
    );
    expect(status).toBe(0);
    const lines = out.trim().split('\n');
    expect(lines[0]).toBe('drwxr-xr-x /');
    expect(lines).toEqual(
      expect.arrayContaining([
        '-r--r--r-- /proc/interrupts',
        'dr-xr-xr-x /proc/irq/8/rtc0',
        '-rw-r--r-- /proc/irq/8/smp_affinity',
        '-rw-r--r-- /sys/devices/system/cpu/cpu1/online',
      ]),
    );
    expect(out).toMatch(
      /^lrwxrwxrwx \/sys\/bus\/vmbus\/devices\/\S+ -> \.\.\/\.\.\/\.\.\/devices\/LNXSYSTM:00\//m,
    );
    expect(new Set(lines).size).toBe(lines.length);
    expect((await irqlab(['run', '-', '--tree'], scenario.replace(', offline: 0', ', online: 1'))).out).toBe(
      out,
    );
  });

  test('--dmesg prints the kernel log with its times', async () => {
    const { out } = await irqlab(['run', '-', '--dmesg'], scenario);
    expect(out).toMatch(/^\[ {4}0\.\d{6}\] hv_vmbus: Vmbus version:5\.3\n/);
    expect(
      out
        .split('\n')
        .slice(0, -1)
        .every((line) => /^\[ *\d+\.\d{6}\] \S/.test(line)),
    ).toBe(true);
  });

  test('both together have headlines; --json has them as printouts', async () => {
    const { out } = await irqlab(['run', '-', '--tree', '--dmesg', '--json'], scenario);
    const { printouts } = JSON.parse(out) as { printouts: { path: string; text: string }[] };
    expect(printouts.map(({ path }) => path)).toEqual(['dmesg', '/']);
    expect((await irqlab(['run', '-', '--tree', '--dmesg'], scenario)).out).toMatch(
      /^==> dmesg at 10s <==\n\[/,
    );
  });
});
