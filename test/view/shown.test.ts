import { describe, expect, test } from '@jest/globals';
import { Guest as LiveGuest } from '../../src/guest/guest.js';
import { irqchipFlags } from '../../src/irq/data/irqchip.js';
import { irqd } from '../../src/irq/data/irqdata.js';
import { irqs } from '../../src/irq/data/istate.js';
import { irqSettingsIsHidden, irqStatus } from '../../src/irq/data/settings.js';
import { Machine } from '../../src/machine/machine.js';
import { formatCpuList } from '../../src/machine/cpumask-text.js';
import type { PciFunction } from '../../src/platform/pci/pci-function.js';
import { PciPresence } from '../../src/platform/pci/pci-functions.js';
import { lineText, saysStill } from '../../src/view/interrupts/line-text.js';
import { type RecordedLine, RecordedLayer } from '../../src/view/recorded-layer.js';
import { IrqDirectory } from '../../src/view/proc/irq-directory.js';
import {
  functionDirectory,
  functionPath,
  holderOf,
  rootBusOf,
  triggerFile,
} from '../../src/view/sys/pci-function.js';
import { storeUevent } from '../../src/view/sys/uevent.js';
import { nodeMeminfo } from '../../src/view/sys/meminfo.js';
import { Guest, outcome, ownFiles } from './machine.js';

const line: RecordedLine = {
  irq: 30,
  chip: 'PCI-MSI',
  hwirq: 475,
  domain: 'PCI-MSI-3',
  name: 'edge',
  actions: ['eth0', null],
  chained: false,
  counts: [1, 2, 3, 4],
  tot_count: 10,
};
const layer = (): RecordedLayer => new RecordedLayer(new Machine({ present: 4 }), '6.12', 64);

// kernel/irq/debugfs.c: irqdata_states, irqdesc_states, irqdesc_istates, irqchip_flags, in their order.
test('debugfs names the bits of a line, and of its chip', () => {
  const flags = Object.values(irqchipFlags).reduce((all, flag) => all | flag, 0);
  const guest = new Guest({ present: 2, kernel: '7.2' }, { flags });
  const irq = guest.map(7);
  const desc = guest.core.desc(irq);
  if (desc === undefined) throw new Error('no line');
  desc.data.state = -1;
  desc.status = 0x1fffff;
  desc.istate = Object.values(irqs).reduce((all, bit) => all | bit, 0);
  const text = guest.read(`/sys/kernel/debug/irq/irqs/${irq}`);
  const names = (prefix: string): string[] =>
    [...text.matchAll(new RegExp(`^ +${prefix}(.*)$`, 'gm'))].map((found) => found[1] ?? '');
  expect(names('_IRQ_')).toEqual([
    ...['NOPROBE', 'NOREQUEST', 'NOTHREAD', 'NOAUTOEN', 'NESTED_THREAD', 'PER_CPU_DEVID', 'IS_POLLED'],
    ...['DISABLE_UNLAZY', 'HIDDEN'],
  ]);
  expect(names('IRQS_')).toEqual([
    ...['AUTODETECT', 'SPURIOUS_DISABLED', 'POLL_INPROGRESS', 'ONESHOT', 'REPLAY', 'WAITING', 'PENDING'],
    ...['SUSPENDED', 'NMI'],
  ]);
  expect(names('IRQ_TYPE_')).toEqual(['EDGE_RISING', 'EDGE_FALLING', 'LEVEL_HIGH', 'LEVEL_LOW']);
  expect(names('IRQD_')).toEqual([
    ...['LEVEL', 'ACTIVATED', 'IRQ_STARTED', 'IRQ_DISABLED', 'IRQ_MASKED', 'IRQ_INPROGRESS', 'PER_CPU'],
    ...['NO_BALANCING', 'SINGLE_TARGET', 'MOVE_PCNTXT', 'AFFINITY_SET', 'SETAFFINITY_PENDING'],
    ...['AFFINITY_MANAGED', 'AFFINITY_ON_ACTIVATE', 'MANAGED_SHUTDOWN', 'CAN_RESERVE', 'FORWARDED_TO_VCPU'],
    ...['WAKEUP_STATE', 'WAKEUP_ARMED', 'DEFAULT_TRIGGER_SET', 'HANDLE_ENFORCE_IRQCTX'],
    ...['IRQ_ENABLED_ON_SUSPEND', 'RESEND_WHEN_IN_PROGRESS'],
  ]);
  expect(names('IRQCHIP_')).toEqual([
    ...['SET_TYPE_MASKED', 'EOI_IF_HANDLED', 'MASK_ON_SUSPEND', 'ONOFFLINE_ENABLED', 'SKIP_SET_WAKE'],
    ...['ONESHOT_SAFE', 'EOI_THREADED', 'SUPPORTS_LEVEL_MSI', 'SUPPORTS_NMI', 'ENABLE_WAKEUP_ON_SUSPEND'],
    ...['IMMUTABLE', 'MOVE_DEFERRED'],
  ]);
  expect(text).toContain('status:   0x001fffff\n');
});

