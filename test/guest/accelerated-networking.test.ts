import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';

// drivers/net/hyperv/netvsc_drv.c, netvsc.c of 7.2.

const NIC = '11111111-2222-3333-4444-555555555555';
const BUS = '47505500-7870-0000-3130-444531444234';
const vf = { driver: 'vpci', relid: 30, instance: BUS } as const;
const functions = [{ driver: 'mana', queues: 4, serial: 2 }] as const;

function boot(options: Partial<GuestOptions> = {}): Guest {
  const devices = [
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18], instance: NIC, vf: 2 },
    { ...vf, functions },
  ] as const;
  return Guest.create({ cpus: 4, kernel: '6.12', devices, ...options });
}

/** What the log says of the adapter's interface. */
function said(guest: Guest): string[] {
  const prefix = `hv_netvsc ${NIC} `;
  return guest.log.flatMap(({ text }) => (text.startsWith(prefix) ? [text.slice(prefix.length)] : []));
}

function manaCount(guest: Guest): number {
  return guest.pci.device('mana0').queues.reduce((sum, { irq = 0 }) => sum + (guest.irqCount(irq) ?? 0), 0);
}

function channelCount(guest: Guest): number {
  return [13, 16, 17, 18].reduce((sum, relid) => sum + guest.channel(relid).interrupts, 0);
}

const joining = ['eth0: VF registering: eth1', 'eth0: Data path switched to VF: eth1'];
/** The host says so before the interface has its name. */
const booting = ['(unnamed net_device) (uninitialized): VF slot 2 added', ...joining];
const leaving = [
  'eth0: VF slot 2 removed',
  'eth0: Data path switched from VF: eth1',
  'eth0: VF unregistering: eth1',
];

describe('a virtual function beside its adapter', () => {
  test('joins it by its serial number, and has its frames', () => {
    const guest = boot();
    expect(said(guest)).toEqual(booting);
    const before = channelCount(guest);
    const nic = guest.nic(13);
    for (let flow = 0; flow < 8; flow++) {
      nic.receive({ flow });
      nic.transmit({ flow });
    }
    guest.run({ ms: 10 });
    expect(nic.vf).toEqual({ isActive: true, transmitted: 8, received: 8 });
    expect(manaCount(guest)).toBe(16);
    expect(channelCount(guest)).toBe(before);
  });

  test.each([
    ['ejected', (guest: Guest) => guest.lines.unplugPci('mana0'), [leaving[0], leaving[1], leaving[2]]],
    ['rescinded with its bus', (guest: Guest) => guest.host.rescind(30), leaving],
    [
      'unbound',
      (guest: Guest) => guest.fs.writeFile('/sys/bus/vmbus/drivers/hv_pci/unbind', BUS),
      leaving.slice(1),
    ],
  ] as const)('gives them back when it is %s, and the channels carry them', (_how, remove, log) => {
    const guest = boot();
    remove(guest);
    expect(said(guest)).toEqual([...booting, ...log]);
    const before = channelCount(guest);
    const nic = guest.nic(13);
    expect(nic.receive({ count: 10, flow: 3 })).toBe(10);
    nic.transmit({ count: 10, flow: 3 });
    guest.run({ ms: 10 });
    expect([nic.transmitted, nic.received, nic.vf.isActive]).toEqual([10, 10, false]);
    expect(channelCount(guest)).toBeGreaterThan(before);
    expect(guest.fs.readdir('/sys/class/net')).toEqual(['eth0']);
  });

  test('comes again, as after the servicing of a host', () => {
    const guest = boot();
    guest.host.rescind(30);
    guest.host.offer({ ...vf, relid: 31, functions });
    expect(said(guest)).toEqual([...booting, ...leaving, 'eth0: VF slot 2 added', ...joining]);
    expect(guest.nic(13).vf.isActive).toBe(true);
  });

  test('that is taken away under load costs no frame that the channels could carry', () => {
    const guest = boot();
    const nic = guest.nic(13);
    let received = 0;
    let sent = 0;
    for (let i = 0; i < 300; i++) {
      if (i === 100) guest.host.rescind(30);
      if (i === 200) guest.host.offer({ ...vf, relid: 31, functions });
      received += nic.receive({ flow: i });
      nic.transmit({ flow: i });
      sent += 1;
      guest.run({ us: 50 });
    }
    guest.run({ ms: 10 });
    expect([received, sent]).toEqual([300, 300]);
    expect(nic.received + nic.vf.received).toBe(300);
    expect(nic.transmitted + nic.vf.transmitted).toBe(300);
    expect(nic.vf.received).toBe(200);
    expect(nic.dropped).toBe(0);
  });

  test('with another serial number belongs to nobody', () => {
    const devices = [
      { driver: 'netvsc', relid: 13, instance: NIC, vf: 2 },
      { ...vf, functions: [{ driver: 'mana', queues: 4, serial: 3 }] },
    ] as const;
    const guest = boot({ devices });
    expect(said(guest)).toEqual([]);
    expect(guest.log.map(({ text }) => text)).toContain(
      'mana 7870:00:00.0 eth1: no netdev found for vf serial:3',
    );
    expect(guest.nic(13).receive()).toBe(1);
  });

  test('that is there first is found by the adapter', () => {
    const devices = [
      { ...vf, functions },
      { driver: 'netvsc', relid: 13, instance: NIC, vf: 2 },
    ] as const;
    const guest = boot({ devices });
    guest.fs.writeFile('/sys/bus/vmbus/drivers/hv_netvsc/unbind', NIC);
    guest.fs.writeFile('/sys/bus/vmbus/drivers/hv_netvsc/bind', NIC);
    guest.run({ seconds: 1 });
    expect(guest.nic(13).vf.isActive).toBe(true);
  });

  test('and its adapter show one address, and each its own device', () => {
    const { fs } = boot();
    const address = (name: string): string => fs.readFile(`/sys/class/net/${name}/address`);
    expect(address('eth0')).toBe('00:0d:3a:00:00:02\n');
    expect(address('eth1')).toBe(address('eth0'));
    expect(fs.readFile('/sys/class/net/eth1/device/vendor')).toBe('0x1414\n');
    expect(fs.readFile('/sys/class/net/eth0/device/vendor')).toBe('0x1414\n');
    expect(fs.readdir('/sys/bus/pci/devices/7870:00:00.0/net')).toEqual(['eth1']);
  });

  test('of Mellanox is one as well', () => {
    const devices = [
      { driver: 'netvsc', relid: 13, instance: NIC, vf: 1 },
      { ...vf, functions: [{ driver: 'mlx5', queues: 4, bdf: '7870:00:02.0' }] },
    ] as const;
    const guest = boot({ devices });
    expect(guest.nic(13).vf.isActive).toBe(true);
    const rows = guest.procInterrupts().match(/mlx5_\S+/g);
    expect(rows).toEqual([
      'mlx5_async0@pci:7870:00:02.0',
      ...[0, 1, 2, 3].map((i) => `mlx5_comp${i}@pci:7870:00:02.0`),
    ]);
    expect(guest.fs.readFile('/sys/bus/pci/slots/1/address')).toBe('7870:00:02\n');
  });
});
