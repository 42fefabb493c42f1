import { describe, expect, test } from '@jest/globals';
import { resultJson } from '../../src/cli/run/json.js';
import { failureText } from '../../src/cli/run/text.js';
import { Guest } from '../../src/guest/guest.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { HungError } from '../../src/machine/hung.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { errnoOf } from '../support/errors.js';

const S = 1_000_000_000;

function run(text: string) {
  const scenario = parseScenario(text, 'hang.yaml');
  const guest = Guest.create(scenario.guest);
  const result = runScenarioOn(guest, scenario);
  return {
    guest,
    result,
    text: failureText('hang.yaml', result),
    json: JSON.parse(resultJson(scenario, guest, result)) as { ok: boolean; hangs: object[] },
  };
}

const states = (vm: Guest, relids: readonly number[]): string =>
  relids
    .map((relid) => `${relid}:${vm.vmbus.connection.relids.relid2channel(relid)?.state.kind ?? '-'}`)
    .join(' ');
const hungTasks = (vm: Guest): string[] =>
  vm.log.map(({ text }) => text).filter((text) => text.startsWith('INFO: task'));

describe('RTNL is one lock of the guest', () => {
  test('a sub-channel offer that never comes hangs the next adapter and the rescind', () => {
    const vm = Guest.create({ cpus: 4, kernel: '6.12' });
    vm.host.misbehave({ what: 'message', message: 'OFFERCHANNEL', relid: 42, deed: 'drop' });
    vm.host.offer({ driver: 'netvsc', relid: 40, channels: 4, subChannels: [41, 42, 43] });
    vm.run({ seconds: 60 });
    expect(states(vm, [40, 41, 42, 43])).toBe('40:opened 41:opened 42:- 43:opened');
    vm.host.offer({ driver: 'netvsc', relid: 50, channels: 2, subChannels: [51] });
    vm.run({ seconds: 60 });
    expect(states(vm, [50, 51])).toBe('50:open 51:-');
    vm.host.rescind(40);
    vm.run({ seconds: 300 });
    expect(states(vm, [40, 41, 43, 50])).toBe('40:opened 41:opened 43:opened 50:open');
    expect(vm.hangs()).toEqual([
      expect.objectContaining({ comm: 'ip', waitsFor: 'rtnl_mutex', functions: ['rtnl_lock', 'dev_open'] }),
      expect.objectContaining({
        task: 'events',
        waitsFor: 'sub-channels of netvsc 40',
        functions: ['rndis_set_subchannel', 'netvsc_subchan_work'],
        holder: undefined,
      }),
      expect.objectContaining({
        task: 'hv_pri_chan',
        comm: expect.stringMatching(/^kworker\/\d:\d$/),
        waitsFor: 'rtnl_mutex',
        functions: ['rtnl_lock', 'netvsc_probe', 'vmbus_probe', 'vmbus_add_channel_work'],
        holder: expect.objectContaining({
          comm: expect.stringMatching(/^kworker\/\d:\d$/),
          functions: ['rndis_set_subchannel', 'netvsc_subchan_work'],
        }),
      }),
      expect.objectContaining({
        task: 'hv_vmbus_rescind',
        waitsFor: 'rtnl_mutex',
        functions: expect.arrayContaining(['netvsc_remove', 'vmbus_onoffer_rescind', 'vmbus_onmessage_work']),
      }),
    ]);
    expect(new Set(hungTasks(vm).map((text) => text.split(' ')[2].replace(/:\d+$/, ''))).size).toBe(4);
  });

  test.each(['6.1', '6.18', '7.2'] as const)(
    '%s: so does an answer that never comes to a probe',
    (kernel) => {
      const vm = Guest.create({
        cpus: 4,
        kernel,
        devices: [{ driver: 'netvsc', relid: 40 }],
        host: { misbehave: [{ what: 'packet', relid: 40, nth: 2, deed: 'drop' }] },
      });
      expect(vm.hangs().map(({ functions }) => functions)).toEqual([
        [
          'rndis_filter_device_add',
          'netvsc_probe',
          'vmbus_probe',
          // Before 6.14 drivers are there before the first offers are.
          kernel === '6.1' ? 'vmbus_add_channel_work' : '__vmbus_driver_register',
        ],
      ]);
      vm.host.behave();
      vm.host.offer({ driver: 'netvsc', relid: 50 });
      vm.host.rescind(40);
      // netvsc's probes have no context of their own (PROBE_FORCE_SYNCHRONOUS): in 6.1 the second adapter's would be next.
      expect(vm.hangs()).toHaveLength(kernel === '6.1' ? 2 : 3);
      vm.host.offer({ driver: 'storvsc', relid: 60 });
      expect(vm.channel(60).state).toBe('offer');
      // Rescinds come one after the other, and the first one waits for the probe.
      vm.host.rescind(60);
      expect(vm.channel(60).state).toBe('offer');
      vm.run({ seconds: 250 });
      const named = vm.log.filter(({ text }) => text.includes('is blocked on a mutex likely owned by task'));
      expect(named.length > 0).toBe(kernel !== '6.1');
    },
  );

  test('ethtool -L that waits for ever keeps it, too', () => {
    const vm = Guest.create({
      cpus: 4,
      devices: [
        { driver: 'netvsc', relid: 13, channels: 2, subChannels: [16, 17] },
        { driver: 'netvsc', relid: 14, channels: 2, subChannels: [26, 27] },
      ],
    });
    vm.host.misbehave({ what: 'message', message: 'OFFERCHANNEL', relid: 17, deed: 'drop' });
    expect(() => vm.channel(13).setChannels(3)).toThrow(
      'set_channels waits for sub-channels of netvsc 13 and nothing is left to happen',
    );
    expect(() => vm.channel(14).setChannels(1)).toThrow('set_channels waits for rtnl_mutex');
    expect(vm.hangs().map(({ functions }) => functions.at(-1))).toEqual([
      'netvsc_set_channels',
      'netvsc_set_channels',
    ]);
  });

  test('a rescind during traffic hangs nothing: the host first completes what it has', () => {
    const vm = Guest.create({
      cpus: 4,
      devices: [{ driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] }],
    });
    vm.nic(13).transmit({ count: 50 });
    vm.host.rescind(13);
    expect(vm.hangs()).toEqual([]);
    expect(states(vm, [13, 16])).toBe('13:- 16:-');
  });
});

