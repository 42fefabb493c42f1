import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { MachinePicture } from '../../src/steer/machine-picture.js';

const options: GuestOptions = {
  cpus: { present: 4, nodes: 2 },
  devices: [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'netvsc', relid: 13, channels: 2, subChannels: [14] },
  ],
  interrupts: [
    { irq: 8, chip: 'IO-APIC', flow: 'edge', name: 'rtc0', counts: { 1: 5 } },
    { irq: 9, chip: 'IO-APIC', flow: 'fasteoi', name: 'acpi' },
  ],
};

describe('the rows', () => {
  test.each(['examples/rfc-gen2-8vcpu.yaml', 'examples/arm64-4vcpu.yaml', 'examples/azure-d16s-an.yaml'])(
    'of %s are those of /proc/interrupts, and so are their counters',
    async (file) => {
      const { Guest: NodeGuest } = await import('../../src/index.js');
      const guest = NodeGuest.load(file);
      guest.run({ seconds: 1 });
      const picture = new MachinePicture(guest);
      const { rows, cpus } = picture.frame();
      const table = guest.interrupts.table();
      expect(rows.map(({ label }) => label)).toEqual(
        table.rows.map((row) => (row.kind === 'irq' ? String(row.irq) : row.label)),
      );
      const window = { firstRow: 0, rows: rows.length, firstCpu: 0, cpus: cpus.length };
      const counts = picture.counts(window);
      const totals = picture.totals(window);
      for (const [at, row] of table.rows.entries()) {
        if (row.kind === 'total') continue;
        const shown = [...counts.subarray(at * cpus.length, (at + 1) * cpus.length)];
        if (row.counts.length > 0) expect(table.cpus.map((cpu) => shown[cpu])).toEqual(row.counts);
        expect(totals[at]).toBe(shown.reduce((sum, count) => sum + count, 0));
      }
    },
  );

  test('say where lines go, and whose they are', () => {
    const guest = Guest.create(options);
    const { rows, cpus } = new MachinePicture(guest).frame();
    expect(cpus.map(({ node }) => node)).toEqual([0, 0, 1, 1]);
    expect(rows.find(({ irq }) => irq === 8)).toMatchObject({
      name: 'rtc0',
      chip: 'IO-APIC 8 edge',
      affinity: '0-3',
    });
    const { irq = 0 } = guest.channel(14);
    guest.irq(irq).setAffinity('2-3');
    expect(new MachinePicture(guest).frame().rows.find((row) => row.irq === irq)).toMatchObject({
      name: 'netvsc',
      affinity: '2-3',
      effective: '2',
      channel: { relid: 14, primary: 13, driver: 'hv_netvsc', channels: 2, canSetChannels: true },
    });
    expect(rows.find(({ channel }) => channel?.relid === 7)?.channel).toMatchObject({
      driver: 'hv_utils',
      canSetChannels: false,
    });
  });

  test('are there for channels that have no line, with the interrupts that came to them', () => {
    const guest = Guest.create({ ...options, design: 'mainline' });
    guest.host.signal(7);
    const picture = new MachinePicture(guest);
    const { rows } = picture.frame();
    const at = rows.findIndex(({ channel }) => channel?.relid === 7);
    expect(rows[at]).toMatchObject({ label: 'relid 7', chip: 'VMBus, no line' });
    expect(rows[at]?.irq).toBeUndefined();
    expect(picture.totals({ firstRow: at, rows: 1 })[0]).toBe(guest.channel(7).interrupts);
    expect(guest.channel(7).interrupts).toBeGreaterThan(0);
  });
});

test('a channel that moves is at its old CPU until the host has followed', () => {
  const guest = Guest.create({ ...options, host: { latency: { modifyChannelNs: 1_000_000 } } });
  const picture = new MachinePicture(guest);
  const at = picture.frame().rows.findIndex(({ channel }) => channel?.relid === 7);
  const now = () => picture.channels({ firstRow: at, rows: 1 })[0];
  expect(now()).toMatchObject({ row: at, cpu: 0, hostCpu: 0 });
  guest.irq(guest.channel(7).irq).setAffinity('3');
  expect(now()).toMatchObject({ cpu: 3, hostCpu: 0 });
  guest.run({ ms: 2 });
  expect(now()).toMatchObject({ cpu: 3, hostCpu: 3 });
  guest.host.rescind(7);
  expect(picture.channels({ firstRow: 0, rows: 1000 }).some(({ row }) => row === at)).toBe(false);
});

test('a part has zeros beyond the edges of the machine, and offline CPUs keep their counts', () => {
  const guest = Guest.create(options);
  const picture = new MachinePicture(guest);
  const at = picture.frame().rows.findIndex(({ irq }) => irq === 8);
  expect([...picture.counts({ firstRow: at, rows: 1, firstCpu: 1, cpus: 5 })]).toEqual([5, 0, 0, 0, 0]);
  guest.cpu(1).offline();
  expect(picture.frame().cpus.map(({ isOnline }) => isOnline)).toEqual([true, false, true, true]);
  expect([...picture.counts({ firstRow: at, rows: 1, firstCpu: 0, cpus: 2 })]).toEqual([0, 5]);
  expect([...picture.counts({ firstRow: 9999, rows: 1, firstCpu: 0, cpus: 2 })]).toEqual([0, 0]);
});

test('one number for the whole machine is a total', () => {
  const { guest: options10 } = parseScenario('cpus: 2\nkernel: "6.10"', 'total.yaml');
  const guest = Guest.create(options10);
  const { rows } = new MachinePicture(guest).frame();
  expect(rows.find(({ label }) => label === 'ERR')).toEqual({
    label: 'ERR',
    name: '',
    chip: '',
    isTotal: true,
  });
});
