import { describe, expect, test } from '@jest/globals';
import { cpuhpPlace } from '../../../src/machine/hotplug.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { regularTopology } from '../../../src/machine/topology.js';
import { kstrtobool } from '../../../src/lib/kstrtox.js';
import { arm64CpuFiles } from '../../../src/platform/arm64/cpu-files.js';
import { Guest, outcome } from '../machine.js';

const cpuDir = '/sys/devices/system/cpu';
const nodeDir = '/sys/devices/system/node';

describe('/sys/devices/system/cpu', () => {
  test('sets of CPUs', () => {
    const guest = new Guest({ possible: 6, present: 4, online: [0, 1, 2], isolated: [2] });
    const texts = Object.fromEntries(
      ['online', 'offline', 'possible', 'present', 'kernel_max', 'isolated', 'nohz_full'].map((name) => [
        name,
        guest.read(`${cpuDir}/${name}`),
      ]),
    );
    expect(texts).toEqual({
      online: '0-2\n',
      offline: '3-5\n',
      possible: '0-5\n',
      present: '0-3\n',
      kernel_max: '8191\n',
      // print_cpus_isolated: HK_TYPE_DOMAIN only; the machine's isolated CPUs are those of managed_irq.
      isolated: '\n',
      nohz_full: '(null)\n',
    });
    expect(guest.tree.readdir(cpuDir).filter((name) => /^cpu/.test(name))).toEqual([
      'cpu0',
      'cpu1',
      'cpu2',
      'cpu3',
    ]);
  });

  test('nohz_full prints a null pointer as wide as the mask, or the CPUs', () => {
    expect(new Guest({ present: 8 }).read(`${cpuDir}/nohz_full`)).toBe('  (null)\n');
    const guest = new Guest({ present: 4, tree: { cpu: { nohzFull: CpuMask.of(4, [3]) } } });
    expect(guest.read(`${cpuDir}/nohz_full`)).toBe('3\n');
  });

  test('topology names the siblings that are online, and goes with its CPU', () => {
    const guest = new Guest({ present: 8, topology: regularTopology(8, { packages: 2, threadsPerCore: 2 }) });
    const read = (name: string): string => guest.read(`${cpuDir}/cpu5/topology/${name}`);
    expect([read('physical_package_id'), read('core_id')]).toEqual(['1\n', '0\n']);
    expect([read('thread_siblings_list'), read('core_cpus')]).toEqual(['4-5\n', '30\n']);
    expect([read('core_siblings_list'), read('package_cpus')]).toEqual(['4-7\n', 'f0\n']);
    expect(guest.read(`${cpuDir}/cpu5/cache/index0/shared_cpu_list`)).toBe('4-5\n');
    expect(guest.read(`${cpuDir}/cpu5/cache/index3/shared_cpu_map`)).toBe('f0\n');
    expect(guest.read(`${cpuDir}/cpu5/cache/index3/size`)).toBe('32768K\n');
    expect(guest.write(`${cpuDir}/cpu4/online`, '0')).toBe(1);
    expect([read('thread_siblings_list'), read('core_siblings_list')]).toEqual(['5\n', '5-7\n']);
    expect(guest.tree.exists(`${cpuDir}/cpu4/topology`)).toBe(false);
    expect(guest.tree.readdir(`${cpuDir}/cpu4`)).toEqual(['hotplug', 'node0', 'online']);
    expect(guest.write(`${cpuDir}/cpu4/online`, '1')).toBe(1);
    expect(guest.tree.readdir(`${cpuDir}/cpu4`)).toEqual(['cache', 'hotplug', 'node0', 'online', 'topology']);
  });
});

