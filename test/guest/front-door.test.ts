import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { checkOptions } from '../../src/guest/check-options.js';
import { Guest } from '../../src/guest/guest.js';
import { ScenarioError } from '../../src/scenario/diagnostics.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { builtinVocabulary } from '../../src/scenario/vocabulary.js';
import { designParts } from '../../src/vmbus/variants/index.js';

/** What JavaScript may pass. */
const create = (options: unknown, extensions?: unknown) => () =>
  Guest.create(options as GuestOptions, extensions as undefined);

const nic = { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] } as const;
const rtc = { irq: 8, chip: 'IO-APIC', flow: 'edge', name: 'rtc0' } as const;

type Refusal = [what: string, options: object, error: new (text: string) => Error, message: string];

describe('what makes no guest is refused with its name, and what was expected', () => {
  test.each<Refusal>([
    ['a misspelt key', { devcies: [] }, TypeError, 'unknown key "devcies"; did you mean "devices"?'],
    [
      'a misspelt key of a device',
      { devices: [{ driver: 'netvsc', relid: 13, subChanels: [16] }] },
      TypeError,
      'devices[0]: unknown key "subChanels"; did you mean "subChannels"?',
    ],
    [
      "a file's name of a duration",
      { host: { latency: { modifyChannel: '1ms' } } },
      TypeError,
      'host.latency: unknown key "modifyChannel"; did you mean "modifyChannelNs"?',
    ],
    [
      "a file's duration",
      { interruptTimeNs: '1ms' },
      TypeError,
      'interruptTimeNs: expected a whole number of nanoseconds from 0 on, not "1ms"',
    ],
    ['a time before', { interruptTimeNs: -1 }, RangeError, 'interruptTimeNs: expected a whole number'],
    ['half a nanosecond', { interruptTimeNs: 0.5 }, RangeError, 'nanoseconds from 0 on, not 0.5'],
    [
      'no number',
      { seed: Number.NaN },
      RangeError,
      'seed: expected a whole number from 0 to 4294967295, not NaN',
    ],
    ['a word for a number', { seed: 'x' }, TypeError, 'seed: expected a whole number'],
    [
      'a misspelt axis',
      { design: { modifyChanel: 'no-wait' } },
      TypeError,
      'design: unknown key "modifyChanel"',
    ],
    [
      'a misspelt choice',
      { design: { modifyChannel: 'no-wiat' } },
      RangeError,
      'design.modifyChannel: expected one of wait-on-offline, wait-in-setter, no-wait, fixed-sleep, not "no-wiat"; did you mean "no-wait"?',
    ],
    ['a design of another type', { design: 3 }, TypeError, 'design: expected one of rfc,'],
    ['a preset that there is not', { design: 'mainlin' }, RangeError, 'design: expected one of rfc,'],
    ['an architecture', { arch: 'riscv' }, RangeError, 'arch: expected one of x86_64, arm64, not "riscv"'],
    [
      'a list as text',
      { cpus: { present: 4, online: '0-1' } },
      TypeError,
      'cpus.online: expected a list of CPU numbers',
    ],
    [
      'a CPU that is not there',
      { cpus: { present: 4, online: [0, 4] } },
      RangeError,
      'cpus.online: expected CPUs of 0-3, not 4',
    ],
    ['no CPU 0', { cpus: { present: 4, online: [1] } }, RangeError, 'cpus.online: CPU 0 is always online'],
    ['no CPUs', { cpus: 0 }, RangeError, 'cpus: expected a whole number from 1 to 8192, not 0'],
    [
      'an IRQ as text',
      { interrupts: [{ ...rtc, irq: 'x' }] },
      TypeError,
      'interrupts[0].irq: expected a whole number',
    ],
    [
      'a flow',
      { interrupts: [{ ...rtc, flow: 'egde' }] },
      RangeError,
      'interrupts[0].flow: expected one of edge,',
    ],
    [
      'a line twice',
      { interrupts: [rtc, rtc] },
      RangeError,
      'interrupts[1].irq: there is an interrupt 8 already',
    ],
    [
      'a cost without a driver',
      { interrupts: [{ irq: 8, chip: 'IO-APIC', flow: 'edge', costNs: 5 }] },
      RangeError,
      'interrupts[0].costNs: "costNs" is of the driver, and without "name" there is none',
    ],
    [
      'its own relid',
      { devices: [{ ...nic, subChannels: [13] }] },
      RangeError,
      'devices[0].subChannels[0]: relid 13 is in use',
    ],
    [
      'relids of two devices',
      { devices: [nic, { driver: 'kvp', relid: 17 }] },
      RangeError,
      'devices[1].relid: relid 17 is in use',
    ],
    [
      'a relid beyond all',
      { devices: [{ ...nic, relid: 2048 }] },
      RangeError,
      'devices[0].relid: expected a whole number from 1 to 2047',
    ],
    ['no relid', { devices: [{ driver: 'kvp' }] }, TypeError, 'devices[0].relid: "relid" is missing'],
    [
      "another driver's key",
      { devices: [{ driver: 'kvp', relid: 7, vf: 1 }] },
      RangeError,
      'only devices with driver netvsc have "vf"',
    ],
    [
      'a range that goes down',
      { devices: [{ driver: 'netvsc', relid: 13, subChannels: '18-16' }] },
      RangeError,
      'devices[0].subChannels: the range 18-16 goes down: write 16-18',
    ],
    [
      'a range with a relid that is in use',
      { devices: [{ driver: 'netvsc', relid: 13, subChannels: '12-14' }] },
      RangeError,
      'devices[0].subChannels: relid 13 is in use',
    ],
    [
      'one relid for several devices',
      { devices: [{ repeat: 2, driver: 'netvsc', relid: 13 }] },
      RangeError,
      'devices[0].relid: "relid" is of one device, not of 2 alike',
    ],
    [
      'more channels than there are relids',
      { devices: [{ repeat: 32, driver: 'netvsc', channels: 64 }] },
      RangeError,
      'devices: all 2047 relids are in use',
    ],
    [
      'a channel of nobody',
      { channels: [{ relid: 99 }] },
      RangeError,
      'channels[0].relid: no device has relid 99',
    ],
    ['a PCI driver', { pci: [{ driver: 'nmve' }] }, RangeError, 'pci[0].driver: expected one of nvme,'],
    [
      "msix's key",
      { pci: [{ driver: 'nvme', names: ['a'] }] },
      RangeError,
      'pci[0].names: only functions with driver msix',
    ],
    [
      'an address twice',
      {
        pci: [
          { driver: 'nvme', bdf: '0000:00:04.0' },
          { driver: 'mlx5', bdf: '0000:00:04.0' },
        ],
        vmbus: false,
      },
      RangeError,
      'pci[1].bdf: there is a PCI device at 0000:00:04.0 already',
    ],
    [
      'a rule',
      { host: { misbehave: [{ what: 'signal', deed: 'dorp' }] } },
      RangeError,
      'host.misbehave[0].deed: expected one of',
    ],
    [
      "a file's rule",
      { host: { misbehave: [{ signal: 13, do: 'drop' }] } },
      TypeError,
      'host.misbehave[0]: unknown key "signal"',
    ],
    [
      'batches of nothing',
      { host: { storage: { batch: { count: 0 } } } },
      RangeError,
      'host.storage.batch.count: expected',
    ],
    ['a kernel', { kernel: '6.11' }, RangeError, 'kernel: expected one of "6.1"'],
    [
      'devices without VMBus',
      { vmbus: false, devices: [nic] },
      RangeError,
      'devices: a machine without VMBus has no devices',
    ],
    [
      'a function',
      { cmdline: () => '' },
      TypeError,
      'cmdline: expected a kernel command line, not a function',
    ],
  ])('%s', (_, options, error, message) => {
    expect(create({ cpus: 4, ...options })).toThrow(error);
    expect(create({ cpus: 4, ...options })).toThrow(message);
  });

  test.each([[undefined], [null], [4], ['cpus: 4'], [[]]])('%j instead of options', (options) => {
    expect(create(options)).toThrow(TypeError);
  });

  test('everything that is wrong is named', () => {
    expect(create({ cpus: 4, sed: 1, devices: [{ driver: 'kvp' }], kernel: '5.0' })).toThrow(
      /kernel: .*\ndevices\[0\]\.relid: .*\na guest's options: unknown key "sed"; did you mean "seed"\?/,
    );
  });

  test('extensions', () => {
    expect(create({ cpus: 1 }, { modules: [{}] })).toThrow(TypeError);
    expect(create({ cpus: 1 }, { modules: [{}] })).toThrow(
      'extensions.modules[0]: expected a module such as',
    );
    expect(create({ cpus: 1 }, { module: [] })).toThrow('unknown key "module"; did you mean "modules"?');
  });

  test('designs of small guests', () => {
    const parts = (design: unknown) => () => designParts(design as undefined);
    expect(parts({ modifyChannel: 'no-wiat' })).toThrow(RangeError);
    expect(parts({ modifyChanel: 'no-wait' })).toThrow(TypeError);
    expect(parts({ modifyChannel: 'no-wait' })).not.toThrow();
  });
});