describe('a recorded line', () => {
  test('has what was recorded, and for the rest what a new one has', () => {
    const desc = layer().addLine(line);
    const { data, cold } = desc;
    expect([data.chip.name, data.hwirq, data.domain?.name, cold.name]).toEqual([
      'PCI-MSI',
      475,
      'PCI-MSI-3',
      'edge',
    ]);
    expect([
      [...cold.kstat],
      desc.totCount,
      cold.depth,
      desc.istate,
      data.state & ~irqd.IRQ_DISABLED & ~irqd.IRQ_MASKED,
    ]).toEqual([[1, 2, 3, 4], 10, 1, irqs.SYSFS, 0]);
    expect([...desc.actions()].map(({ name }) => name)).toEqual(['eth0', null]);
    expect([data.chip.irqSetAffinity, data.chip.irqPrintChip, data.node]).toEqual([undefined, undefined, -1]);
  });

  test('has its state by the names of bits', () => {
    const desc = layer().addLine({
      ...line,
      istate: ['PENDING', 'ONESHOT'],
      status: ['NOPROBE', 'HIDDEN'],
      irqd: ['LEVEL', 'IRQ_MASKED'],
      depth: 2,
      node: 1,
      affinity: '1-2',
      effective: '1',
      pending: '3',
      hint: '0,3',
      printed: ' IR-MSI',
      chip_has_set_affinity: 1,
    });
    const { data, cold } = desc;
    expect([desc.istate, desc.status, data.state]).toEqual([
      irqs.PENDING | irqs.ONESHOT,
      irqStatus.NOPROBE | irqStatus.HIDDEN,
      irqd.LEVEL | irqd.IRQ_MASKED,
    ]);
    expect([cold.depth, data.node, irqSettingsIsHidden(desc)]).toEqual([2, 1, true]);
    expect([data.affinity, data.effectiveAffinity, cold.pendingMask].map(formatCpuList)).toEqual([
      '1-2',
      '1',
      '3',
    ]);
    expect(cold.affinityHint === null ? '' : formatCpuList(cold.affinityHint)).toBe('0,3');
    expect([data.chip.irqPrintChip?.(data), data.chip.irqSetAffinity?.(data, data.affinity, false)]).toEqual([
      ' IR-MSI',
      0,
    ]);
  });

  test('may be chained, or have no chip and domain', () => {
    const desc = layer().addLine({ ...line, chained: 1, chip: 'none', domain: null });
    expect([desc.isChained, desc.data.domain]).toEqual([true, null]);
    const nameless = layer().addLine({ ...line, chip: null, domain: null, name: null, actions: [] });
    expect([nameless.data.chip.name, nameless.action]).toEqual([null, undefined]);
  });

  test('twice, or with a bit that there is not, is refused', () => {
    const given = layer();
    given.addLine(line);
    expect(() => given.addLine(line)).toThrow(/IRQ 30 is recorded twice/);
    expect(() => given.addLine({ ...line, irq: 31, istate: ['NONSENSE'] })).toThrow(
      /unknown state bit NONSENSE/,
    );
  });
});

