import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';

// drivers/pci/pci-sysfs.c, drivers/pci/slot.c, net/core/net-sysfs.c, drivers/scsi/scsi_sysfs.c.

const INSTANCE = '47505500-7870-0000-3130-444531444234';
const DEVICES = '/sys/bus/pci/devices';
const VF = `${DEVICES}/7870:00:00.0`;

const options: GuestOptions = {
  cpus: { present: 4, nodes: 2 },
  kernel: '6.12',
  devices: [
    { driver: 'netvsc', relid: 13, instance: '11111111-2222-3333-4444-555555555555' },
    { driver: 'storvsc', relid: 7, scsiHost: 3, instance: '21111111-2222-3333-4444-555555555555' },
    {
      driver: 'vpci',
      relid: 30,
      instance: INSTANCE,
      functions: [
        { driver: 'mana', queues: 2, serial: 2, node: 1 },
        { driver: 'nvme', queues: 2 },
      ],
    },
  ],
  pci: [{ driver: 'nvme', queues: 2 }],
};

function reader(guest: Guest) {
  return (path: string): string => guest.fs.readFile(path).trim();
}

describe('/sys/bus/pci', () => {
  test('lists functions behind VMBus and those of the machine, each where it is', () => {
    const guest = Guest.create(options);
    expect(guest.fs.readdir(DEVICES)).toEqual(['0000:00:04.0', '7870:00:00.0', '7870:00:01.0']);
    expect(guest.fs.readlink(VF)).toBe(
      `../../../devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/${INSTANCE}/pci7870:00/7870:00:00.0`,
    );
    expect(guest.fs.readlink(`${DEVICES}/0000:00:04.0`)).toBe('../../../devices/pci0000:00/0000:00:04.0');
    expect(guest.fs.readdir('/sys/devices/pci0000:00')).toEqual(['0000:00:04.0']);
    expect(guest.fs.readdir(`/sys/bus/vmbus/devices/${INSTANCE}/pci7870:00`)).toEqual([
      '7870:00:00.0',
      '7870:00:01.0',
    ]);
  });

  test('says what a function is, and where it is near', () => {
    const read = reader(Guest.create(options));
    expect(read(`${VF}/class`)).toBe('0x020000');
    expect([read(`${VF}/vendor`), read(`${VF}/device`)]).toEqual(['0x1414', '0x00ba']);
    expect([read(`${VF}/numa_node`), read(`${VF}/local_cpulist`), read(`${VF}/local_cpus`)]).toEqual([
      '1',
      '2-3',
      'c',
    ]);
    const other = `${DEVICES}/0000:00:04.0`;
    expect([read(`${other}/numa_node`), read(`${other}/local_cpulist`)]).toEqual(['-1', '0-3']);
    expect(read(`${VF}/uevent`).split('\n')).toEqual([
      'DRIVER=mana',
      'PCI_CLASS=20000',
      'PCI_ID=1414:00BA',
      'PCI_SUBSYS_ID=1414:0000',
      'PCI_SLOT_NAME=7870:00:00.0',
      'MODALIAS=pci:v00001414d000000BAsv00001414sd00000000bc02sc00i00',
    ]);
    expect(read('/sys/bus/pci/slots/2/address')).toBe('7870:00:00');
  });

  test('a node that the host names and the machine has not is node 0 (hv_pci_assign_numa_node)', () => {
    const functions = [{ driver: 'nvme', node: 7 }] as const;
    const devices = [{ driver: 'vpci', relid: 30, instance: INSTANCE, functions }] as const;
    expect(reader(Guest.create({ ...options, devices }))(`${VF}/numa_node`)).toBe('0');
  });

  test('msi_irqs has the vectors that /proc/interrupts shows; local CPUs are those online', () => {
    const guest = Guest.create(options);
    const read = reader(guest);
    const irqs = guest.fs.readdir(`${VF}/msi_irqs`);
    const rows = guest.procInterrupts().matchAll(/^ *(\d+):.*@pci:7870:00:00\.0$/gm);
    expect(irqs).toEqual([...rows].map(([, irq]) => irq));
    expect(irqs).toHaveLength(3);
    expect(read(`${VF}/msi_irqs/${irqs[0]}`)).toBe('msix');
    expect(read(`${VF}/irq`)).toBe('0');
    guest.cpu(3).offline();
    expect(read(`${VF}/local_cpulist`)).toBe('2');
  });

  test('what is taken away is gone everywhere', () => {
    const guest = Guest.create(options);
    guest.host.rescind(30);
    expect(guest.fs.readdir(DEVICES)).toEqual(['0000:00:04.0']);
    expect(guest.fs.readdir('/sys/bus/pci/drivers')).toEqual(['nvme']);
    expect(guest.fs.readdir('/sys/bus/pci/slots')).toEqual([]);
    expect(guest.fs.readdir('/sys/class/nvme')).toEqual(['nvme0']);
  });

  test('links between devices and drivers lead to each other', () => {
    const { fs } = Guest.create(options);
    expect(fs.readdir('/sys/bus/pci/drivers/nvme')).toEqual(['0000:00:04.0', '7870:00:01.0']);
    for (const name of fs.readdir(DEVICES)) {
      expect(fs.exists(`${DEVICES}/${name}/driver/${name}/vendor`)).toBe(true);
      expect(fs.exists(`${DEVICES}/${name}/subsystem/devices/${name}`)).toBe(true);
    }
  });

  test('rescan takes numbers only', () => {
    const { fs } = Guest.create(options);
    expect(() => fs.writeFile('/sys/bus/pci/rescan', 'yes')).toThrow(/EINVAL/);
    expect(() => fs.writeFile('/sys/bus/pci/rescan', '-1')).toThrow(/EINVAL/);
    fs.writeFile('/sys/bus/pci/rescan', '0');
  });
});

