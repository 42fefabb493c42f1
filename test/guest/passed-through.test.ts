import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { PciBackend } from '../../src/host/backends/pci.js';
import type { HostBackend } from '../../src/host/device.js';
import { PCI, pciWord } from '../../src/host/protocols/pci.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import type { PciDeviceOptions } from '../../src/scenario/options/pci.js';

const INSTANCE = '6041f3c4-7870-407c-b56f-985d03d32ca3';
const mana: PciDeviceOptions = { driver: 'mana', queues: 4 };

function guestWith(functions: readonly PciDeviceOptions[], options: Partial<GuestOptions> = {}): Guest {
  const devices = [{ driver: 'vpci', relid: 30, instance: INSTANCE, functions }] as const;
  return Guest.create({ cpus: 4, kernel: '6.12', devices, ...options });
}

function backendOf(guest: Guest): PciBackend {
  const backend = guest.host.hyperv.devices[0].backend;
  if (backend instanceof PciBackend) return backend;
  throw new Error('no PCI backend');
}

/** Messages that the host has for the guest's functions. */
function made(guest: Guest): number {
  const [device] = guest.host.hyperv.devices;
  return backendOf(guest).bus(device).interrupts;
}

/** Types of the packets that the host of the bus reads from now on. */
function listen(guest: Guest): number[] {
  const backend: HostBackend = backendOf(guest);
  const seen: number[] = [];
  const read = backend.packet?.bind(backend);
  backend.packet = (channel, packet, services) => {
    seen.push(pciWord(packet.payload, 0));
    read?.(channel, packet, services);
  };
  return seen;
}

function rows(guest: Guest): string[] {
  return guest
    .procInterrupts()
    .split('\n')
    .filter((line) => line.includes('@pci:') || line.includes('nvme'))
    .map((line) =>
      line
        .trim()
        .replace(/^\d+:\s+/, '')
        .replace(/ {2,}/g, ' '),
    );
}

