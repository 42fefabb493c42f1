import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { Completion } from '../../src/machine/completion.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import { instanceOf } from '../support/guest.js';

const options: GuestOptions = {
  cpus: 4,
  kernel: '6.12',
  design: 'mainline',
  devices: [
    { driver: 'storvsc', relid: 14 },
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] },
  ],
};

function booted(host: GuestOptions['host'] = {}): Guest {
  const guest = Guest.create({ ...options, host });
  guest.run({ ms: 10 });
  return guest;
}

describe('statuses', () => {
  test('a host that refuses to move a channel leaves it where it is', () => {
    const guest = booted({ status: { modifyChannel: 5 } });
    const { cpu } = guest.channel(16);
    expect(() => guest.channel(16).setCpu(0)).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(guest.channel(16).cpu).toBe(cpu);
    expect(guest.host.channel(16)?.targetVp).toBe(cpu);
    guest.host.hyperv.setStatuses({ modifyChannel: 0 });
    guest.channel(16).setCpu(0);
    expect(guest.host.channel(16)?.targetVp).toBe(0);
  });

  test('a host that refuses to open a channel has its driver fail', () => {
    const guest = booted({ status: { open: 0xc0000001 } });
    expect(guest.channel(14).state).toBe('open');
    expect(guest.log.some(({ text }) => text.includes('failed'))).toBe(true);
  });

  test('a scenario says them, and a host that never follows', () => {
    const { guest } = parseScenario(
      'cpus: 2\nhost: {status: {modifyChannel: 5}, modifyClosed: ignored, latency: {modifyChannel: never}}\n',
      'f',
    );
    expect(guest.host).toMatchObject({
      status: { modifyChannel: 5 },
      modifyClosed: 'ignored',
      latency: { modifyChannelNs: Number.POSITIVE_INFINITY },
    });
    expect(() => parseScenario('cpus: 2\nhost: {latency: {modifyChannel: later}}\n', 'f')).toThrow(
      /duration/,
    );
  });
});

describe('a host that takes for ever to follow', () => {
  test('neither follows nor answers, and events come to the old CPU', () => {
    const guest = booted();
    const { cpu } = guest.channel(16);
    guest.host.hyperv.setLatency({ modifyChannelNs: Number.POSITIVE_INFINITY });
    expect(() => guest.channel(16).setCpu(0)).toThrow(/waits for|never|nothing is left/);
    guest.run({ seconds: 1 });
    expect(guest.host.channel(16)?.targetVp).toBe(cpu);
    expect(guest.channel(16).cpu).toBe(cpu);
  });
});

describe('the version that is spoken', () => {
  test.each(['hv_vmbus.max_version=0x50002', 'hv-vmbus.max_version=327682'])(
    '%s: a host of 5.3 answers no MODIFYCHANNEL of a guest that speaks 5.2',
    (cmdline) => {
      const guest = Guest.create({ ...options, cmdline });
      guest.run({ ms: 10 });
      expect(guest.fs.readFile('/sys/module/hv_vmbus/parameters/max_version')).toBe('327682\n');
      expect(guest.log.map(({ text }) => text)).toContain('hv_vmbus: Vmbus version:5.2');
      guest.channel(16).setCpu(0);
      guest.run({ ms: 10 });
      expect(guest.host.channel(16)?.targetVp).toBe(0);
      expect([...guest.refused()]).toEqual([]);
    },
  );
});

