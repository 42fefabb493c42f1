import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { offeredDevices } from '../../src/scenario/offered-devices.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

const example = 'azure-d16s-an.yaml';
const text = readFileSync(new URL(`../../examples/${example}`, import.meta.url), 'utf8');
const scenario = parseScenario(text, example);
const NIC = 11;
const BUSES = '/sys/bus/vmbus/devices';

function boot(): Guest {
  return Guest.create(scenario.guest);
}

/** Names of the interrupts whose chip is one of passed-through devices, with their numbers. */
function passedThrough(guest: Guest): string[] {
  const rows = guest.procInterrupts().matchAll(/Hyper-V PCIe MSI (\d+)-edge +(\S+)$/gm);
  return [...rows].map(([, hwirq, name]) => `${hwirq} ${name}`);
}

/** What lsvmbus -vv makes of sysfs: the class, the relids and CPUs of each device. */
function lsvmbus({ fs }: Guest): { id: number; classId: string; channels: string[] }[] {
  const devices = fs.readdir(BUSES).map((name) => {
    const read = (file: string): string => fs.readFile(`${BUSES}/${name}/${file}`).trim();
    expect(read('device_id')).toBe(`{${name}}`);
    return {
      id: Number(read('id')),
      classId: read('class_id'),
      channels: read('channel_vp_mapping').split('\n'),
    };
  });
  return devices.sort((a, b) => a.id - b.id);
}

test('its timeline turns out as it says', () => {
  const guest = boot();
  const { steps } = runScenarioOn(guest, scenario);
  expect(steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  const { vf, received, transmitted, dropped } = guest.nic(NIC);
  expect(received + vf.received).toBe(40_000);
  expect(transmitted + vf.transmitted).toBe(20_000);
  expect(dropped).toBe(0);
  // A second of four it had to do without the function.
  expect(vf.received).toBeGreaterThan(28_000);
  expect(received).toBeGreaterThan(9_000);
});

describe('the machine of the example', () => {
  test('has the rows of such a VM: domain, slot and vector in the numbers', () => {
    const guest = boot();
    const rows = passedThrough(guest);
    const mlx5 = 0xb5d9 * 2 ** 27 + 2 * 2 ** 14;
    const nvme = 0x6f36 * 2 ** 27;
    expect(rows).toHaveLength(34);
    expect(rows).toContain(`${mlx5} mlx5_async0@pci:b5d9:00:02.0`);
    expect(rows).toContain(`${mlx5 + 16} mlx5_comp15@pci:b5d9:00:02.0`);
    expect(rows).toContain(`${nvme} nvme0q0`);
    expect(rows).toContain(`${nvme + 16} nvme0q16`);
  });

  test('is what lsvmbus shows of it', () => {
    const shown = lsvmbus(boot());
    expect(shown.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    const byId = (id: number) => shown.find((device) => device.id === id);
    expect(byId(12)?.classId).toBe('{44c4f61d-4444-4400-9d52-802e27ede19f}');
    const relids = byId(NIC)?.channels.map((pair) => Number(pair.split(':')[0]));
    expect(relids).toEqual([11, 20, 21, 22, 23, 24, 25, 26]);
    const cpus = new Set(byId(NIC)?.channels.map((pair) => pair.split(':')[1]));
    expect(cpus.size).toBe(8);
  });

  test('leads from each name to its GUID, as scripts go', () => {
    const { fs } = boot();
    const guidOf = (path: string): string | undefined =>
      /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(path)?.[0];
    expect(guidOf(fs.readlink('/sys/class/net/eth0'))).toBe('000d3a03-1646-000d-3a03-1646000d3a03');
    expect(guidOf(fs.readlink('/sys/class/scsi_host/host1'))).toBe('f8b3781b-1e82-4818-a1c3-63d806ec15bb');
    expect(guidOf(fs.readlink('/sys/class/nvme/nvme0'))).toBe('1e4e9b7c-6f36-4b1f-8e0b-3c2f5d0a9f41');
    expect(guidOf(fs.readlink('/sys/class/net/eth1'))).toBe('9e1c35d4-b5d9-4d2c-9a60-2f6e1c7b8a90');
  });

  test('lets a CPU go when its channels have been moved; managed interrupts sleep, others move', () => {
    const guest = boot();
    const cpu = 5;
    expect(() => guest.cpu(cpu).offline()).toThrow(ErrnoError);
    for (const channel of guest.vmbus.connection.channels())
      if (channel.targetCpu === cpu) guest.channel(channel.relid).setCpu(0);
    guest.cpu(cpu).offline();
    const [own] = guest.pci.device('nvme0').queues.filter(({ name }) => name === `nvme0q${cpu + 1}`);
    expect(guest.irqCore.desc(own.irq ?? 0)?.data.affinity.first()).toBe(cpu);
    for (const { irq = 0 } of guest.pci.names.flatMap((name) =>
      name === 'mlx50' ? [...guest.pci.device(name).queues] : [],
    )) {
      guest.irq(irq).raise();
      guest.irq(irq).raise();
      expect(guest.irqCore.desc(irq)?.data.effectiveAffinity.has(cpu)).toBe(false);
    }
    expect(guest.fs.readFile('/sys/bus/pci/devices/b5d9:00:02.0/local_cpulist')).toBe('0-4,6-15\n');
    guest.cpu(cpu).online();
    expect(guest.fs.readFile('/sys/bus/pci/devices/b5d9:00:02.0/local_cpulist')).toBe('0-15\n');
  });

  test('gives no interrupt of the function back twice, and loses none, over ten servicings', () => {
    const guest = boot();
    const [first] = offeredDevices(scenario.guest.devices ?? [])
      .flat()
      .filter(({ relid }) => relid === 13);
    const before = passedThrough(guest);
    let relid = 13;
    for (let i = 0; i < 10; i++) {
      guest.host.rescind(relid);
      expect(passedThrough(guest)).toHaveLength(17);
      relid = 30 + i;
      guest.host.offer({ ...first, relid });
      guest.run({ ms: 200 });
      expect(guest.nic(NIC).vf.isActive).toBe(true);
    }
    expect(passedThrough(guest).sort()).toEqual(before.sort());
  });
});