describe('/sys/class', () => {
  test('an interface leads to the GUID of its VMBus device, which shows the interface', () => {
    const { fs } = Guest.create(options);
    expect(fs.readlink('/sys/class/net/eth0/device')).toBe('../../../11111111-2222-3333-4444-555555555555');
    expect(fs.readFile('/sys/class/net/eth0/device/channel_vp_mapping')).toMatch(/^13:/);
    expect(fs.readdir('/sys/bus/vmbus/devices/11111111-2222-3333-4444-555555555555/net')).toEqual(['eth0']);
    expect(fs.readFile('/sys/class/net/eth0/uevent')).toBe('INTERFACE=eth0\nIFINDEX=2\n');
  });

  test('a SCSI host leads to its directory below the VMBus device', () => {
    const { fs } = Guest.create(options);
    expect(fs.readdir('/sys/class/scsi_host')).toEqual(['host3']);
    expect(fs.readlink('/sys/class/scsi_host/host3')).toMatch(
      /VMBUS:00\/21111111-2222-3333-4444-555555555555\/host3\/scsi_host\/host3$/,
    );
    expect(fs.exists('/sys/class/scsi_host/host3/device/scsi_host/host3')).toBe(true);
  });

  test('both go with their driver, and come again', () => {
    const { fs } = Guest.create(options);
    const unbind = (driver: string, instance: string) =>
      fs.writeFile(`/sys/bus/vmbus/drivers/${driver}/unbind`, instance);
    unbind('hv_netvsc', '11111111-2222-3333-4444-555555555555');
    unbind('hv_storvsc', '21111111-2222-3333-4444-555555555555');
    expect([fs.readdir('/sys/class/net'), fs.readdir('/sys/class/scsi_host')]).toEqual([['eth1'], []]);
    fs.writeFile('/sys/bus/vmbus/drivers/hv_netvsc/bind', '11111111-2222-3333-4444-555555555555');
    expect(fs.readFile('/sys/class/net/eth0/ifindex')).toBe('4\n');
  });
});