describe('one channel by itself', () => {
  const instanceId = instanceOf(900);
  const offer = (childRelid: number, subChannelIndex: number, more: object = {}) => ({
    classId: deviceClassId('nd'),
    instanceId,
    childRelid,
    subChannelIndex,
    ...more,
  });

  test('a primary one, its sub-channel, and each is taken back without the other', () => {
    const guest = booted();
    guest.host.hyperv.offerChannel(offer(50, 0));
    guest.host.hyperv.offerChannel(offer(51, 1));
    guest.run({ ms: 1 });
    expect(guest.channel(51).channel.primary).toBe(guest.channel(50).channel);
    guest.host.rescind(51);
    expect(() => guest.channel(51)).toThrow(RangeError);
    expect(guest.channel(50).state).toBe('open');
    guest.host.rescind(50);
    expect(() => guest.channel(50)).toThrow(RangeError);
  });

  test('a relid out of range is none', () => {
    expect(() => booted().host.hyperv.offerChannel(offer(2048, 0))).toThrow(RangeError);
  });

  test('one with a monitor has its files, and its signals are bits that the host polls', () => {
    const guest = booted();
    guest.host.hyperv.offerChannel(offer(50, 0, { monitorAllocated: true, monitorId: 37 }));
    guest.run({ ms: 1 });
    const device = `/sys/bus/vmbus/devices/${instanceId}`;
    const read = (file: string) => guest.fs.readFile(`${device}/${file}`);
    expect(read('monitor_id')).toBe('37\n');
    expect(read('client_monitor_pending')).toBe('0\n');
    const before = guest.host.hyperv.totals.guestSignals;
    guest.vmbus.operations.setEvent(guest.channel(50).channel);
    expect(read('client_monitor_pending')).toBe(`${1 << 5}\n`);
    expect(read('channels/50/pending')).toBe(`${1 << 5}\n`);
    expect(read('server_monitor_pending')).toBe('0\n');
    expect(read('channels/50/events')).toBe('0\n');
    expect(guest.host.hyperv.totals.guestSignals).toBe(before);
    const plain = guest.channel(13).path;
    expect(guest.fs.readdir(plain)).not.toContain('monitor_id');
    guest.run({ ms: 2 });
    expect(read('client_monitor_pending')).toBe('0\n');
    expect(guest.host.hyperv.totals.guestSignals).toBe(before);
  });

  // vmbus_setevent: sync_set_bit in trigger_group, no hypercall; what the guest sends is found at the host's next look.
  test.each([
    ['heartbeat', 0, 1],
    ['kvp', 37, 1],
    ['balloon', 127, 5],
    ['scsi', 64, 0.2],
    ['nic', 31, 1],
  ] as const)('%s talks to a host that polls monitor %i each %d ms', (name, monitorId, pollMs) => {
    const guest = Guest.create({ ...options, host: { latency: { pollNs: pollMs * 1e6 } } });
    guest.run({ ms: 10 });
    const before = guest.host.hyperv.totals.guestSignals;
    const classId = deviceClassId(name);
    guest.host.hyperv.offerChannel(offer(50, 0, { classId, monitorAllocated: true, monitorId }));
    guest.run({ seconds: 1 });
    const { channel } = guest.channel(50);
    expect([channel.state.kind, channel.interrupts > 0, channel.sigEvents]).toEqual(['opened', true, 0]);
    expect(guest.host.hyperv.totals.guestSignals).toBe(before);
    expect(guest.fs.readFile(`/sys/bus/vmbus/devices/${instanceId}/client_monitor_pending`)).toBe('0\n');
    expect(guest.hangs()).toEqual([]);
  });

  test('a bit of a channel that is closed is taken, too, and one that nobody has is left', () => {
    const guest = booted();
    guest.host.hyperv.offerChannel(offer(50, 0, { monitorAllocated: true, monitorId: 3 }));
    guest.run({ ms: 1 });
    const { monitors, host } = guest.vmbus.connection;
    monitors.trigger(3);
    monitors.trigger(4);
    host.monitorTriggered(monitors);
    guest.run({ ms: 0.9 });
    expect(monitors.pending(3)).toBe(0b11000);
    guest.run({ ms: 0.2 });
    expect(monitors.pending(3)).toBe(0b10000);
  });
});

describe('flags and interrupts apart', () => {
  test('a flag waits for an interrupt of its CPU', () => {
    const guest = booted();
    const { interrupts } = guest.channel(16);
    guest.host.flag(16, 3);
    guest.run({ ms: 1 });
    expect(guest.channel(16).interrupts).toBe(interrupts);
    guest.host.kick(2);
    expect(guest.channel(16).interrupts).toBe(interrupts);
    guest.host.kick(3);
    expect(guest.channel(16).interrupts).toBe(interrupts + 1);
    expect(() => guest.host.flag(2048, 0)).toThrow(RangeError);
  });
});