const bootHang = `
kernel: "6.12"
cpus: 2
host: {misbehave: [{message: OPENCHANNEL_RESULT, relid: 14, do: drop}]}
devices: [{driver: storvsc, relid: 14}, {driver: heartbeat, relid: 7}]
`;

describe('a hang', () => {
  test('at boot is said by irqlab run: which context waits where and for what', () => {
    const { result, text, json } = run(bootHang);
    expect(result.ok).toBe(false);
    expect(text).toMatch(
      /^irqlab: hang.yaml: a hang: kworker\/u4:0 waits for ever\nirqlab: {3}kworker\/u4:0 \(pid \d+\), probe of channel 14 waits in vmbus_open < vmbus_probe < async_run_entry_fn for answer to OPENCHANNEL of channel 14, for \S+ now\n$/,
    );
    expect(json).toMatchObject({
      ok: false,
      hangs: [
        {
          comm: 'kworker/u4:0',
          function: 'vmbus_open',
          waitsFor: 'answer to OPENCHANNEL of channel 14',
          spins: false,
        },
      ],
    });
  });

  test('can be what a scenario is about', () => {
    const { result, text, guest } = run(`${bootHang}run: 300s\nexpect: hang\n`);
    expect({ ok: result.ok, text }).toEqual({ ok: true, text: '' });
    expect(result.hangs[0].sinceNs).toBeLessThan(0);
    expect(hungTasks(guest)).toEqual([
      expect.stringMatching(/^INFO: task kworker\/u4:0:\d+ blocked for more than 120 seconds\.$/),
    ]);
    expect(guest.log.map(({ text: line }) => line)).toContain('Workqueue: async async_run_entry_fn');
  });

  test('that is expected and does not come is a failure, of the run and of a step', () => {
    const whole = run('cpus: 2\ndevices: [{driver: heartbeat, relid: 7}]\nexpect: hang\n');
    expect(whole.result.ok).toBe(false);
    expect(whole.text).toBe(
      'irqlab: hang.yaml: expected a hang, but no context of the guest waits for ever\n',
    );
    const step = run('cpus: 2\ntimeline: [{offline: 1, expect: hang}]\n');
    expect(step.result.steps[0].message).toBe(
      'expected a hang, but it came to an end, and no context of the guest waits for ever',
    );
  });

  test('of a step is expected there: of a call, of what it leaves behind', () => {
    const { result } = run(`
cpus: 4
devices:
  - {driver: netvsc, relid: 13, channels: 2, subChannels: [16, 17]}
timeline:
  - {host: {misbehave: {message: OFFERCHANNEL, relid: 17, do: drop}}}
  - {channels: {relid: 13, count: 3}, expect: hang}
  - {offer: {driver: netvsc, relid: 30}, expect: hang}
  - {rescind: 13, expect: hang}
`);
    expect(result.steps.map(({ message }) => message)).toEqual([undefined, undefined, undefined, undefined]);
    expect(result.hangFailure).toBeUndefined();
    expect(result.hangs).toHaveLength(3);
  });

  test('is over when what was waited for comes', () => {
    const { result } = run(`
cpus: 2
host: {misbehave: [{message: OPENCHANNEL_RESULT, relid: 14, nth: 1, do: delay, by: 90s}]}
devices: [{driver: storvsc, relid: 14}]
run: 100s
`);
    expect(result).toMatchObject({ ok: true, hangs: [] });
  });
});

