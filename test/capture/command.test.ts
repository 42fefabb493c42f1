import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loseAgain, parseInterrupts } from '../../src/view/interrupts/parse.js';
import { main } from '../../src/cli/main.js';
import { UsageError } from '../../src/command/usage-error.js';
import { collected, irqlab } from '../support/cli.js';
import { captureCases, goldenCases } from '../view/golden.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { runs, someOf } from '../support/long.js';

interface Capture {
  readonly id: string;
  readonly exact: boolean;
  readonly text: string;
}

const captures = captureCases<Capture>('interrupts').filter(({ exact }) => exact);
const lsvmbus = new Map(
  captureCases<{ id: string; text: string }>('lsvmbus').map(({ id, text }) => [id.slice(0, 3), text]),
);

const directory = temporaryDirectory('import');
const { file } = directory;

const header = (...cpus: number[]) =>
  `           ${cpus.map((cpu) => `CPU${String(cpu).padEnd(8)}`).join('')}\n`;
const azure =
  header(0, 1) +
  '  8:          0          1   IO-APIC   8-edge      rtc0\n' +
  'NMI:          0          0   Non-maskable interrupts\n' +
  'HYP:         12         34   Hypervisor callback interrupts\n' +
  'ERR:          0\nMIS:          0\n';

describe('a capture becomes a scenario whose guest shows the same', () => {
  test.each(someOf(captures, 3).map(({ id, text }) => [id, text]))('%s', async (id, text) => {
    const scenario = await irqlab(['import', file(`${id}.txt`, text)]);
    expect(scenario).toMatchObject({ status: 0 });
    const { status, out } = await irqlab(['run', '-'], scenario.out);
    // What the capture has lost at the ends of its lines is lost again.
    expect({ status, out: loseAgain(out, parseInterrupts(text)) }).toEqual({ status: 0, out: text });
  });

  test('--check passes them all, and leaves files alone', async () => {
    const paths = captures.slice(0, 8).map(({ id, text }) => file(`${id}.txt`, text));
    const { status, out, err } = await irqlab(['import', '--check', ...paths]);
    expect({ status, out, err }).toEqual({
      status: 0,
      out: paths.map((path) => `${path}: ok\n`).join(''),
      err: '',
    });
  });
});

describe('recordings of interrupts called as VMBus calls its own', () => {
  interface Recording {
    readonly snapshot: string;
    readonly kernel: string;
    readonly text: string;
  }
  const recordings = goldenCases<Recording>('interrupts');

  test('--check passes them: it looks at the text only', async () => {
    expect(recordings.filter(({ text }) => text.includes('VMBus')).length).toBeGreaterThan(40);
    const paths = someOf(recordings, 3).map(({ text }, at) => file(`recording-${at}.txt`, text));
    const { status, out, err } = await irqlab(['import', '--check', ...paths]);
    expect({ status, out, err }).toEqual({
      status: 0,
      out: paths.map((path) => `${path}: ok\n`).join(''),
      err: '',
    });
  });

  test('they become scenarios whose guests show the same', async () => {
    for (const { text } of someOf(recordings, 4)) {
      const scenario = await irqlab(['import', file('recording.txt', text)]);
      expect(scenario).toMatchObject({ status: 0 });
      const { out } = await irqlab(['run', '-'], scenario.out);
      expect(out).toBe(text);
    }
  }, 60_000);
});

