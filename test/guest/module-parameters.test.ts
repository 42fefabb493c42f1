// Parameters of the modules hv_vmbus, hv_netvsc, hv_storvsc, hv_utils and hv_balloon.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { errnoOf } from '../support/errors.js';

const path = (name: string): string => `/sys/module/${name.replace('.', '/parameters/')}`;
const read = (vm: Guest, name: string): string => vm.fs.readFile(path(name));
const log = (vm: Guest): string[] => vm.log.map(({ text }) => text);
const disk = { driver: 'storvsc', relid: 14 } as const;
const nic = { driver: 'netvsc', relid: 13 } as const;

describe('the files', () => {
  test.each([
    ['hv_vmbus.max_version', '327683\n', 0o444],
    ['hv_netvsc.ring_size', '128\n', 0o444],
    ['hv_netvsc.debug', '-1\n', 0o444],
    ['hv_storvsc.logging_level', '1\n', 0o644],
    ['hv_storvsc.storvsc_ringbuffer_size', '131072\n', 0o444],
    ['hv_storvsc.storvsc_max_hw_queues', '0\n', 0o644],
    ['hv_storvsc.storvsc_vcpus_per_sub_channel', '4\n', 0o444],
    ['hv_storvsc.ring_avail_percent_lowater', '10\n', 0o444],
    ['hv_utils.timesync_implicit', 'N\n', 0o644],
    ['hv_balloon.hot_add', 'Y\n', 0o644],
    ['hv_balloon.pressure_report_delay', '45\n', 0o644],
  ])('%s is %j', (name, text, mode) => {
    const vm = Guest.create({ kernel: '6.12', cpus: 2 });
    expect(read(vm, name)).toBe(text);
    expect(vm.fs.stat(path(name)).mode & 0o777).toBe(mode);
  });

  test('by kernel', () => {
    expect(read(Guest.create({ kernel: '7.2', cpus: 1 }), 'hv_vmbus.max_version')).toBe('393216\n');
    const old = Guest.create({ kernel: '6.1', cpus: 1 });
    expect(errnoOf(() => read(old, 'hv_utils.timesync_implicit'))).toBe('ENOENT');
    const bare = Guest.create({ cpus: 1, vmbus: false });
    expect(errnoOf(() => read(bare, 'hv_vmbus.max_version'))).toBe('ENOENT');
  });

  test.each([
    ['hv_storvsc.logging_level', '-3', '-3\n'],
    ['hv_storvsc.logging_level', '0x2\n', '2\n'],
    ['hv_storvsc.logging_level', '2147483648', 'ERANGE'],
    ['hv_storvsc.storvsc_max_hw_queues', '-1', 'EINVAL'],
    ['hv_storvsc.storvsc_max_hw_queues', '4294967295', '4294967295\n'],
    ['hv_balloon.hot_add', 'off', 'N\n'],
    ['hv_balloon.hot_add', 'maybe', 'EINVAL'],
    ['hv_vmbus.max_version', '1', 'EACCES'],
  ])('%s takes %j: %j', (name, text, expected) => {
    const vm = Guest.create({ cpus: 1 });
    expect(errnoOf(() => vm.fs.writeFile(path(name), text)) ?? read(vm, name)).toBe(expected);
  });
});

describe('/proc/sys/kernel/hyperv_record_panic_msg', () => {
  const file = '/proc/sys/kernel/hyperv_record_panic_msg';

  test.each([
    ['0', '0\n'],
    ['1\n', '1\n'],
    ['2', 'EINVAL'],
    ['-1', 'EINVAL'],
    ['x', 'EINVAL'],
  ])('takes %j: %j', (text, expected) => {
    const vm = Guest.create({ cpus: 1 });
    expect(vm.fs.readFile(file)).toBe('1\n');
    expect(errnoOf(() => vm.fs.writeFile(file, text)) ?? vm.fs.readFile(file)).toBe(expected);
  });

  test('is off in a confidential VM', () => {
    expect(Guest.create({ cpus: 1, isolation: true }).fs.readFile(file)).toBe('0\n');
  });
});

describe('max_version', () => {
  test.each([
    [0x50003, '5.3', '327683\n'],
    [0x50002, '5.2', '327682\n'],
    [0x40001, '4.1', '262145\n'],
    [0x40005, '4.1', '262149\n'],
    [0xffffffff, '5.3', '4294967295\n'],
  ])('%i: version %s', (max, version, text) => {
    const options: GuestOptions = { kernel: '6.12', cpus: 2, devices: [{ driver: 'kvp', relid: 8 }] };
    const byOption = Guest.create({ ...options, moduleParameters: { hv_vmbus: { max_version: max } } });
    const byCmdline = Guest.create({
      ...options,
      cmdline: `quiet hv_vmbus.max_version=0x${max.toString(16)}`,
    });
    for (const vm of [byOption, byCmdline]) {
      expect(log(vm)).toContain(`hv_vmbus: Vmbus version:${version}`);
      expect(read(vm, 'hv_vmbus.max_version')).toBe(text);
    }
    expect(byOption.procInterrupts()).toBe(byCmdline.procInterrupts());
  });

  test('below all that Linux speaks there is no VMBus', () => {
    const vm = Guest.create({
      cpus: 1,
      moduleParameters: { hv_vmbus: { max_version: 0x20003 } },
      devices: [nic],
    });
    expect(log(vm)).toEqual(['hv_vmbus: Unable to connect to host']);
  });
});

