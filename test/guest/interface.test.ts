import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { flowHash } from '../../src/host/protocols/flow-hash.js';
import { indirectionTable } from '../../src/host/protocols/indirection.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

// ethtool -l, -x and -X, ip link set up and down: drivers/net/hyperv/netvsc_drv.c of 7.2, net/ethtool/ioctl.c.

const RELIDS = [13, 16, 17, 18];

function boot(vf = false): Guest {
  const nic = { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] } as const;
  const instance = '47505500-7870-0000-3130-444531444234';
  const functions = [{ driver: 'mana', queues: 4, serial: 2 }] as const;
  const devices = vf
    ? ([
        { ...nic, vf: 2 },
        { driver: 'vpci', relid: 30, instance, functions },
      ] as const)
    : ([nic] as const);
  return Guest.create({ cpus: 4, kernel: '6.12', devices });
}

/** How many of 64 flows' frames come by each channel. */
function spreadOf(guest: Guest): number[] {
  const before = RELIDS.map((relid) => guest.host.channel(relid)?.signalled ?? 0);
  for (let flow = 0; flow < 64; flow++) {
    guest.nic(13).receive({ flow });
    guest.run({ us: 100 });
  }
  return RELIDS.map((relid, i) => (guest.host.channel(relid)?.signalled ?? 0) - before[i]);
}

/** The same by the table. */
function expected(table: readonly number[]): number[] {
  const counts = RELIDS.map(() => 0);
  for (let flow = 0; flow < 64; flow++) counts[table[flowHash(flow) % 128]] += 1;
  return counts;
}