describe('channels that are of no device known here', () => {
  const nmi = 'NMI:          0          0   Non-maskable interrupts\n';

  test('are kept without one, beside those that are', async () => {
    const text =
      header(0, 1) +
      ' 24:          5          0     VMBus   7  hv_uio_generic\n' +
      ' 25:          5          0     VMBus   8  heartbeat\n' +
      ' 26:          0          3     VMBus   9  \n' +
      nmi;
    const { status, out, err } = await irqlab(['import', file('uio.txt', text)]);
    expect({ status, err }).toEqual({
      status: 0,
      err:
        'irqlab: VMBus interrupts that name no driver known here are kept without a device; --lsvmbus tells more: ' +
        '24 ("hv_uio_generic"), 26 ("")\n',
    });
    expect(out).toContain('devices:\n  - {driver: heartbeat, relid: 8}\n\n');
    expect(out).toContain('  - {irq: 24, chip: VMBus, hwirq: 7, ');
    expect((await irqlab(['run', '-'], out)).out).toBe(text);
  });

  test('are kept without one if a guest cannot have the devices', async () => {
    const text =
      header(0, 1) +
      ' 24:          5          0     VMBus   7  heartbeat\n' +
      ' 25:          5          0     VMBus   7  heartbeat\n' +
      nmi;
    const { status, out, err } = await irqlab(['import', file('twice.txt', text)]);
    expect(status).toBe(0);
    expect(err).toContain(
      'irqlab: the guest cannot have these VMBus devices: their interrupts are kept without a device\n',
    );
    expect((await irqlab(['run', '-'], out)).out).toBe(text);
  });

  test('of a machine whose CPU 0 is offline: there is no VMBus', async () => {
    const text = `${header(1, 2)} 24:          5          0     VMBus   7  heartbeat\n${nmi}`;
    const { status, out, err } = await irqlab(['import', file('offline.txt', text)]);
    expect({ status, err }).toEqual({
      status: 0,
      err: 'irqlab: CPU 0 is offline, where VMBus needs it: the guest has no VMBus devices\n',
    });
    expect(out).toContain('vmbus: false\n');
    expect((await irqlab(['run', '-'], out)).out).toBe(text);
  });
});

test('interrupt numbers as high as Linux has them', async () => {
  const text =
    '                  CPU0       \n' +
    '         8:          1   IO-APIC          8-edge      rtc0\n' +
    '2147483646:          2   PCI-MSI          7-edge      eth0\n' +
    '       NMI:          0   Non-maskable interrupts\n';
  const path = file('high.txt', text);
  expect(await irqlab(['import', '--check', path])).toMatchObject({ status: 0 });
  const { status, out } = await irqlab(['import', path]);
  expect(status).toBe(0);
  expect((await irqlab(['run', '-'], out)).out).toBe(text);
});