describe('/proc/sys/kernel/hung_task_*', () => {
  test('show and take what the kernel does', () => {
    const vm = Guest.create({ cpus: 2 });
    const path = '/proc/sys/kernel/hung_task';
    const { fs } = vm;
    expect(fs.readFile(`${path}_timeout_secs`)).toBe('120\n');
    expect(fs.readFile(`${path}_check_interval_secs`)).toBe('0\n');
    expect(fs.readFile(`${path}_warnings`)).toBe('10\n');
    fs.writeFile(`${path}_timeout_secs`, '0x3c\n');
    expect(fs.readFile(`${path}_timeout_secs`)).toBe('60\n');
    fs.writeFile(`${path}_timeout_secs`, '-5');
    expect(fs.readFile(`${path}_timeout_secs`)).toBe('60\n');
    fs.writeFile(`${path}_warnings`, ' -1 ');
    expect(fs.readFile(`${path}_warnings`)).toBe('-1\n');
    for (const [file, text] of [
      ['timeout_secs', 'x'],
      ['timeout_secs', '1x'],
      ['timeout_secs', '09'],
      ['warnings', '-2'],
      ['warnings', ''],
      ['warnings', '2147483648'],
    ])
      expect(() => fs.writeFile(`${path}_${file}`, text)).toThrow(ErrnoError);
  });

  test('echo 0 ends the warnings', () => {
    const vm = Guest.create({
      cpus: 2,
      devices: [{ driver: 'storvsc', relid: 14 }],
      host: { misbehave: [{ what: 'message', message: 'OPENCHANNEL_RESULT', deed: 'drop' }] },
    });
    vm.run({ seconds: 250 });
    expect(hungTasks(vm)).toHaveLength(1);
    vm.fs.writeFile('/proc/sys/kernel/hung_task_timeout_secs', '0\n');
    vm.run({ seconds: 1000 });
    expect(hungTasks(vm)).toHaveLength(1);
    expect(vm.now).toBeGreaterThan(1250 * S);
  });
});