// kernel/irq/proc.c show_interrupts: what stands behind the counts.
describe("a row's text", () => {
  test.each<[string, Partial<RecordedLine>, boolean, object]>([
    [
      'as it is',
      {},
      false,
      {
        chip: 'PCI-MSI',
        chipPrinted: false,
        hwirq: 475,
        trigger: null,
        flow: 'edge',
        actions: ['eth0', '(null)'],
      },
    ],
    ['with a column for edges', {}, true, { trigger: 'Edge' }],
    ['with a column for levels', { irqd: ['LEVEL'] }, true, { trigger: 'Level' }],
    ['a level without that column', { irqd: ['LEVEL'] }, false, { trigger: null }],
    ['of no domain', { domain: null }, false, { hwirq: null }],
    ['of a chip without a name', { chip: null }, false, { chip: '-', chipPrinted: false }],
    ['of a chip that prints itself', { printed: ' IR-MSI' }, false, { chip: ' IR-MSI', chipPrinted: true }],
    ['of no flow and no action', { name: null, actions: [] }, false, { flow: null, actions: [] }],
  ])('%s', (_, more, levels, expected) => {
    const desc = layer().addLine({ ...line, ...more });
    const text = lineText(desc, levels);
    expect(text).toMatchObject(expected);
    expect(saysStill(desc, levels, text)).toBe(true);
  });

  const changes: [string, Partial<RecordedLine>, boolean][] = [
    ['another chip', { chip: 'IO-APIC' }, false],
    ['none', { chip: null }, false],
    ['one that prints itself', { printed: 'PCI-MSI' }, false],
    ['another number', { hwirq: 476 }, false],
    ['no domain', { domain: null }, false],
    ['another flow', { name: 'fasteoi' }, false],
    ['no flow', { name: null }, false],
    ['a level', { irqd: ['LEVEL'] }, true],
    ['one action less', { actions: ['eth0'] }, false],
    ['one more', { actions: ['eth0', null, 'x'] }, false],
    ['another name', { actions: ['eth1', null] }, false],
    ['a name for one that had none', { actions: ['eth0', 'x'] }, false],
    ['no action', { actions: [] }, false],
    ['a chained handler', { chained: 1 }, false],
  ];
  test.each(changes)('no longer says so after %s', (_, more, levels) => {
    const text = lineText(layer().addLine(line), levels);
    const other = layer().addLine({ ...line, ...more });
    expect(saysStill(other, levels, text)).toBe(false);
    if (levels) expect(saysStill(other, false, { ...text, trigger: null })).toBe(true);
    expect(saysStill(layer().addLine(line), levels, lineText(other, levels))).toBe(false);
  });

  test('counts do not matter', () => {
    const text = lineText(layer().addLine(line), true);
    expect(saysStill(layer().addLine({ ...line, counts: [9, 9, 9, 9], tot_count: 36 }), true, text)).toBe(
      true,
    );
  });
});

test('/proc/irq/N has its files, with what actions left there in the order of procfs', () => {
  const guest = new Guest({ present: 2 });
  const irq = guest.map(7);
  guest.request(irq, 'x');
  const desc = guest.core.desc(irq);
  if (desc === undefined) throw new Error('no line');
  const given = new IrqDirectory(guest.core, desc);
  expect([[...given.list()].sort(), given.leftovers(), given.mode]).toEqual([ownFiles, [], 0o555]);
  for (const name of ['zz', 'b', 'aaa', 'a', 'ab']) given.add(name, { kind: 'symlink', target: '' });
  expect(given.leftovers()).toEqual(['a', 'b', 'ab', 'zz', 'aaa']);
  desc.cold.irqCount = 5;
  desc.irqsUnhandled = 3;
  expect(guest.read(`/proc/irq/${desc.irq}/spurious`)).toBe('count 5\nunhandled 3\nlast_unhandled 0 ms\n');
  expect(guest.read(`/proc/irq/${desc.irq}/node`)).toBe('-1\n');
});