describe('files that kernels and architectures differ in', () => {
  const arm64 = { cpuFiles: arm64CpuFiles };

  // drivers/base/topology.c, include/linux/topology.h TOPOLOGY_DIE_SYSFS, TOPOLOGY_CLUSTER_SYSFS.
  test('x86 has dies and clusters, arm64 clusters only', () => {
    const topology = regularTopology(4, { threadsPerCore: 2 });
    const x86 = new Guest({ present: 4, topology });
    const directory = `${cpuDir}/cpu3/topology`;
    const read = (guest: Guest, name: string): string => guest.read(`${directory}/${name}`);
    expect([read(x86, 'die_id'), read(x86, 'cluster_id')]).toEqual(['0\n', '2\n']);
    expect([read(x86, 'die_cpus_list'), read(x86, 'cluster_cpus')]).toEqual(['0-3\n', 'c\n']);
    const arm = new Guest({ present: 4, topology, tree: arm64 });
    expect([read(arm, 'cluster_id'), read(arm, 'cluster_cpus_list')]).toEqual(['-1\n', '3\n']);
    expect(arm.tree.readdir(directory).filter((name) => name.startsWith('die'))).toEqual([]);
    expect(x86.tree.stat(`${directory}/cluster_cpus_list`).size).toBe(28672);
  });

  // drivers/base/cpu.c cpu_root_attrs of 6.1, 6.12 and 7.2.
  test.each([
    ['6.1', undefined, undefined, '(null)\n'],
    ['6.12', '0-1\n', undefined, '(null)\n'],
    ['7.2', '0-1\n', '\n', '\n'],
  ] as const)('%s: enabled, housekeeping, nohz_full', (kernel, enabled, housekeeping, nohzFull) => {
    const guest = new Guest({ present: 2, kernel });
    const read = (name: string): string | undefined =>
      guest.tree.exists(`${cpuDir}/${name}`) ? guest.read(`${cpuDir}/${name}`) : undefined;
    expect([read('enabled'), read('housekeeping'), read('nohz_full')]).toEqual([
      enabled,
      housekeeping,
      nohzFull,
    ]);
  });

  test('housekeeping are those without nohz_full (HK_TYPE_KERNEL_NOISE)', () => {
    const guest = new Guest({
      present: 4,
      kernel: '7.2',
      tree: { cpu: { nohzFull: CpuMask.of(4, [1, 3]) } },
    });
    expect(guest.read(`${cpuDir}/housekeeping`)).toBe('0,2\n');
  });
});