describe('init_vp_index', () => {
  const isolated = (kernel: '6.1' | '6.10' | '6.12' | '6.18' | '7.2', cmdline: string): Guest =>
    Guest.create({
      cpus: { present: 4, nodes: 2 },
      kernel,
      cmdline,
      devices: [
        { driver: 'kvp', relid: 7 },
        { driver: 'storvsc', relid: 14 },
        { driver: 'storvsc', relid: 15 },
        { driver: 'heartbeat', relid: 8 },
      ],
    });

  test.each(['6.10', '7.2'] as const)(
    '%s: spins for ever in a node all of whose CPUs are isolated',
    (kernel) => {
      const vm = isolated(kernel, 'isolcpus=managed_irq,2-3');
      const [spinning] = vm.hangs().filter(({ spins }) => spins);
      const others = vm.hangs().filter(({ spins }) => !spins);
      expect(spinning).toMatchObject({
        task: 'hv_vmbus_con',
        waitsFor: 'a CPU of node 1 that keeps house',
        spins: true,
        functions: ['init_vp_index', 'vmbus_onoffer', 'vmbus_onmessage_work'],
      });
      for (const { waitsFor } of others)
        expect(['channel_mutex', 'hv_vmbus_con', 'hv_pri_chan']).toContain(waitsFor);
      // It has channel_mutex, so nothing comes of the offers behind it.
      expect(states(vm, [14, 15, 8])).toMatch(/^14:\S+ 15:- 8:-$/);
      vm.run({ seconds: 300 });
      expect(hungTasks(vm).some((text) => text.includes(spinning.comm))).toBe(false);
    },
  );

  test.each(['6.1', '6.12', '6.18'] as const)('%s: passes such nodes over', (kernel) => {
    const vm = isolated(kernel, 'isolcpus=managed_irq,2-3');
    expect(vm.hangs()).toEqual([]);
    expect(states(vm, [14, 15, 8])).toBe('14:opened 15:opened 8:opened');
    expect([vm.channel(14).cpu, vm.channel(15).cpu]).toEqual([0, 1]);
  });

  test('ends where a node has no CPU online, and where each has one that keeps house', () => {
    expect(isolated('7.2', 'isolcpus=managed_irq,2-3 maxcpus=2').hangs()).toEqual([]);
    expect(isolated('7.2', 'isolcpus=managed_irq,1,3').hangs()).toEqual([]);
  });
});