// drivers/pci/pci-sysfs.c, pci_uevent.
describe('a PCI function', () => {
  const identity = {
    vendor: 0x1414,
    device: 0x00ba,
    subsystemVendor: 0x1022,
    subsystemDevice: 0xab,
    revision: 7,
    classCode: 0x02a003,
  };
  const func: PciFunction = { name: '38d5:00:02.0', node: 1, msix: 2, identity };

  const files = (presence: PciPresence, vectors: readonly { irq: number; kind: 'msix' | 'msi' }[]) => {
    const { core } = new Guest({
      present: 4,
      topology: { node: [0, 0, 1, 1], package: [0, 0, 0, 0], core: [0, 1, 2, 3] },
    });
    const msi = { vectors: () => vectors } as unknown as Parameters<typeof functionDirectory>[1];
    const made = functionDirectory(core, msi, presence);
    return (name: string): string | undefined => {
      const node = made.lookup(name);
      return node?.kind === 'file'
        ? node.read?.()
        : node?.kind === 'symlink'
          ? node.target
          : node && [...node.list()].join(' ');
    };
  };

  test('says what it is', () => {
    const read = files(new PciPresence(func), []);
    const shown = [
      'class',
      'device',
      'vendor',
      'revision',
      'subsystem_device',
      'subsystem_vendor',
      'enable',
      'irq',
      'numa_node',
      'msi_bus',
    ];
    expect(shown.map((name) => read(name)?.trim())).toEqual([
      '0x02a003',
      '0x00ba',
      '0x1414',
      '0x07',
      '0x00ab',
      '0x1022',
      '0',
      '0',
      '1',
      '1',
    ]);
    expect(read('modalias')).toBe('pci:v00001414d000000BAsv00001022sd000000ABbc02scA0i03\n');
    expect(read('uevent')).toBe(
      'PCI_CLASS=2A003\nPCI_ID=1414:00BA\nPCI_SUBSYS_ID=1022:00AB\nPCI_SLOT_NAME=38d5:00:02.0\nMODALIAS=pci:v00001414d000000BAsv00001022sd000000ABbc02scA0i03\n',
    );
    expect([read('local_cpulist'), read('subsystem'), read('driver'), read('msi_irqs')]).toEqual([
      '2-3\n',
      '../../../bus/pci',
      undefined,
      undefined,
    ]);
  });

  test('with a driver and interrupts', () => {
    const presence = new PciPresence({ ...func, node: -1, parent: '/sys/devices/LNXSYSTM:00/bus' });
    presence.driver = 'mana';
    const read = files(presence, [
      { irq: 30, kind: 'msix' },
      { irq: 31, kind: 'msix' },
    ]);
    expect([read('enable'), read('irq'), read('msi_irqs'), read('local_cpulist')]).toEqual([
      '1\n',
      '0\n',
      '30 31',
      '0-3\n',
    ]);
    expect([read('driver'), read('numa_node')]).toEqual(['../../../../../bus/pci/drivers/mana', '-1\n']);
    expect(read('uevent')).toMatch(/^DRIVER=mana\nPCI_CLASS=/);
    expect(files(presence, [{ irq: 40, kind: 'msi' }])('irq')).toBe('40\n');
  });

  test('without an identity is all zeros', () => {
    const read = files(new PciPresence({ name: '0000:00:04.0', node: -1, msix: 0 }), []);
    expect([read('class'), read('modalias')]).toEqual([
      '0x000000\n',
      'pci:v00000000d00000000sv00000000sd00000000bc00sc00i00\n',
    ]);
  });

  test('stands below its root bus', () => {
    expect([rootBusOf(func), holderOf(func), functionPath(func)]).toEqual([
      'pci38d5:00',
      '',
      'pci38d5:00/38d5:00:02.0',
    ]);
    const held = { ...func, parent: '/sys/devices/a/b' };
    expect([holderOf(held), functionPath(held)]).toEqual(['a/b', 'a/b/pci38d5:00/38d5:00:02.0']);
  });

  test.each<[string, boolean | string]>([
    ['1', true],
    ['0x10\n', true],
    [' 7', true],
    ['+1', true],
    ['0', false],
    ['0x0', false],
    ['-1', 'EINVAL'],
    ['x', 'EINVAL'],
    ['1\n\n', 'EINVAL'],
  ])('a file that has something done takes %p', (text, expected) => {
    let done = false;
    const given = triggerFile({ call: () => expect.anything() as never }, () => {
      done = true;
      return undefined;
    });
    const said = outcome(() => given.write?.(text));
    expect(typeof expected === 'string' ? said : done).toBe(expected);
    expect([given.mode, given.read]).toEqual([0o200, undefined]);
  });
});

test.each([
  ['add', undefined],
  ['remove\n', undefined],
  ['change 1 A=B', undefined],
  ['move', undefined],
  ['online', undefined],
  ['offline', undefined],
  ['bind', undefined],
  ['unbind', undefined],
  ['moved', 'EINVAL'],
  ['', 'EINVAL'],
] as const)('a synthetic uevent %p (kobject_action_type)', (text, expected) => {
  expect(outcome(() => storeUevent(text))).toBe(expected);
});

// drivers/base/node.c node_read_meminfo.
test("a node's memory", () => {
  const lines = nodeMeminfo(1).split('\n');
  expect(lines.slice(0, 4)).toEqual([
    'Node 1 MemTotal:        8388608 kB',
    'Node 1 MemFree:         7340032 kB',
    'Node 1 MemUsed:         1048576 kB',
    'Node 1 SwapCached:            0 kB',
  ]);
  expect(lines.slice(4, -4).map((each) => /^Node 1 (\S+): +0 kB$/.exec(each)?.[1])).toEqual([
    ...['Active', 'Inactive', 'Active(anon)', 'Inactive(anon)', 'Active(file)', 'Inactive(file)'],
    ...['Unevictable', 'Mlocked', 'Dirty', 'Writeback', 'FilePages', 'Mapped', 'AnonPages', 'Shmem'],
    ...['KernelStack', 'PageTables', 'SecPageTables', 'NFS_Unstable', 'Bounce', 'WritebackTmp'],
    ...['KReclaimable', 'Slab', 'SReclaimable', 'SUnreclaim', 'AnonHugePages', 'ShmemHugePages'],
    ...['ShmemPmdMapped', 'FileHugePages', 'FilePmdMapped'],
  ]);
  expect(lines.slice(-4)).toEqual([
    'Node 1 HugePages_Total:     0',
    'Node 1 HugePages_Free:      0',
    'Node 1 HugePages_Surp:      0',
    '',
  ]);
});