describe('the devices of lsvmbus', () => {
  test.each([...lsvmbus.keys()])('%s: relids, and the CPUs that -vv shows', async (id) => {
    const text = lsvmbus.get(id) ?? '';
    const scenario = await irqlab(['import', file(`lsvmbus-${id}.txt`, text)]);
    expect(scenario).toMatchObject({ status: 0 });
    const path = file(`${id}.yaml`, scenario.out);
    const devices = [...text.matchAll(/^VMBUS ID +(\d+)/gm)].map(([, relid]) => relid);
    const { out } = await irqlab(['cat', path, '/sys/bus/vmbus/devices']);
    const instances = out.trim().split('\n');
    const ids = await irqlab(['cat', path, ...instances.map((name) => `/sys/bus/vmbus/devices/${name}/id`)]);
    const shown = ids.out.trim().split('\n');
    expect(devices).toEqual(expect.arrayContaining(shown));
    // Devices that Linux has no driver for are offered, but dropped at once.
    const dropped = [...text.matchAll(/Reserved system device|Unknown/g)].length;
    expect(shown.length).toBeGreaterThanOrEqual(devices.length - dropped);
    const mapping = await irqlab([
      'cat',
      path,
      ...instances.map((name) => `/sys/bus/vmbus/devices/${name}/channel_vp_mapping`),
    ]);
    const wanted = [...text.matchAll(/Rel_ID=(\d+), target_cpu=(\d+)/g)].map(
      ([, relid, cpu]) => `${relid}:${cpu}`,
    );
    expect(mapping.out.trim().split('\n')).toEqual(expect.arrayContaining(wanted));
  });

  test('together with /proc/interrupts and affinities: the guest goes on from the counts', async () => {
    const interrupts = file('azure.txt', azure);
    const affinity = file(
      'affinity.txt',
      '/proc/irq/8/smp_affinity_list:0-1\n/proc/irq/default_smp_affinity:3\n',
    );
    const output = join(directory.path, 'azure.yaml');
    const devices = file('008.txt', lsvmbus.get('008') ?? '');
    const made = await irqlab([
      'import',
      interrupts,
      '--lsvmbus',
      devices,
      '--affinity',
      affinity,
      '-o',
      output,
    ]);
    expect(made).toMatchObject({ status: 0, out: '', err: '' });
    const scenario = readFileSync(output, 'utf8');
    expect(scenario).toContain('  - {relid: 17, cpu: 0}\n  - {relid: 16, cpu: 1}\n');
    expect(scenario).toContain(
      '{irq: 8, chip: IO-APIC, hwirq: 8, flow: edge, name: rtc0, affinity: "0-1", counts: {1: 1}}',
    );
    const busy = `${scenario}\nworkload:\n  - {relid: 16, signals: 100, during: 1s}\n`;
    const { out } = await irqlab(['run', '-'], busy);
    expect(out).toContain('HYP:         12         34   Hypervisor callback interrupts\n');
    expect(out).toMatch(/^ 25: {10}0 {8}1\d\d {5}VMBus {2}16 {2}netvsc$/m);
  });

  test('channels that have interrupts of their own', async () => {
    const text =
      header(0, 1, 2) +
      ' 24:         40          0          0     VMBus   7  heartbeat\n' +
      ' 25:          0         50          0     VMBus  14  pri@storvsc1\n' +
      ' 26:          0          0          7     VMBus  13  netvsc\n' +
      ' 27:          9          0          0     VMBus  16  netvsc\n' +
      ' 28:          0          0         60     VMBus  23  sub@storvsc1\n' +
      'NMI:          0          0          0   Non-maskable interrupts\n' +
      'LOC:          0          0          0   Local timer interrupts\n';
    const { status, out, err } = await irqlab(['import', file('rfc.txt', text)]);
    expect({ status, err }).toEqual({
      status: 0,
      err: 'irqlab: all netvsc channels are taken for those of one NIC; --lsvmbus tells more\n',
    });
    expect(out).toContain('  - {driver: storvsc, relid: 14, scsiHost: 1, subChannels: [23]}\n');
    expect(out).toContain('  - {relid: 23, cpu: 2, counts: {2: 60}}\n');
    expect((await irqlab(['run', '-'], out)).out).toBe(text);
  });

  test('a udev dump names devices without relids', async () => {
    const dump =
      'P: /devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/1eccfd72-4b41-45ef-b73a-4a6e44c12924\n' +
      'E: DRIVER=hv_balloon\nE: MODALIAS=vmbus:dc7450528589e2468057a307dc18a502\n';
    const { status, out, err } = await irqlab(['import', file('udev.txt', dump)]);
    expect({ status, err }).toEqual({
      status: 0,
      err: 'irqlab: a udev dump has no relids: they are made up in the order of the dump\n',
    });
    expect(out).toContain(
      '  - {driver: balloon, relid: 1, instance: "1eccfd72-4b41-45ef-b73a-4a6e44c12924"}\n',
    );
  });
});