describe('the indirection table', () => {
  test('leads to all channels in turn, until it is changed, and again after', () => {
    const guest = boot();
    const nic = guest.nic(13);
    const usual = Array.from({ length: 128 }, (_, i) => i % 4);
    expect(nic.indirection).toEqual(usual);
    expect(spreadOf(guest)).toEqual(expected(usual));
    nic.setIndirection({ equal: 2 });
    expect(spreadOf(guest)).toEqual(expected(usual.map((channel) => channel % 2)));
    nic.setIndirection({ default: true });
    expect(spreadOf(guest)).toEqual(expected(usual));
  });

  test.each([
    [
      [1, 1, 2],
      [32, 32, 64],
    ],
    [
      [0, 1],
      [0, 128],
    ],
    [
      [3, 0, 0, 1],
      [96, 0, 0, 32],
    ],
  ])('of weights %j has %j entries of each channel', (weights, entries) => {
    const table = indirectionTable({ weights }) ?? [];
    expect(entries.map((_, channel) => table.filter((entry) => entry === channel).length)).toEqual(entries);
    const guest = boot();
    guest.nic(13).setIndirection({ weights });
    expect(spreadOf(guest)).toEqual(expected(table));
  });

  test('leads to channels in use only, and they stay while it does', () => {
    const guest = boot();
    const nic = guest.nic(13);
    expect(() => nic.setIndirection({ equal: 5 })).toThrow(/EINVAL/);
    expect(() => nic.setIndirection({ weights: [0, 0] })).toThrow(/EINVAL/);
    nic.setIndirection({ equal: 3 });
    expect(() => guest.setChannels(13, 2)).toThrow(/EINVAL/);
    guest.setChannels(13, 3);
    guest.run({ ms: 100 });
    expect(guest.nic(13).indirection.slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
    nic.setIndirection({ default: true });
    guest.setChannels(13, 2);
    expect(Math.max(...guest.nic(13).indirection)).toBe(1);
  });
});

describe('an interface that goes down', () => {
  test('has no frames; its channels stay open, and their interrupts requested', () => {
    const guest = boot();
    const nic = guest.nic(13);
    const rows = guest.procInterrupts().match(/ netvsc$/gm);
    nic.down();
    expect([nic.isUp, nic.receive({ count: 5 })]).toEqual([false, 0]);
    nic.transmit({ count: 5 });
    guest.run({ ms: 10 });
    expect([nic.transmitted, nic.received, nic.dropped]).toEqual([0, 0, 5]);
    expect(RELIDS.map((relid) => guest.channel(relid).state)).toEqual(RELIDS.map(() => 'opened'));
    expect(guest.procInterrupts().match(/ netvsc$/gm)).toEqual(rows);
    nic.up();
    expect(nic.receive({ count: 5 })).toBe(5);
  });

  test('stays down when its channels change', () => {
    const guest = boot();
    guest.nic(13).down();
    guest.setChannels(13, 2);
    guest.run({ ms: 100 });
    expect(guest.nic(13).receive()).toBe(0);
    guest.nic(13).up();
    expect(guest.nic(13).receive()).toBe(1);
  });

  describe('waits for its rings to be empty', () => {
    const notEmpty = (guest: Guest): number =>
      guest.log.filter(({ text }) => text.endsWith('eth0: Ring buffer not empty after closing rndis')).length;
    /** Frames for all channels that the host leaves in the rings of the sub-channels. */
    const undrained = (): Guest => {
      const guest = boot();
      for (const relid of RELIDS.slice(1)) guest.host.drain(relid, false);
      for (let flow = 0; flow < 16; flow++) guest.nic(13).transmit({ flow });
      return guest;
    };

    test('which they are at the latest when it looks for the second time', () => {
      const guest = boot();
      const before = guest.now;
      guest.nic(13).down();
      expect(guest.now - before).toBeLessThan(10_000_000);
      expect(notEmpty(guest)).toBe(0);
    });

    test('for 10 s if the host reads no more, and says so; it is down all the same', () => {
      const guest = undrained();
      const before = guest.now;
      guest.nic(13).down();
      expect(guest.now - before).toBeGreaterThanOrEqual(10_000_000_000);
      expect(guest.now - before).toBeLessThan(10_010_000_000);
      expect([notEmpty(guest), guest.nic(13).isUp]).toEqual([1, false]);
    });

    test('until the host reads again', () => {
      const guest = undrained();
      const before = guest.now;
      guest.at(before + 1_000_000_000, () => {
        for (const relid of RELIDS) guest.host.hyperv.drain(relid, true);
      });
      guest.nic(13).down();
      expect(guest.now - before).toBeGreaterThanOrEqual(1_000_000_000);
      expect(guest.now - before).toBeLessThan(1_010_000_000);
      expect(notEmpty(guest)).toBe(0);
    });

    test('with the virtual function up until then', () => {
      const guest = boot(true);
      for (const relid of RELIDS.slice(1)) guest.host.drain(relid, false);
      guest.nic(13).down();
      expect([notEmpty(guest), guest.nic(13).vf.isActive]).toEqual([0, false]);
    });
  });

  test('takes its virtual function down, and up with it', () => {
    const guest = boot(true);
    const nic = guest.nic(13);
    const lines = (): string[] => guest.log.flatMap(({ text }) => / eth0: (.*)$/.exec(text)?.[1] ?? []);
    nic.down();
    expect([lines().at(-1), nic.vf.isActive]).toEqual(['Data path switched from VF: eth1', false]);
    expect(nic.receive()).toBe(0);
    nic.up();
    expect([lines().at(-1), nic.vf.isActive]).toEqual(['Data path switched to VF: eth1', true]);
    expect(nic.receive()).toBe(1);
    expect(nic.vf.received).toBe(1);
  });
});

// netvsc_detach and netvsc_attach of drivers/net/hyperv/netvsc_drv.c, which are the same in 6.1, 6.12 and 7.2.
describe('an adapter that starts over', () => {
  const lines = (guest: Guest): string[] =>
    guest.log.flatMap(({ text }) => / eth0: (.*)$/.exec(text)?.[1] ?? []);
  /** A flow that is sent by this queue of four. */
  const flowOf = (queue: number): number => {
    let flow = 0;
    while ((flowHash(flow) % 16) % 4 !== queue) flow += 1;
    return flow;
  };
  const full = (guest: Guest, frames = 16): Guest => {
    for (const relid of RELIDS.slice(1)) guest.host.drain(relid, false);
    for (let flow = 0; flow < frames; flow++) guest.nic(13).transmit({ flow });
    return guest;
  };
  const drainAt = (guest: Guest, ns: number): void =>
    guest.at(ns, () => {
      for (const relid of RELIDS) guest.host.hyperv.drain(relid, true);
    });

  test('waits 10 s for its rings, then stays in service with its queues stopped: ETIMEDOUT', () => {
    const guest = full(boot());
    const nic = guest.nic(13);
    const before = guest.now;
    expect(() => guest.setChannels(13, 2)).toThrow(/ETIMEDOUT/);
    expect(guest.now - before).toBeGreaterThanOrEqual(10_000_000_000);
    expect(guest.now - before).toBeLessThan(10_010_000_000);
    expect(lines(guest)).toEqual(['Ring buffer not empty after closing rndis']);
    expect([nic.adapter.channels, nic.isUp, nic.receive()]).toEqual([4, true, 0]);
    // What is sent now waits; nothing but the interface's going down and up again lets it go on.
    drainAt(guest, guest.now + 1000);
    nic.transmit({ count: 3 });
    guest.run({ ms: 100 });
    expect([nic.transmitted, nic.dropped]).toEqual([16, 0]);
    nic.down();
    nic.up();
    nic.transmit({ count: 2 });
    guest.run({ ms: 100 });
    expect([nic.transmitted, nic.dropped, nic.receive()]).toEqual([18, 3, 1]);
  });

  test('waits until the host reads again, and what is sent meanwhile waits too', () => {
    const guest = full(boot());
    const nic = guest.nic(13);
    const before = guest.now;
    // The fourth queue is gone afterwards, and what waits in it.
    guest.at(before + 100_000_000, () => {
      nic.send(5, flowOf(1), 1514);
      nic.send(7, flowOf(3), 1514);
    });
    drainAt(guest, before + 1_000_000_000);
    guest.setChannels(13, 2);
    expect(guest.now - before).toBeLessThan(1_100_000_000);
    guest.run({ ms: 100 });
    expect([nic.transmitted, nic.dropped, nic.receive()]).toEqual([21, 7, 1]);
    expect(lines(guest)).toEqual([]);
  });

  test('waits for nothing while its interface is down', () => {
    const guest = boot();
    guest.nic(13).down();
    const before = guest.now;
    guest.setChannels(13, 2);
    expect(guest.now - before).toBeLessThan(10_000_000);
    expect(lines(guest)).toEqual([]);
  });

  test('keeps no more frames than a queue holds', () => {
    const guest = full(boot(), 0);
    const nic = guest.nic(13);
    for (let flow = 0; flow < 16; flow++) nic.transmit({ flow });
    guest.at(guest.now + 10_000_000, () => nic.send(1200, flowOf(0), 1514));
    drainAt(guest, guest.now + 20_000_000);
    guest.setChannels(13, 2);
    guest.run({ ms: 100 });
    expect([nic.transmitted, nic.dropped]).toEqual([1016, 200]);
  });

  test('fails a suspend with ETIMEDOUT, and the devices before it are resumed', () => {
    const guest = full(boot());
    expect(() => guest.suspend()).toThrow(/ETIMEDOUT/);
    expect(lines(guest)).toEqual(['Ring buffer not empty after closing rndis']);
    expect(guest.channel(13).state).toBe('opened');
    drainAt(guest, guest.now + 1000);
    guest.run({ ms: 10 });
    guest.suspend();
    guest.resume();
    // The relids count on.
    expect(guest.nic(19).receive()).toBe(1);
  });

  test.each(['6.1', '6.12', '7.2'] as const)(
    'closes its filter before all else and opens it last, on Linux %s',
    (kernel) => {
      const guest = Guest.create({
        cpus: 4,
        kernel,
        devices: [{ driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] }],
      });
      const nic = guest.nic(13);
      let reached = 0;
      const before = guest.now;
      // Frames come until the host has been asked to let none through, and when all else is done.
      for (let us = 0; us < 2000; us += 5)
        guest.at(before + us * 1000, () => {
          if (nic.deliver(1, us, 100) > 0) reached += 1;
        });
      guest.setChannels(13, 2);
      expect(nic.adapter.attached).toBe(true);
      guest.run({ ms: 10 });
      expect(reached).toBeGreaterThan(0);
      expect(nic.received).toBe(reached);
    },
  );
});