describe('a sub-channel is taken back with work on it, and then the guest is suspended', () => {
  const vmOf = (): Guest =>
    Guest.create({
      cpus: 4,
      devices: [
        { driver: 'netvsc', relid: 13, channels: 3, subChannels: [16, 17] },
        { driver: 'storvsc', relid: 14, subChannels: [21] },
      ],
    });
  const suspendHang = (vm: Guest): string[] => {
    expect(() => vm.suspend()).toThrow(HungError);
    return vm.hangs().flatMap(({ functions, waitsFor }) => [...functions, waitsFor]);
  };

  test('storvsc waits for I/Os that the host never read', () => {
    const vm = vmOf();
    vm.host.drain(21, false);
    for (let cpu = 0; cpu < 4; cpu++) vm.disk(14).submit({ cpu, count: 8 });
    vm.host.hyperv.rescind(21);
    for (let cpu = 0; cpu < 4; cpu++) vm.disk(14).submit({ cpu, count: 8 });
    vm.run({ seconds: 1 });
    expect(suspendHang(vm)).toEqual(expect.arrayContaining(['storvsc_wait_to_drain', 'I/Os of storvsc 14']));
  });

  test('netvsc waits 10 s for frames that the host never read, and the guest stays awake', () => {
    const vm = vmOf();
    vm.host.hyperv.rescind(17);
    for (let flow = 0; flow < 16; flow++) vm.nic(13).transmit({ flow, count: 4 });
    vm.run({ seconds: 1 });
    const before = vm.now;
    expect(errnoOf(() => vm.suspend())).toBe('ETIMEDOUT');
    expect(vm.now - before).toBeGreaterThanOrEqual(10_000_000_000);
    expect(vm.log.some(({ text }) => text.endsWith('eth0: Ring buffer not empty after closing rndis'))).toBe(
      true,
    );
    expect(vm.hangs()).toEqual([]);
    expect(errnoOf(() => vm.resume())).toBe('EINVAL');
  });

  test('nothing waits for what the host has completed before', () => {
    const vm = vmOf();
    for (let cpu = 0; cpu < 4; cpu++) vm.disk(14).submit({ cpu, count: 8 });
    for (let flow = 0; flow < 16; flow++) vm.nic(13).transmit({ flow, count: 4 });
    vm.host.rescind(21);
    vm.host.rescind(17);
    vm.suspend();
    vm.resume();
    expect(vm.hangs()).toEqual([]);
  });

  test('nobody ends, or waits for, I/Os of a later time: the channel refuses them', () => {
    const vm = vmOf();
    vm.host.rescind(21);
    const { now } = vm;
    for (let cpu = 0; cpu < 4; cpu++) vm.disk(14).submit({ cpu, count: 8 });
    vm.run({ seconds: 1 });
    expect(vm.nextTime).toBeUndefined();
    expect(vm.now).toBe(now + 1_000_000_000);
    expect(vm.disk(14).completed).toBeLessThan(32);
    vm.suspend();
    vm.resume();
    expect(vm.hangs()).toEqual([]);
  });
});

// PROBE_FORCE_SYNCHRONOUS of netvsc, and what a driver has that says nothing (pci-hyperv, hv_sock, uio_hv_generic); the
// others' probes have workers of their own (PROBE_PREFER_ASYNCHRONOUS).
describe('a probe that hangs, of a device that came while the guest ran', () => {
  test.each([
    ['netvsc', 'vmbus_add_channel_work', 'offer'],
    ['vpci', 'vmbus_add_channel_work', 'offer'],
    ['storvsc', 'async_run_entry_fn', 'opened'],
    ['kvp', 'async_run_entry_fn', 'opened'],
    ['keyboard', 'async_run_entry_fn', 'opened'],
  ] as const)('%s: in %s; the channel of the next device is in state %s', (driver, outermost, state) => {
    for (const kernel of ['6.1', '7.2'] as const) {
      const vm = Guest.create({ cpus: 2, kernel });
      vm.host.misbehave({ what: 'message', message: 'OPENCHANNEL_RESULT', relid: 40, deed: 'drop' });
      vm.host.offer({ driver, relid: 40 });
      vm.host.offer({ driver: 'heartbeat', relid: 7 });
      vm.run({ seconds: 1 });
      expect(vm.hangs().map(({ functions }) => functions.at(-1))).toEqual([outermost]);
      expect(vm.channel(7).state).toBe(state);
    }
  });

  test.each([
    ['netvsc', 'modprobe', 'opened'],
    ['vpci', 'modprobe', 'opened'],
    ['storvsc', 'kworker/u4:0', 'opened'],
  ] as const)(
    '%s at boot of Linux 6.18: in %s, and other drivers have their devices',
    (driver, comm, state) => {
      const vm = Guest.create({
        cpus: 2,
        kernel: '6.18',
        devices: [
          { driver, relid: 40 },
          { driver: 'heartbeat', relid: 7 },
        ],
        host: { misbehave: [{ what: 'message', message: 'OPENCHANNEL_RESULT', relid: 40, deed: 'drop' }] },
      });
      expect(vm.hangs().map((context) => context.comm)).toEqual([comm]);
      expect(vm.channel(7).state).toBe(state);
    },
  );
});
