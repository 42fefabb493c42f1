import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

// What a guest shows whose devices have come and gone becomes a guest again that shows the same.

const { file } = temporaryDirectory('fitted');
const heartbeat = { driver: 'heartbeat', relid: 7 } as const;
const shutdown = { driver: 'shutdown', relid: 9 } as const;
const keyboard = { driver: 'keyboard', relid: 4 } as const;
const disk = { driver: 'storvsc', relid: 14, scsiHost: 0, subChannels: [15, 16] } as const;
const nic = { driver: 'netvsc', relid: 20, channels: 3, subChannels: [21, 22] } as const;
const otherNic = { driver: 'netvsc', relid: 30, channels: 2, subChannels: [31] } as const;

interface Case {
  readonly name: string;
  readonly devices: NonNullable<GuestOptions['devices']>;
  readonly gone?: readonly number[];
  /** Relids of the devices that the new guest has. */
  readonly kept: readonly number[];
  readonly notes: readonly RegExp[];
}

const cases: readonly Case[] = [
  { name: 'nothing has gone', devices: [heartbeat, disk, nic], kept: [7, 14, 20], notes: [] },
  {
    name: 'one number is free',
    devices: [heartbeat, shutdown, nic],
    gone: [9],
    kept: [7, 20],
    notes: [],
  },
  {
    name: 'numbers of several devices are free',
    devices: [heartbeat, shutdown, disk, keyboard, nic],
    gone: [9, 14],
    kept: [7, 4, 20],
    notes: [],
  },
  {
    name: 'sub-channels of two adapters cannot be told apart',
    devices: [heartbeat, nic, otherNic, keyboard],
    kept: [7, 4],
    notes: [/^netvsc with relid 20 .*: its interrupts are kept without the device$/],
  },
  {
    name: 'both',
    devices: [heartbeat, shutdown, nic, disk, otherNic, keyboard],
    gone: [9],
    kept: [7, 14, 4],
    notes: [/netvsc with relid 20/],
  },
];

describe.each(cases)('$name', ({ name, devices, gone = [], kept, notes }) => {
  const guest = Guest.create({ cpus: 4, devices });
  for (const relid of gone) guest.host.rescind(relid);
  guest.run({ seconds: 1 });
  const text = guest.procInterrupts();

  test('the rows are those of the capture, and what is explained is kept', async () => {
    const { status, out, err } = await irqlab(['import', file(`${name}.txt`, text)]);
    expect(status).toBe(0);
    const said = err
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace('irqlab: ', ''))
      .filter((line) => !line.startsWith('all netvsc channels'));
    expect(said).toEqual(notes.map((note) => expect.stringMatching(note)));
    const relids = [...out.matchAll(/^ {2}- \{driver: \w+, relid: (\d+)/gm)].map(([, relid]) =>
      Number(relid),
    );
    expect(relids.toSorted((a, b) => a - b)).toEqual(kept.toSorted((a, b) => a - b));
    expect((await irqlab(['run', '-'], out)).out).toBe(text);
  });
});

const lsvmbus = (...devices: readonly (readonly [number, string, string])[]): string =>
  devices
    .map(
      ([relid, classId, what]) =>
        `VMBUS ID ${relid}: Class_ID = {${classId}} - ${what}\n\tDevice_ID = {00000000-0000-0000-0000-0000000000${String(relid).padStart(2, '0')}}\n\tSysfs path: /sys/bus/vmbus/devices/x\n\tRel_ID=${relid}, target_cpu=0\n\n`,
    )
    .join('');
const ofHeartbeat = [7, '57164f39-9115-4e78-ab55-382f3bd5422d', '[Heartbeat]'] as const;
const ofShutdown = [9, '0e0b6031-5213-4934-818b-38d90ced39db', '[Operating system shutdown]'] as const;
const ofKeyboard = [4, 'f912ad6d-2b17-48ea-bd65-f927a61c7684', 'Synthetic keyboard'] as const;