describe('files and options are checked by one schema', () => {
  const files = readdirSync('examples')
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `examples/${name}`);

  test('what a file may say the options may say', () => {
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const { guest } = parseScenario(readFileSync(file, 'utf8'), file);
      expect(() => checkOptions(guest, builtinVocabulary)).not.toThrow();
    }
  });

  test('each key of the options is known, and no other', () => {
    const keys: Readonly<Record<keyof GuestOptions, true>> = {
      cpus: true,
      kernel: true,
      cmdline: true,
      moduleParameters: true,
      arch: true,
      generation: true,
      interruptRemapping: true,
      its: true,
      nrIrqs: true,
      maxIrqs: true,
      seed: true,
      interruptTimeNs: true,
      host: true,
      isolation: true,
      confidentialVmbus: true,
      design: true,
      devices: true,
      channels: true,
      interrupts: true,
      pci: true,
      kvm: true,
      architectureRows: true,
      procInterrupts: true,
      vmbus: true,
    };
    let known = '';
    try {
      create({ cpus: 1, q: 1 })();
    } catch (error) {
      known = String(error).split('known here: ')[1];
    }
    expect(known.split(', ').sort()).toEqual(Object.keys(keys).sort());
  });

  test.each([
    [
      'devices: [{driver: netvsc, relid: 41, subChannels: [41]}]',
      { devices: [{ driver: 'netvsc', relid: 41, subChannels: [41] }] },
    ],
    [
      'devices: [{driver: storvsc, relid: 1, controller: sata}]',
      { devices: [{ driver: 'storvsc', relid: 1, controller: 'sata' }] },
    ],
    [
      'host: {throttle: {signals: 0, within: 1s, suspend: 1s}}',
      { host: { throttle: { signals: 0, withinNs: 1, suspendNs: 1 } } },
    ],
    ['procInterrupts: {chipWidth: 7}', { procInterrupts: { chipWidth: 7 } }],
    ['pci: [{nvme: {queues: 0}}]', { pci: [{ driver: 'nvme', queues: 0 }] }],
    [
      'interrupts: [{irq: 3, chip: X, flow: edge, managed: true}]',
      { interrupts: [{ irq: 3, chip: 'X', flow: 'edge', managed: true }] },
    ],
    ['cpus: {present: 4, nodes: 3}', { cpus: { present: 4, nodes: 3 } }],
    ['cpus: {present: 4, possible: 2}', { cpus: { present: 4, possible: 2 } }],
    ['architectureRows: {XYZ: 1}', { architectureRows: { XYZ: 1 } }],
    [
      'design: {relidMap: array, topLevel: percpu-nostat-hidden}',
      { design: { relidMap: 'array', topLevel: 'percpu-nostat-hidden' } },
    ],
  ])('%s', (text, options) => {
    const file = text.startsWith('cpus') ? text : `cpus: 2\n${text}`;
    expect(() => parseScenario(file, 'a.yaml')).toThrow(ScenarioError);
    expect(create({ cpus: 2, ...options })).toThrow(RangeError);
  });
});