describe('functions behind a VMBus device', () => {
  test.each([
    ['6.1', 'Hyper-V PCIe MSI 4141342720000-edge mana_q0@pci:7870:00:00.0'],
    ['7.2', 'HV-PCI-MSIX-7870:00:00.0 1-edge mana_q0@pci:7870:00:00.0'],
  ] as const)('on %s their rows have the names of that kernel', (kernel, row) => {
    const guest = guestWith([mana], { kernel });
    const found = rows(guest)[1]?.replace(/^(\d+ )+/, '');
    const domain = 0x7870 * 2 ** 27 + 1;
    expect(found).toBe(row.replace('4141342720000', String(domain)));
  });

  test('each has one message on the host, made anew when its line is requested', () => {
    const guest = guestWith([mana]);
    expect(made(guest)).toBe(5);
  });

  test('an interrupt goes where the host was told at the last unmask', () => {
    const guest = guestWith([{ driver: 'msix', names: ['a'] }]);
    const irq = [...guest.irqCore.descs()].find(({ action }) => action?.name === 'a')?.irq ?? 0;
    guest.irq(irq).raise();
    guest.irq(irq).setAffinity('3');
    guest.irq(irq).raise();
    guest.irq(irq).raise();
    expect(guest.irqCore.desc(irq)?.cold.kstat[3]).toBe(1);
  });

  test.each([
    ['1.1', PCI.CREATE_INTERRUPT_MESSAGE],
    ['1.2', PCI.CREATE_INTERRUPT_MESSAGE2],
    ['1.3', PCI.CREATE_INTERRUPT_MESSAGE2],
    ['1.4', PCI.CREATE_INTERRUPT_MESSAGE3],
  ] as const)('a host of version %s is asked in its message', (version, type) => {
    const guest = guestWith([mana], { host: { pci: { version } } });
    guest.fs.writeFile('/sys/bus/vmbus/drivers/hv_pci/unbind', INSTANCE);
    const seen = listen(guest);
    guest.fs.writeFile('/sys/bus/vmbus/drivers/hv_pci/bind', INSTANCE);
    expect(rows(guest)).toHaveLength(5);
    expect(seen.filter((one) => one === type)).toHaveLength(10);
    expect(seen.filter((one) => one === PCI.DELETE_INTERRUPT_MESSAGE)).toHaveLength(5);
  });

  test('a rescind takes them and their interrupts away', () => {
    const guest = guestWith([mana, { driver: 'nvme', queues: 4 }]);
    expect(rows(guest)).toHaveLength(10);
    guest.host.rescind(30);
    expect(rows(guest)).toEqual([]);
    expect(guest.pci.names).toEqual([]);
    expect(guest.irqCore.domains.filter(({ name }) => name.includes('7870'))).toEqual([]);
    guest.host.offer({ driver: 'vpci', relid: 31, instance: INSTANCE, functions: [mana] });
    expect(rows(guest)).toHaveLength(5);
  });

  test('the host has a function ejected: its driver goes, then the guest says so', () => {
    const guest = guestWith([mana, { driver: 'nvme', queues: 2 }]);
    const seen = listen(guest);
    guest.lines.unplugPci('mana0');
    expect(seen).toEqual([...new Array(5).fill(PCI.DELETE_INTERRUPT_MESSAGE), PCI.EJECTION_COMPLETE]);
    expect(guest.pci.names).toEqual(['nvme0']);
    expect(made(guest)).toBe(3);
  });

  test('one that comes to a bus in service has a driver when its user has it looked for', () => {
    const guest = guestWith([mana]);
    const name = guest.lines.plugPci({ driver: 'nvme', instance: INSTANCE });
    expect(name).toBe('7870:00:01.0');
    expect(guest.pci.names).toEqual(['mana0']);
    guest.fs.writeFile('/sys/bus/pci/rescan', '1');
    expect(guest.pci.names).toEqual(['mana0', 'nvme0']);
  });

  test('after a sleep all messages are made anew, and interrupts come', () => {
    const guest = guestWith([mana]);
    const before = rows(guest).length;
    guest.suspend();
    guest.resume();
    expect(rows(guest)).toHaveLength(before);
    expect(made(guest)).toBe(5);
    const queue = guest.pci.device('mana0').queues[0];
    guest.irq(queue.irq ?? 0).raise();
    expect(guest.irqCore.desc(queue.irq ?? 0)?.totCount).toBe(1);
  });
});

describe('lines of a scenario that are those of a passed-through function', () => {
  const NUMBER = 0x7870 * 2 ** 27;

  test.each([
    ['its name', { chip: 'Hyper-V PCIe MSI', hwirq: 0, name: 'mlx5_async0@pci:7870:00:02.0' }, true],
    ['its number', { chip: 'Hyper-V PCIe MSI', hwirq: NUMBER + 4097, name: 'nvme0q1' }, true],
    ['its chip', { chip: 'HV-PCI-MSIX-7870:00:02.0', hwirq: 1, name: 'nvme0q1' }, true],
    ['another domain', { chip: 'Hyper-V PCIe MSI', hwirq: 0, name: 'mlx5_async0@pci:7871:00:02.0' }, false],
    ['another bus', { chip: 'PCI-MSI', hwirq: 0, name: 'mlx5_async0@pci:7870:00:02.0' }, false],
  ] as const)('go with the bus, told by %s', (_by, line, goes) => {
    const interrupts = [{ irq: 60, flow: 'edge', ...line }] as const;
    const devices = [{ driver: 'vpci', relid: 30, instance: INSTANCE }] as const;
    const guest = Guest.create({ cpus: 2, kernel: '6.12', devices, interrupts });
    const isShown = (): boolean => guest.procInterrupts().includes(line.name);
    expect(isShown()).toBe(true);
    guest.host.rescind(30);
    expect(isShown()).toBe(!goes);
  });
});