describe('storvsc', () => {
  test.each([
    [{}, 8, 655],
    [{ storvsc_vcpus_per_sub_channel: 1 }, 8, 2048],
    [{ storvsc_vcpus_per_sub_channel: 2 }, 8, 1310],
    [{ storvsc_vcpus_per_sub_channel: 8 }, 8, 327],
    [{ ring_avail_percent_lowater: 50 }, 1, 182],
    [{ storvsc_ringbuffer_size: 64 * 1024 }, 1, 163],
    [{ storvsc_ringbuffer_size: 64 * 1024 + 1 }, 1, 173],
  ])('%j with %i CPUs: %i I/Os at once', (hv_storvsc, cpus, depth) => {
    const vm = Guest.create({ cpus, devices: [disk], moduleParameters: { hv_storvsc } });
    expect(vm.disk(14).controller.queueDepth).toBe(depth);
    const size = Number(read(vm, 'hv_storvsc.storvsc_ringbuffer_size'));
    expect(vm.channel(14).channel.rings?.outbound.ring.dataBytes).toBe(Math.ceil(size / 4096) * 4096);
  });

  test.each([
    ['1', 5, ''],
    ['2', 5, 'Resetting invalid storvsc_max_hw_queues value to default.'],
    ['2', 2, ''],
  ])('logging_level %s, %i hardware queues asked for on 2 CPUs', (level, queues, text) => {
    const vm = Guest.create({
      cpus: 2,
      devices: [disk],
      cmdline: `hv_storvsc.logging_level=${level} hv_storvsc.storvsc_max_hw_queues=${queues}`,
    });
    expect(log(vm).some((line) => line.endsWith(text) && line.startsWith('hv_storvsc '))).toBe(text !== '');
    expect(read(vm, 'hv_storvsc.storvsc_max_hw_queues')).toBe(queues === 5 ? '0\n' : '2\n');
  });

  test('one hardware queue ends its I/Os in BLOCK', () => {
    const vm = Guest.create({
      cpus: 2,
      devices: [disk],
      moduleParameters: { hv_storvsc: { storvsc_max_hw_queues: 1 } },
    });
    vm.disk(14).submit({ cpu: 1 });
    vm.run({ ms: 1 });
    expect(vm.machine.cpu(vm.channel(14).cpu).softirqs.count('BLOCK')).toBe(1);
  });
});

describe('netvsc', () => {
  test.each([
    [256, 256, false],
    [64, 64, false],
    [63, 64, true],
    [0, 64, true],
  ])('ring_size %i: %i pages of data', (asked, pages, increased) => {
    const vm = Guest.create({ cpus: 1, devices: [nic], cmdline: `hv_netvsc.ring_size=${asked}` });
    expect(vm.channel(13).channel.rings?.inbound.ring.dataBytes).toBe(pages * 4096);
    expect(read(vm, 'hv_netvsc.ring_size')).toBe(`${pages}\n`);
    expect(log(vm).includes('hv_netvsc: Increased ring_size to 64 (min allowed)')).toBe(increased);
  });
});

describe('what makes no sense', () => {
  test('of a command line keeps the module out, and says so', () => {
    const vm = Guest.create({
      cpus: 1,
      devices: [nic, disk],
      cmdline: 'hv_netvsc.ring_size=many hv_storvsc.depth=3 usbcore.autosuspend=5',
    });
    expect(log(vm)).toContain("hv_netvsc: `many' invalid for parameter `ring_size'");
    expect(log(vm)).toContain("hv_storvsc: unknown parameter 'depth' ignored");
    expect(log(vm)).not.toContain('hv_vmbus: registering driver hv_netvsc');
    expect(vm.channel(13).state).toBe('open');
    expect(vm.channel(14).state).toBe('opened');
  });

  test('of hv_vmbus itself there is no VMBus', () => {
    const vm = Guest.create({ cpus: 1, devices: [nic], cmdline: 'hv_vmbus.max_version=-1' });
    expect(log(vm).slice(1)).toEqual(["hv_vmbus: `-1' invalid for parameter `max_version'"]);
  });

  test.each([
    [{ hv_netvsc: { ring: 3 } }, /moduleParameters.hv_netvsc: unknown key "ring"/],
    [
      { netvsc: { ring_size: 3 } },
      /moduleParameters: unknown key "netvsc"; known here: hv_vmbus, hv_netvsc,/,
    ],
    [
      { hv_storvsc: { storvsc_vcpus_per_sub_channel: 0 } },
      /expected a whole number from 1 to 2147483647, not 0/,
    ],
    [{ hv_balloon: { hot_add: 1 } }, /moduleParameters.hv_balloon.hot_add: expected true or false, not 1/],
  ])('%j is refused', (moduleParameters: NonNullable<GuestOptions['moduleParameters']>, message) => {
    expect(() => Guest.create({ cpus: 1, moduleParameters })).toThrow(message);
  });

  test('a scenario names the place', () => {
    const text =
      'cpus: 1\nmoduleParameters:\n  hv_storvsc: {storvsc_vcpus_per_sub_channel: 0, depth: 1}\n  hv_scsi: {a: 1}\n';
    expect(() => parseScenario(text, 'a.yaml')).toThrow(/a\.yaml:3:[\s\S]*a\.yaml:4:/);
    const good = parseScenario('cpus: 1\nmoduleParameters: {hv_netvsc: {ring_size: 256}}\n', 'a.yaml');
    expect(good.guest.moduleParameters).toEqual({ hv_netvsc: { ring_size: 256 } });
  });
});