describe('what makes no sense for a guest is refused', () => {
  const vm = Guest.create({ cpus: 4, devices: [nic, { driver: 'storvsc', relid: 14 }], interrupts: [rtc] });
  /** The guest as JavaScript sees it. */
  // biome-ignore format: one line each
  const calls: [what: string, call: () => unknown, error: new (text: string) => Error, message: string][] = [
    ['run', () => vm.run({ second: 10 } as object), TypeError, 'run: unknown key "second"; did you mean "seconds"?'],
    ['run', () => vm.run(5 as unknown as object), TypeError, 'run: expected a time such as'],
    ['run', () => vm.run({ ms: '5' } as unknown as object), TypeError, 'run.ms: expected a number from 0 on, not "5"'],
    ['run', () => vm.run({ ms: Number.POSITIVE_INFINITY }), RangeError, 'run.ms: expected a number from 0 on, not Infinity'],
    ['irq', () => vm.irq('8' as unknown as number), TypeError, 'irq: expected a whole number'],
    ['cpu', () => vm.cpu('1' as unknown as number), TypeError, 'cpu: expected a whole number'],
    ['channel', () => vm.channel('13' as unknown as number), TypeError, 'relid: expected a whole number from 1 to 2047'],
    ['panic', () => vm.panic({ cpus: 1 } as object), TypeError, 'panic: unknown key "cpus"; did you mean "cpu"?'],
    ['crash', () => vm.crash({ cmdline: 5 } as unknown as object), TypeError, 'crash.cmdline: expected a text, not 5'],
    ['connect', () => vm.connect(-1), RangeError, 'port: expected a whole number from 0 to 4294967295, not -1'],
    ['resume', () => vm.resume({ 7: 9 } as unknown as Map<number, number>), TypeError, 'relids: expected a Map'],
    ['offer', () => vm.host.offer({ driver: 'kvp' } as unknown as typeof nic), TypeError, 'device.relid: "relid" is missing'],
    ['offer', () => vm.host.offer({ ...nic, relid: 50, channels: 65 }), RangeError, 'device.channels: expected a whole number from 1 to 64'],
    ['signal', () => vm.host.signal(999), RangeError, 'the host has no channel 999'],
    ['signal', () => vm.host.signal('13' as unknown as number), TypeError, 'relid: expected'],
    ['signal', () => vm.host.signal(13, 1.5), RangeError, 'times: expected a whole number'],
    ['kick', () => vm.host.kick(4), RangeError, 'there is no CPU 4'],
    ['raise', () => vm.host.raise(13, 4), RangeError, 'there is no CPU 4'],
    ['misbehave', () => vm.host.misbehave({ what: 'signal', deed: 'drop', nht: 2 } as never), TypeError, 'rule: unknown key "nht"; did you mean "nth"?'],
    ['send', () => vm.host.send([1, 2] as unknown as Uint8Array), TypeError, 'message: expected the bytes of a message'],
    ['poke', () => vm.host.poke(13, 'toHost' as never, 0, 0), RangeError, 'ring: expected one of toGuest, fromGuest'],
    ['timerExpired', () => vm.host.timerExpired(9), RangeError, 'there is no CPU 9'],
    ['submit', () => vm.disk(14).submit({ cpu: 0, size: 4 } as object), TypeError, 'submit: unknown key "size"'],
    ['submit', () => vm.disk(14).submit({ count: -1 }), RangeError, 'submit.count: expected a whole number from 0'],
    ['transmit', () => vm.nic(13).transmit({ flows: 2 } as object), TypeError, 'transmit: unknown key "flows"; did you mean "flow"?'],
    ['setIndirection', () => vm.nic(13).setIndirection({ equals: 2 } as never), TypeError, 'indirection: '],
    ['setCpu', () => vm.channel(13).setCpu('1' as unknown as number), TypeError, 'cpu: expected a whole number'],
    ['plug', () => vm.lines.plug({ irq: 9 } as never), TypeError, 'interrupt.chip: "chip" is missing'],
    ['plugPci', () => vm.lines.plugPci({ nvme: {} } as never), TypeError, 'device: unknown key "nvme"'],
    ['disable', () => vm.lines.disable(8, 'softirq' as never), RangeError, 'wait: expected one of all, hardirq, nosync'],
    ['request', () => vm.irq(8).request({ name: 'x', flags: ['IRQF_SHARD'] } as never), RangeError, 'request.flags[0]: expected a flag'],
    ['raise of a line', () => vm.irq(8).raise({ device: 'rtc0' } as object), TypeError, 'raise: unknown key "device"'],
    ['writeFile', () => vm.fs.writeFile('/proc/irq/8/smp_affinity', 2 as unknown as string), TypeError, 'expected the text to write'],
    ['readFile', () => vm.fs.readFile(8 as unknown as string), TypeError, 'expected a path such as /proc/interrupts, not 8'],
  ];

  test.each(calls)('%s', (_, call, error, message) => {
    const before = [vm.now, vm.procInterrupts(), vm.log.length];
    expect(call).toThrow(error);
    expect(call).toThrow(message);
    expect([vm.now, vm.procInterrupts(), vm.log.length]).toEqual(before);
  });
});
