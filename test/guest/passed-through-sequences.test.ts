import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../../src/guest/guest.js';
import { PciBackend } from '../../src/host/backends/pci.js';
import { ErrnoError } from '../../src/lib/errno.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import type { PciDeviceOptions } from '../../src/scenario/options/pci.js';
import { brokenInvariants } from './invariants.js';

// Random lives of a guest with accelerated networking and NVMe.

const CPUS = 4;
const RUNS = Math.ceil(Number(process.env['IRQLAB_RUNS'] ?? 100) / 5);
const NO_LIMIT_MS = 3_600_000;
const NIC = 13;
const BUS = 30;
const NIC_GUID = '11111111-2222-3333-4444-555555555555';
const BUS_GUID = '47505500-7870-0000-3130-444531444234';
const NIC_CLASS = 'f8615163-df3e-46c5-913f-f2d2f965ed0e';
const functions: readonly PciDeviceOptions[] = [
  { driver: 'mana', queues: 4, serial: 2 },
  { driver: 'nvme', queues: 4, serial: 3 },
];

type Operation = (guest: Guest) => void;

const nicOf = (guest: Guest) => {
  const channel = guest.vmbus.connection.relids.relid2channel(NIC);
  return channel === undefined ? undefined : guest.nic(NIC);
};
const busIsThere = (guest: Guest): boolean => guest.host.channel(BUS)?.state.kind === 'open';
const drivers = '/sys/bus/vmbus/drivers';

/** RangeError: there is nothing that it could be done to. */
const operations: readonly (readonly [string, Operation])[] = [
  ['rescind the bus', (guest) => busIsThere(guest) && guest.host.rescind(BUS)],
  [
    'offer the bus',
    (guest) =>
      guest.host.channel(BUS) === undefined &&
      guest.host.offer({ driver: 'vpci', relid: BUS, instance: BUS_GUID, functions }),
  ],
  ['eject the VF', (guest) => guest.lines.unplugPci('mana0')],
  ['eject NVMe', (guest) => guest.lines.unplugPci('nvme0')],
  [
    'plug NVMe',
    (guest) => busIsThere(guest) && guest.lines.plugPci({ driver: 'nvme', queues: 2, instance: BUS_GUID }),
  ],
  ['rescan', (guest) => guest.fs.writeFile('/sys/bus/pci/rescan', '1')],
  ['ifdown', (guest) => nicOf(guest)?.down()],
  ['ifup', (guest) => nicOf(guest)?.up()],
  ['two channels', (guest) => guest.setChannels(NIC, 2)],
  ['four channels', (guest) => guest.setChannels(NIC, 4)],
  ['table of two', (guest) => nicOf(guest)?.setIndirection({ equal: 2 })],
  ['usual table', (guest) => nicOf(guest)?.setIndirection({ default: true })],
  ['unbind hv_pci', (guest) => guest.fs.writeFile(`${drivers}/hv_pci/unbind`, BUS_GUID)],
  ['bind hv_pci', (guest) => guest.fs.writeFile(`${drivers}/hv_pci/bind`, BUS_GUID)],
  ['unbind netvsc', (guest) => guest.fs.writeFile(`${drivers}/hv_netvsc/unbind`, NIC_GUID)],
  ['bind netvsc', (guest) => guest.fs.writeFile(`${drivers}/hv_netvsc/bind`, NIC_GUID)],
  ['new_id of uio', (guest) => guest.fs.writeFile(`${drivers}/uio_hv_generic/new_id`, NIC_CLASS)],
  ['bind uio', (guest) => guest.fs.writeFile(`${drivers}/uio_hv_generic/bind`, NIC_GUID)],
  ['unbind uio', (guest) => guest.fs.writeFile(`${drivers}/uio_hv_generic/unbind`, NIC_GUID)],
  ['open uio', (guest) => guest.uio(NIC).open()],
  ['close uio', (guest) => guest.uio(NIC).close()],
  ['offline 3', (guest) => guest.cpu(3).offline()],
  ['online 3', (guest) => guest.cpu(3).online()],
  [
    'frames',
    (guest) => {
      for (let flow = 0; flow < 8; flow++) {
        guest.frame(NIC, { direction: 'rx', flow, bytes: 100 });
        guest.frame(NIC, { direction: 'tx', flow, bytes: 100 });
        guest.pci.submit('nvme0', flow % CPUS, () => {});
      }
    },
  ],
  ['run 50 us', (guest) => guest.run({ us: 50 })],
  ['run 200 ms', (guest) => guest.run({ ms: 200 })],
];

const sequence = fc
  .array(fc.constantFrom(...operations), { minLength: 1, maxLength: 16 })
  .map((list) => ({ list, toString: () => list.map(([name]) => name).join('; ') }));

function freshGuest(kernel: KernelVersion): Guest {
  return Guest.create({
    cpus: CPUS,
    kernel,
    devices: [
      { driver: 'netvsc', relid: NIC, channels: 3, subChannels: [16, 17, 18], instance: NIC_GUID, vf: 2 },
      { driver: 'vpci', relid: BUS, instance: BUS_GUID, functions },
    ],
  });
}

/** What must hold of functions at rest. */
function brokenOfPci(guest: Guest): string[] {
  const broken: string[] = [];
  const { fs } = guest;
  const shown = fs
    .readdir('/sys/bus/pci/devices')
    .flatMap((name) =>
      fs.exists(`/sys/bus/pci/devices/${name}/msi_irqs`)
        ? fs.readdir(`/sys/bus/pci/devices/${name}/msi_irqs`)
        : [],
    );
  const device = guest.host.hyperv.devices.find(({ options }) => options.instanceId === BUS_GUID);
  const made =
    device?.backend instanceof PciBackend && device.channels[0]?.state.kind === 'open'
      ? device.backend.bus(device).interrupts
      : 0;
  if (made !== shown.length) broken.push(`the host has ${made} messages for ${shown.length} vectors`);
  for (const irq of shown)
    if (guest.irqCore.desc(Number(irq))?.action === undefined) broken.push(`nobody has requested IRQ ${irq}`);
  const nic = guest.vmbus.connection.relids.relid2channel(NIC) === undefined ? undefined : tryNic(guest);
  if (nic?.vf.isActive === true && !guest.pci.names.includes('mana0'))
    broken.push('frames go by a virtual function that is not there');
  if (nic !== undefined && !nic.isUp && nic.vf.isActive) broken.push('an interface that is down has a VF up');
  const bus = guest.irqCore.domains.filter(({ name }) => name.startsWith(BUS_GUID.toUpperCase()));
  if (bus.length > 1) broken.push(`${bus.length} irqdomains of one bus`);
  return broken;
}

function tryNic(guest: Guest) {
  try {
    return guest.nic(NIC);
  } catch {
    return undefined;
  }
}

test.each(['6.1', '6.12', '7.2'] as const)(
  'random lives on %s leave no message without a line, and no line without a message',
  async (kernel) => {
    await fc.assert(
      fc.asyncProperty(sequence, async ({ list }) => {
        await nextTurn();
        const guest = freshGuest(kernel);
        for (const [, apply] of list) {
          try {
            apply(guest);
          } catch (error) {
            if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
          }
          expect(brokenInvariants(guest)).toEqual([]);
        }
        guest.run({ seconds: 1 });
        expect(brokenInvariants(guest)).toEqual([]);
        expect(brokenOfPci(guest)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  },
  NO_LIMIT_MS,
);