test('scenarios have all three as actions', () => {
  const scenario = parseScenario(
    `cpus: 4
devices: [{driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]}]
timeline:
  - {at: 1s, indirection: {relid: 13, equal: 2}}
  - {indirection: {relid: 13, weights: [1, 1, 1, 1, 1]}, expect: EINVAL}
  - {channels: {relid: 13, count: 1}, expect: EINVAL}
  - {ifdown: 13}
  - {ifup: 13}
  - {indirection: {relid: 13, default: true}}
`,
    'actions.yaml',
  );
  const { steps } = runScenarioOn(Guest.create(scenario.guest), scenario);
  expect(steps.map(({ outcome }) => outcome)).toEqual(steps.map(() => 'ok'));
});

test.each([1, 2, 3, 5])(
  'an adapter that is unbound %i times while its sub-channels come is bound again',
  (times) => {
    const instance = '11111111-2222-3333-4444-555555555555';
    const nic = { driver: 'netvsc', relid: 13, channels: 3, subChannels: [16, 17, 18], instance } as const;
    const guest = Guest.create({ cpus: 4, kernel: '6.12', devices: [nic] });
    const { fs } = guest;
    for (let i = 0; i < times; i++) {
      fs.writeFile('/sys/bus/vmbus/drivers/hv_netvsc/unbind', instance);
      fs.writeFile('/sys/bus/vmbus/drivers/hv_netvsc/bind', instance);
    }
    guest.run({ ms: 100 });
    expect(guest.nic(13).adapter.channels).toBe(3);
    expect(guest.nic(13).receive()).toBe(1);
    expect(fs.readdir('/sys/class/net')).toEqual(['eth0']);
  },
);