describe('hotplug', () => {
  // include/linux/cpuhotplug.h enum cpuhp_state, kernel/cpu.c cpuhp_hp_states.
  test.each([
    ['6.1', '158: irq/affinity:online\n', '201: hyperv/vmbus:online\n', false],
    ['6.12', '151: irq/affinity:online\n', '192: hyperv/vmbus:online\n', true],
    ['7.2', '149: irq/affinity:online\n', '192: hyperv/vmbus:online\n', true],
  ] as const)('states of %s', (kernel, irq, vmbus, isSplit) => {
    const guest = new Guest({ present: 2, kernel });
    guest.machine.hotplug.register({ name: 'hyperv/vmbus:online', place: cpuhpPlace.onlineDyn });
    const text = guest.read(`${cpuDir}/hotplug/states`);
    expect(text).toMatch(/^ {2}0: offline\n {2}1: threads:prepare\n/);
    expect(text).toMatch(/\n235: sched:active\n236: online\n$/);
    expect([text.includes(irq), text.includes(vmbus), text.includes('cpu:kick_ap')]).toEqual([
      true,
      true,
      isSplit,
    ]);
    const numbers = text.match(/^ *\d+/gm)?.map(Number) ?? [];
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test('state and target of a CPU; it goes all the way, or not (target_store)', () => {
    const guest = new Guest({ present: 2 });
    const file = `${cpuDir}/cpu1/hotplug`;
    expect([guest.read(`${file}/state`), guest.read(`${file}/target`)]).toEqual(['236\n', '236\n']);
    expect([guest.write(`${file}/target`, '150'), guest.write(`${file}/target`, 'x')]).toEqual([
      'EINVAL',
      'EINVAL',
    ]);
    expect(guest.write(`${file}/target`, '0\n')).toBe(2);
    expect([guest.read(`${file}/state`), guest.read(`${cpuDir}/online`)]).toEqual(['0\n', '0\n']);
    expect(guest.write(`${file}/target`, '236')).toBe(3);
    expect(guest.read(`${cpuDir}/online`)).toBe('0-1\n');
    expect(guest.write(`${file}/state`, '0')).toBe('EACCES');
  });

  test('fail makes a state fail once (fail_store)', () => {
    const guest = new Guest({ present: 2 });
    const file = `${cpuDir}/cpu1/hotplug/fail`;
    expect(guest.read(file)).toBe('-1\n');
    expect([guest.write(file, '300'), guest.write(file, '88')]).toEqual(['EINVAL', 'EINVAL']);
    expect([guest.write(file, '151'), guest.read(file)]).toEqual([3, '151\n']);
    expect(guest.write(`${cpuDir}/cpu1/online`, '0')).toBe('EAGAIN');
    expect([guest.read(file), guest.read(`${cpuDir}/online`)]).toEqual(['-1\n', '0-1\n']);
    expect([guest.write(file, '151'), guest.write(file, '-1'), guest.read(file)]).toEqual([3, 2, '-1\n']);
  });
});

// kernel/cpu.c cpuhp_smt_attrs, __store_smt_control, cpuhp_smt_disable.
describe('smt', () => {
  const two = { present: 4, topology: regularTopology(4, { threadsPerCore: 2 }) };
  const control = `${cpuDir}/smt/control`;
  const active = `${cpuDir}/smt/active`;

  test('is supported where cores have threads, and the architecture can', () => {
    expect([new Guest(two).read(control), new Guest(two).read(active)]).toEqual(['on\n', '1\n']);
    const one = new Guest({ present: 4 });
    expect([one.read(control), one.read(active), one.write(control, 'off')]).toEqual([
      'notsupported\n',
      '0\n',
      'ENODEV',
    ]);
    const arm = (kernel: '6.12' | '7.2'): string =>
      new Guest({ ...two, kernel, tree: { cpuFiles: arm64CpuFiles } }).read(control);
    expect([arm('6.12'), arm('7.2')]).toEqual(['notimplemented\n', 'on\n']);
  });

  test('off takes second threads away and keeps them away', () => {
    const guest = new Guest(two);
    expect([guest.write(control, 'off\n'), guest.read(`${cpuDir}/online`)]).toEqual([4, '0,2\n']);
    expect([guest.read(control), guest.read(active)]).toEqual(['off\n', '0\n']);
    expect(guest.write(`${cpuDir}/cpu3/online`, '1')).toBe('EPERM');
    expect([guest.write(control, '2'), guest.read(`${cpuDir}/online`)]).toEqual([1, '0-3\n']);
    expect([guest.write(control, '3'), guest.write(control, 'maybe')]).toEqual(['EINVAL', 'EINVAL']);
    expect(guest.write(control, 'forceoff')).toBe(8);
    expect([guest.read(control), guest.write(control, 'on')]).toEqual(['forceoff\n', 'EPERM']);
  });
});

// kernel/irq/spurious.c module_param.
test('/sys/module/spurious/parameters', () => {
  const guest = new Guest({ present: 1 });
  const file = (name: string): string => `/sys/module/spurious/parameters/${name}`;
  expect([guest.read(file('noirqdebug')), guest.read(file('irqfixup'))]).toEqual(['N\n', '0\n']);
  expect([guest.write(file('noirqdebug'), 'y'), guest.write(file('irqfixup'), '0x2\n')]).toEqual([1, 4]);
  expect([guest.core.noirqdebug, guest.core.irqfixup]).toEqual([true, 2]);
  expect([guest.write(file('irqfixup'), 'two'), guest.write(file('irqfixup'), '4294967296')]).toEqual([
    'EINVAL',
    'ERANGE',
  ]);
});

describe('cpuN/online', () => {
  test('takes CPUs down and up; the present state again is no error', () => {
    const guest = new Guest({ present: 3 });
    const file = `${cpuDir}/cpu2/online`;
    expect([guest.write(file, 'off\n'), guest.read(file)]).toEqual([4, '0\n']);
    expect([guest.write(file, '00'), guest.read(`${cpuDir}/online`)]).toEqual([2, '0-1\n']);
    expect([guest.write(file, 'Yes'), guest.read(file)]).toEqual([3, '1\n']);
    expect([guest.write(file, ''), guest.write(file, '2')]).toEqual([0, 'EINVAL']);
    expect(guest.tree.stat(file).mode).toBe(0o100644);
  });

  test('CPU 0 has none on x86, and the last CPU stays', () => {
    const guest = new Guest({ present: 2 });
    expect(guest.write(`${cpuDir}/cpu0/online`, '0')).toBe('ENOENT');
    const arm = new Guest({ present: 2, tree: { cpuFiles: arm64CpuFiles } });
    expect(arm.write(`${cpuDir}/cpu0/online`, '0')).toBe(1);
    expect(arm.write(`${cpuDir}/cpu1/online`, '0')).toBe('EBUSY');
    expect(arm.read(`${cpuDir}/online`)).toBe('1\n');
  });

  test.each([
    ['0', false],
    ['1', true],
    ['10', true],
    ['00', false],
    ['0x0', false],
    ['y', true],
    ['N', false],
    ['oN', true],
    ['of', false],
    ['true', true],
    ['False', false],
    [' 0', 'EINVAL'],
    ['-1', 'EINVAL'],
    ['2', 'EINVAL'],
    ['o', 'EINVAL'],
    ['\n', 'EINVAL'],
  ])('%j is %s', (text, expected) => {
    expect(outcome(() => kstrtobool(text))).toBe(expected);
  });
});

test('/sys/devices/system/node', () => {
  const guest = new Guest({ present: 4, topology: regularTopology(4, { nodes: 2 }) });
  expect(guest.tree.readdir(nodeDir)).toEqual([
    'has_cpu',
    'has_memory',
    'has_normal_memory',
    'node0',
    'node1',
    'online',
    'possible',
  ]);
  expect([guest.read(`${nodeDir}/online`), guest.read(`${nodeDir}/node1/distance`)]).toEqual([
    '0-1\n',
    '20 10\n',
  ]);
  expect([guest.read(`${nodeDir}/node1/cpulist`), guest.read(`${nodeDir}/node1/cpumap`)]).toEqual([
    '2-3\n',
    'c\n',
  ]);
  guest.write(`${cpuDir}/cpu3/online`, '0');
  expect(guest.read(`${nodeDir}/node1/cpulist`)).toBe('2\n');
  expect(guest.tree.readdir(`${nodeDir}/node1`)).toContain('cpu3');
  expect(guest.read(`${nodeDir}/node1/cpu2/topology/core_id`)).toBe(
    guest.read(`${cpuDir}/cpu2/topology/core_id`),
  );
  expect(guest.read(`${cpuDir}/cpu2/node1/cpulist`)).toBe('2\n');
});

test('nodeN/meminfo: the lines that programs read, in the columns that the kernel writes', () => {
  const guest = new Guest({ present: 4, topology: regularTopology(4, { nodes: 2 }) });
  const lines = guest.read(`${nodeDir}/node1/meminfo`).split('\n');
  expect(lines.slice(0, 3)).toEqual([
    'Node 1 MemTotal:        8388608 kB',
    'Node 1 MemFree:         7340032 kB',
    'Node 1 MemUsed:         1048576 kB',
  ]);
  expect(lines).toContain('Node 1 ShmemPmdMapped:        0 kB');
  expect(lines.slice(-4)).toEqual([
    'Node 1 HugePages_Total:     0',
    'Node 1 HugePages_Free:      0',
    'Node 1 HugePages_Surp:      0',
    '',
  ]);
});

test('modes and sizes as sysfs and procfs have them', () => {
  const { tree } = new Guest({ present: 2 });
  expect(tree.stat('/proc')).toMatchObject({ mode: 0o040555, size: 0 });
  expect(tree.stat('/sys')).toMatchObject({ mode: 0o040555, size: 0 });
  expect(tree.stat('/sys/bus/pci/devices')).toMatchObject({ mode: 0o040755 });
  expect(tree.stat(`${cpuDir}/online`)).toMatchObject({ mode: 0o100444, size: 4096 });
  expect(tree.stat(`${cpuDir}/cpu1/topology/core_siblings`)).toMatchObject({ size: 4096 });
  // A list of 8192 CPUs does not fit into a page.
  expect(tree.stat(`${cpuDir}/cpu1/topology/core_siblings_list`)).toMatchObject({ size: 28672 });
  expect(tree.stat(`${nodeDir}/node0/cpulist`)).toMatchObject({ size: 28672 });
  expect(tree.stat(`${cpuDir}/cpu1/cache/index0/shared_cpu_list`)).toMatchObject({ size: 4096 });
});