describe('files of a guest', () => {
  const boot = () =>
    LiveGuest.create({ cpus: 2, kernel: '6.12', devices: [{ driver: 'heartbeat', relid: 5 }] }).fs;

  test.each([
    ['/proc', 0o555],
    ['/sys', 0o555],
    ['/proc/sys', 0o555],
    ['/proc/sys/kernel', 0o555],
    ['/proc/interrupts', 0o444],
    ['/proc/stat', 0o444],
    ['/proc/softirqs', 0o444],
    ['/proc/cpuinfo', 0o444],
    ['/sys/bus/vmbus', 0o755],
    ['/sys/bus/vmbus/uevent', 0o200],
    ['/sys/bus/vmbus/drivers_probe', 0o200],
    ['/sys/bus/vmbus/drivers_autoprobe', 0o644],
    ['/sys/bus/vmbus/hibernation', 0o444],
    ['/sys/module/spurious/parameters/irqfixup', 0o644],
    ['/sys/module/spurious/parameters/noirqdebug', 0o644],
    ['/sys/module/hv_storvsc/parameters/logging_level', 0o644],
    ['/sys/module/hv_vmbus/parameters/max_version', 0o444],
  ])('%s has mode %i', (path, mode) => expect(boot().stat(path).mode & 0o7777).toBe(mode));

  test.each([
    ['/sys/bus/vmbus/hibernation', '1\n'],
    ['/sys/bus/vmbus/drivers_autoprobe', '1\n'],
    ['/sys/module/spurious/parameters/irqfixup', '0\n'],
    ['/sys/module/spurious/parameters/noirqdebug', 'N\n'],
    ['/sys/module/hv_storvsc/parameters/storvsc_ringbuffer_size', '131072\n'],
    ['/sys/module/hv_netvsc/parameters/ring_size', '128\n'],
    ['/sys/module/hv_netvsc/parameters/debug', '-1\n'],
    ['/sys/module/hv_balloon/parameters/hot_add', 'Y\n'],
    ['/sys/module/hv_balloon/parameters/pressure_report_delay', '45\n'],
  ])('%s is %p', (path, text) => expect(boot().readFile(path)).toBe(text));

  // kernel/irq/irqdomain.c irq_domain_debug_show_one: IRQ_DOMAIN_FLAG_HIERARCHY, NAME_ALLOCATED, MSI_PARENT.
  test.each([
    ['VECTOR', '0x00000103'],
    ['IO-APIC-0', '0x00000003'],
  ])('the irqdomain %s has the flags %s', (name, flags) => {
    expect(boot().readFile(`/sys/kernel/debug/irq/domains/${name}`)).toContain(` flags:  ${flags}\n`);
  });

  test('hotplug/fail takes a decimal number (fail_store)', () => {
    const fs = boot();
    const fail = '/sys/devices/system/cpu/cpu1/hotplug/fail';
    const write = (text: string) => [outcome(() => fs.writeFile(fail, text)), fs.readFile(fail)];
    expect([fs.readFile(fail), write('-01\n'), write('0x1'), write('x')]).toEqual([
      '-1\n',
      [4, '-1\n'],
      ['EINVAL', '-1\n'],
      ['EINVAL', '-1\n'],
    ]);
  });

  test('noirqdebug and parameters take what kernel/params.c takes', () => {
    const fs = boot();
    const write = (path: string, text: string) => [
      outcome(() => fs.writeFile(path, text)),
      fs.readFile(path),
    ];
    const spurious = '/sys/module/spurious/parameters';
    expect([write(`${spurious}/noirqdebug`, 'y'), write(`${spurious}/noirqdebug`, 'x')]).toEqual([
      [1, 'Y\n'],
      ['EINVAL', 'Y\n'],
    ]);
    expect([write(`${spurious}/irqfixup`, '2\n'), write(`${spurious}/irqfixup`, 'x')]).toEqual([
      [2, '2\n'],
      ['EINVAL', '2\n'],
    ]);
    const level = '/sys/module/hv_storvsc/parameters/logging_level';
    expect([write(level, '3'), write(level, 'x')]).toEqual([
      [1, '3\n'],
      ['EINVAL', '3\n'],
    ]);
  });
});