describe('an interface that user space leaves alone', () => {
  test.each([
    ['6.1', 1],
    ['6.12', 4],
    ['6.18', 2],
    ['7.2', 3],
  ] as const)('Linux %s, %i channels: is there, and down until somebody brings it up', (kernel, channels) => {
    const nic = { driver: 'netvsc', relid: 13, channels, subChannels: [16, 17, 18] } as const;
    const down = Guest.create({ cpus: 4, kernel, devices: [{ ...nic, up: false }] });
    const up = Guest.create({ cpus: 4, kernel, devices: [nic] });
    expect([down.nic(13).isUp, up.nic(13).isUp]).toEqual([false, true]);
    expect(down.fs.readdir('/sys/class/net')).toEqual(['eth0']);
    // RNDIS_FILTER: request and answer
    expect(up.irq(up.channel(13).irq).total - down.irq(down.channel(13).irq).total).toBe(2);
    down.nic(13).receive({ count: 5 });
    down.run({ ms: 1 });
    expect(down.nic(13).received).toBe(0);
    down.nic(13).up();
    expect(down.irq(down.channel(13).irq).total).toBe(up.irq(up.channel(13).irq).total);
    down.nic(13).receive({ count: 5 });
    down.run({ ms: 1 });
    expect(down.nic(13).received).toBe(5);
  });

  test('in a scenario', () => {
    const scenario = parseScenario(
      `cpus: 2
devices: [{driver: netvsc, relid: 13, up: false}]
timeline:
  - {at: 1s, read: /proc/irq/24/spurious, contains: "count"}
  - {ifup: 13}
  - {ifdown: 13}
`,
      'down.yaml',
    );
    const guest = Guest.create(scenario.guest);
    expect(guest.nic(13).isUp).toBe(false);
    const { steps } = runScenarioOn(guest, scenario);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
    expect(() =>
      parseScenario('cpus: 1\ndevices: [{driver: storvsc, relid: 1, up: false}]\n', 'a.yaml'),
    ).toThrow(/a\.yaml:2:/);
  });

  test('that goes before user space had RTNL is no fault', () => {
    const guest = Guest.create({ cpus: 2 });
    guest.host.misbehave({ what: 'packet', relid: 40, nth: 2, deed: 'delay', byNs: 5_000_000 });
    guest.host.offer({ driver: 'netvsc', relid: 40 });
    guest.host.rescind(40);
    guest.run({ seconds: 1 });
    expect(guest.fs.readdir('/sys/class/net')).toEqual([]);
    expect(guest.machine.liveTasks).toBe(0);
  });
});