describe('files of a channel that goes', () => {
  test('a device whose channel is being written to stays until the write ends', () => {
    const guest = booted();
    const { instanceId } = guest.channel(13).channel.offer;
    const isThere = () => guest.fs.exists(`/sys/bus/vmbus/devices/${instanceId}`);
    let finish = (): void => {};
    const { channel } = guest.channel(16);
    function* write() {
      yield* guest.vmbus.connection.channelMutex.lock();
      yield* guest.vmbus.connection.channelMutex.unlock();
      yield* never.wait();
      return 0;
    }
    const never = new Completion('a host that does not answer');
    finish = () => never.complete();
    guest.machine.spawn('target_cpu_store', channel.writing(write()));
    guest.run({ ms: 1 });
    guest.host.hyperv.rescind(13);
    guest.run({ seconds: 1 });
    expect(isThere()).toBe(true);
    finish();
    guest.run({ seconds: 1 });
    expect(isThere()).toBe(false);
  });

  test('power/control takes auto and on', () => {
    const guest = booted();
    const power = `/sys/bus/vmbus/devices/${guest.channel(13).channel.offer.instanceId}/power`;
    expect(guest.fs.readdir(power)).toEqual([
      'autosuspend_delay_ms',
      'control',
      'runtime_active_time',
      'runtime_status',
      'runtime_suspended_time',
    ]);
    guest.fs.writeFile(`${power}/control`, 'on\n');
    expect(guest.fs.readFile(`${power}/control`)).toBe('on\n');
    expect(() => guest.fs.writeFile(`${power}/control`, 'off')).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    for (const access of [() => guest.fs.readFile(`${power}/autosuspend_delay_ms`)])
      expect(access).toThrow(expect.objectContaining({ code: 'EIO' }));
  });
});

describe('NUMA nodes by their CPUs', () => {
  test('channels alternate between them', () => {
    const guest = Guest.create({
      cpus: {
        present: 4,
        nodes: [
          [0, 2],
          [1, 3],
        ],
      },
      design: 'mainline',
      devices: [5, 6, 7, 8].map((relid) => ({ driver: 'netdirect', relid }) as const),
    });
    expect([5, 6, 7, 8].map((relid) => guest.channel(relid).cpu)).toEqual([0, 1, 2, 3]);
    expect(guest.fs.readFile('/sys/devices/system/node/node1/cpulist')).toBe('1,3\n');
  });

  test('a scenario has them as lists; each CPU is in one', () => {
    const nodes = (text: string) => parseScenario(`cpus: {present: 4, nodes: ${text}}\n`, 'f').guest.cpus;
    expect(nodes('["0,2", "1,3"]')).toMatchObject({
      nodes: [
        [0, 2],
        [1, 3],
      ],
    });
    expect(nodes('2')).toMatchObject({ nodes: 2 });
    for (const wrong of ['["0-1"]', '["0-2", "2-3"]', '["0-3", ""]'])
      expect(() => nodes(wrong)).toThrow(/one of the nodes|list/);
  });
});

describe('drivers that go', () => {
  test('give up their devices, the one bound last first', () => {
    const guest = booted();
    const { bus } = guest.vmbus;
    const [driver] = bus.drivers.filter(({ name }) => name === 'hv_storvsc');
    guest.machine.run('rmmod', bus.unregisterDriver(driver));
    expect(guest.log.at(-1)?.text).toBe('hv_vmbus: unregistering driver hv_storvsc');
    expect(guest.channel(14).state).toBe('open');
    expect(bus.drivers).not.toContain(driver);
    guest.machine.run('insmod', bus.registerDriver(driver));
    guest.run({ ms: 10 });
    expect(guest.channel(14).state).toBe('opened');
  });
});