test.each([
  [
    'a listed device without a row is left out',
    [ofHeartbeat, ofShutdown, ofKeyboard],
    /so it is left out: shutdown/,
  ],
  [
    'a row whose device is not listed is kept',
    [ofHeartbeat],
    /whose relids the device list does not have .* 26/,
  ],
])('%s', async (name, listed, note) => {
  const guest = Guest.create({ cpus: 2, devices: [heartbeat, shutdown, keyboard] });
  guest.host.rescind(9);
  guest.run({ seconds: 1 });
  const text = guest.procInterrupts();
  const files = [file(`${name}.txt`, text), file(`${name}.lsvmbus`, lsvmbus(...listed))];
  const { status, out, err } = await irqlab(['import', ...files]);
  expect([status, err]).toEqual([0, expect.stringMatching(note)]);
  expect((await irqlab(['run', '-'], out)).out).toBe(text);
});

describe('numbers that channels are said to have', () => {
  const options: GuestOptions = {
    cpus: 2,
    devices: [heartbeat, keyboard],
    channels: [
      { relid: 7, irq: 25 },
      { relid: 4, irq: 27 },
    ],
  };

  test('are those of their interrupts, and others are free once the guest has booted', () => {
    const guest = Guest.create(options);
    expect([guest.channel(7).irq, guest.channel(4).irq]).toEqual([25, 27]);
    expect(guest.fs.exists('/proc/irq/24')).toBe(false);
    guest.host.offer(shutdown);
    guest.run({ seconds: 1 });
    expect(guest.procInterrupts()).toMatch(/^ 24: .* shutdown$/m);
  });

  test('that the guest has given away are refused, and so are they where channels have no interrupts', () => {
    const interrupts = [{ irq: 25, chip: 'IO-APIC', hwirq: 4, flow: 'edge', name: 'x' }] as const;
    expect(() => Guest.create({ ...options, interrupts })).toThrow(
      'channel 7 cannot have IRQ 25: it is there already',
    );
    expect(() => Guest.create({ ...options, design: 'mainline' })).toThrow(
      'channel 7 cannot have IRQ 25: this design gives channels no interrupts',
    );
    expect(() => Guest.create({ ...options, maxIrqs: 26 })).toThrow(
      'channel 4 cannot have IRQ 27: the guest has no such number',
    );
  });

  test('are not those of a kernel that is started later', () => {
    const guest = Guest.create(options);
    guest.kexec();
    expect(guest.procInterrupts()).toMatch(/^ 24: /m);
  });
});

describe('HYP alone is no evidence of Hyper-V', () => {
  const head = '           CPU0       CPU1       \n';
  const hyp = 'HYP:          3          4   Hypervisor callback interrupts\n';
  const row = (label: string, text: string): string => `${label}:          0          0   ${text}\n`;
  const pci = ' 24:          0          1  Hyper-V PCIe MSI 134217728-edge      mlx5_async0\n';

  test.each([
    ['KVM, Xen, ACRN', `${head}${hyp}ERR:          0\n`, [], true],
    ['stimer0', `${head}${hyp}${row('HVS', 'Hyper-V stimer0 interrupts')}ERR:          0\n`, [], false],
    [
      'reenlightenment',
      `${head}${row('HRE', 'Hyper-V reenlightenment interrupts')}ERR:          0\n`,
      [],
      false,
    ],
    ['functions passed through', `${head}${pci}${hyp}ERR:          0\n`, [], false],
    ["the user's word", `${head}${hyp}ERR:          0\n`, ['--hyperv'], false],
  ])('%s', async (name, text, options, without) => {
    const { status, out, err } = await irqlab(['import', ...options, file(`${name}.txt`, text)]);
    expect(status).toBe(0);
    expect(out.includes('vmbus: false')).toBe(without);
    expect(err.includes('nothing else tells of Hyper-V')).toBe(without);
    expect((await irqlab(['run', '-'], out)).out).toBe(text);
  });
});