describe('what cannot be understood is an error with its place', () => {
  test.each([
    [
      'nothing\n',
      /:1:1: expected 11 to 18 blanks and "CPU0", the columns of the CPUs, with all blanks that the kernel writes\nNothing says/,
    ],
    [azure.replace('  8:', ' 8:'), ':2:1: expected an interrupt number right-justified in 3 columns'],
    [azure.replace('         12', '      twelve'), /:4:\d+: expected /],
    ['VMBUS ID  1: Unknown\n  nonsense\n', ':2:1: expected Device_ID, Rel_ID or "VMBUS ID"'],
    ['/proc/irq/8/smp_affinity_list:0-x\n', ':1:31: expected a list of CPUs such as 0-3,5'],
    [
      '/proc/irq/8/smp_affinity_list:0\n/proc/irq/8/what:0\n',
      ':2:13: expected a file of /proc/irq such as smp_affinity_list',
    ],
  ])('%j', async (text, message) => {
    const path = file('wrong.txt', text);
    const expected =
      typeof message === 'string' ? `irqlab: ${path}${message}\n` : expect.stringMatching(message);
    expect(await irqlab(['import', path])).toMatchObject({ status: 2, out: '', err: expected });
    const checked = await irqlab(['import', '--check', path]);
    expect(checked).toMatchObject({ status: 1, err: 'irqlab: 1 of 1 files differ or are not understood\n' });
    expect(checked.out).toMatch(new RegExp(`^${path}:\\d+:\\d+: expected `));
  });

  test('bytes that are no text', async () => {
    const path = join(directory.path, 'bytes');
    writeFileSync(path, Buffer.from([0x20, 0xff, 0xfe]));
    expect(await irqlab(['import', path])).toMatchObject({
      status: 2,
      err: `irqlab: ${path}: expected a text in UTF-8\n`,
    });
  });

  test('a text that no kernel writes differs, and the line is shown', async () => {
    const rtc = '  8:          0          1   IO-APIC   8-edge      rtc0\n';
    const path = file('between.txt', `${azure}${rtc.replaceAll('8', '9')}`);
    const { status, out } = await irqlab(['import', '--check', path]);
    expect(status).toBe(1);
    expect(out).toMatch(/:3:1: the line is "NMI:.*", but a machine like it shows " {2}9:.*"\n$/);
  });

  test('whatever is changed in a capture: it is understood, or said where it is not', async () => {
    const texts = [...captures.slice(0, 20).map(({ text }) => text), ...lsvmbus.values()].filter(
      ({ length }) => length < 20_000,
    );
    const change = fc.record({
      at: fc.nat(),
      length: fc.nat(3),
      by: fc.constantFrom('', ' ', '  ', '9', ':', 'x', '-', '\n', '4294967296', '\t'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (text, changes) => {
          let changed = text;
          for (const { at, length, by } of changes) {
            const from = at % changed.length;
            changed = changed.slice(0, from) + by + changed.slice(from + length);
          }
          const { status, out, err } = await irqlab(['import', '--check', '-'], changed);
          expect([0, 1]).toContain(status);
          expect(out).toMatch(status === 0 ? /^<stdin>: ok\n$/ : /^<stdin>:(\d+:\d+:)? ./);
          expect(err === '').toBe(status === 0);
        },
      ),
      { numRuns: runs(150, 30) },
    );
  }, 60_000);

  test('standard input that is too long: an archive would not be', async () => {
    const { ran, io } = collected();
    const readStdin = (): string => {
      throw new UsageError('<stdin> is longer than 64 MiB, the most that is read');
    };
    expect(await main(['import', '-'], { ...io, readStdin })).toBe(2);
    expect(ran.err).toBe(
      'irqlab: <stdin> is longer than 64 MiB, the most that is read\nAn archive may be of any length: name its file instead.\n',
    );
  });

  test('wrong use', async () => {
    const path = file('azure.txt', azure);
    const affinity = file('aff.txt', '/proc/irq/8/smp_affinity_list:0\n');
    expect(await irqlab(['import'])).toMatchObject({ status: 2 });
    expect(await irqlab(['import', '/no/such'])).toMatchObject({
      status: 2,
      err: 'irqlab: cannot read /no/such: there is no such file\n',
    });
    expect((await irqlab(['import', path, path])).err).toContain('are both /proc/interrupts\n');
    expect((await irqlab(['import', path, '--lsvmbus', affinity])).err).toContain(
      '--lsvmbus: expected the output of lsvmbus, but ',
    );
    expect((await irqlab(['import', affinity])).err).toBe(
      'irqlab: a scenario needs /proc/interrupts or the output of lsvmbus\n',
    );
    expect((await irqlab(['import', path, '-o', '/no/such/dir/x'])).err).toContain(
      'cannot write /no/such/dir/x',
    );
    const there = file('there.yaml', 'mine');
    expect(await irqlab(['import', path, '-o', there])).toMatchObject({
      status: 2,
      err: `irqlab: ${there} is there already\nName another file, or write over it with --force.\n`,
    });
    expect(readFileSync(there, 'utf8')).toBe('mine');
    expect(await irqlab(['import', path, '-o', there, '--force'])).toMatchObject({ status: 0 });
    expect(readFileSync(there, 'utf8')).toMatch(/^description: /m);
    expect((await irqlab(['import', path, '--force'])).err).toContain('--force is for --output');
  });
});
