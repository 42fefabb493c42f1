import { describe, expect, test } from '@jest/globals';
import { ScenarioError } from '../../src/scenario/diagnostics.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { Scenario } from '../../src/scenario/scenario.js';

function load(text: string): Scenario {
  return parseScenario(text, 's.yaml');
}

/** What is reported about a file, without the file's name. */
function problems(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ScenarioError)
      return error.message.split('\n').map((line) => line.replace('s.yaml:', ''));
    throw error;
  }
  return [];
}

/** What is reported about one more line in a file that is right. */
function problemsOf(line: string): string[] {
  return problems(`cpus: 4\n${line}\n`);
}

describe('a scenario file', () => {
  test('may be as short as the number of CPUs', () => {
    const scenario = load('cpus: 4');
    expect(scenario).toMatchObject({
      file: 's.yaml',
      description: '',
      workload: [],
      timeline: [],
      print: [],
    });
    expect(scenario.runNs).toBeUndefined();
    expect(scenario.guest.cpus).toMatchObject({ present: 4, possible: 4, online: [0, 1, 2, 3] });
  });

  test('describes the guest', () => {
    const { guest } = load(`
kernel: "6.10"
arch: arm64
cpus: {present: 8, possible: 16, online: "0-3", isolated: 7, nohzFull: "5-6,15", nodes: 2, packages: 4, threadsPerCore: 2}
nrIrqs: 488
seed: 7
interruptTime: 1.5us
host: {version: "5.3", latency: {modifyChannel: 1ms, open: 50us, message: 10us, gpadl: 2ns}}
interrupts:
  - {irq: 8, chip: IO-APIC, hwirq: 8, flow: edge, name: rtc0, counts: {0: 1}}
architectureRows:
  IPI0: {0: 1, 7: 2}
  IPI1: 109
  IPI2: [1, 2]
`);
    expect(guest).toEqual({
      kernel: '6.10',
      arch: 'arm64',
      cpus: {
        ...{
          present: 8,
          possible: 16,
          online: [0, 1, 2, 3],
          wentOffline: [],
          isolated: [7],
          nohzFull: [5, 6, 15],
        },
        ...{ nodes: 2, packages: 4, threadsPerCore: 2, vendor: 'Intel' },
      },
      nrIrqs: 488,
      seed: 7,
      interruptTimeNs: 1500,
      host: {
        version: '5.3',
        latency: { modifyChannelNs: 1_000_000, openNs: 50_000, messageNs: 10_000, gpadlNs: 2 },
      },
      interrupts: [{ irq: 8, chip: 'IO-APIC', hwirq: 8, flow: 'edge', name: 'rtc0', counts: { 0: 1 } }],
      architectureRows: { IPI0: { 0: 1, 7: 2 }, IPI1: 109, IPI2: [1, 2] },
    });
  });

  test('describes devices', () => {
    const { guest } = load(`
cpus: 2
devices:
  - {driver: heartbeat, relid: 7}
  - {driver: storvsc, relid: 14, scsiHost: 1, subChannels: [23], instance: "{F8B3781A-1e82-4818-a1c3-63d806ec15bb}"}
  - {driver: netvsc, relid: 13, channels: 8, subChannels: [16, 17]}
  - {driver: vpci, relid: 47, domain: 0x7870}
  - {class: "{f8e65716-3cb3-4a06-9a60-1889c5cccab5}", relid: 2}
`);
    expect(guest.devices).toEqual([
      { driver: 'heartbeat', relid: 7 },
      {
        ...{ driver: 'storvsc', relid: 14, scsiHost: 1, subChannels: [23] },
        instance: 'f8b3781a-1e82-4818-a1c3-63d806ec15bb',
      },
      { driver: 'netvsc', relid: 13, channels: 8, subChannels: [16, 17] },
      { driver: 'vpci', relid: 47, domain: 0x7870 },
      { class: 'f8e65716-3cb3-4a06-9a60-1889c5cccab5', relid: 2 },
    ]);
  });

  test('describes workload, timeline and what to print', () => {
    const scenario = load(`
cpus: 4
devices: [{driver: netvsc, relid: 19}]
workload:
  - {relid: 19, signals: 100, during: 10s}
  - {relid: 19, total: 50, from: 1s, during: 2s}
  - {relid: 19, every: 1ms, jitter: 100us, from: 1s, until: 5s, burst: 2}
timeline:
  - {offline: 3, expect: EBUSY}
  - {at: 2s, affinity: {irq: 39, cpus: "0-1"}}
  - {affinity: {relid: 19, cpu: 0}}
  - {write: /proc/irq/39/smp_affinity_list, data: 0, expect: EINVAL}
  - {read: /sys/devices/system/cpu/online, expect: "0-2\\n"}
  - {read: /proc/irq/99/node, expect: ENOENT}
  - {read: /proc/stat, contains: intr}
  - {at: 3s, online: 3}
  - {offer: {driver: kvp, relid: 99}}
  - {rescind: 99}
  - {channels: {relid: 19, count: 4}}
  - {signal: 19, times: 3}
  - {count: {irq: 24, cpu: 0}, expect: 17}
  - {print: interrupts}
run: 10s
print: [interrupts, /proc/stat]
`);
    expect(scenario.workload).toEqual([
      { kind: 'spread', relid: 19, signals: 100, sinceBoot: false, fromNs: 0, duringNs: 10e9 },
      { kind: 'spread', relid: 19, signals: 50, sinceBoot: true, fromNs: 1e9, duringNs: 2e9 },
      { kind: 'periodic', relid: 19, everyNs: 1e6, jitterNs: 1e5, fromNs: 1e9, untilNs: 5e9, burst: 2 },
    ]);
    const success = { kind: 'success' };
    expect(scenario.timeline.map(({ atNs, action, expect }) => [atNs, action, expect])).toEqual([
      [0, { kind: 'offline', cpu: 3 }, { kind: 'errno', code: 'EBUSY' }],
      [2e9, { kind: 'affinity', irq: 39, cpus: '0-1' }, success],
      [2e9, { kind: 'channelCpu', relid: 19, cpu: 0 }, success],
      [
        2e9,
        { kind: 'write', path: '/proc/irq/39/smp_affinity_list', data: '0' },
        { kind: 'errno', code: 'EINVAL' },
      ],
      [2e9, { kind: 'read', path: '/sys/devices/system/cpu/online' }, { kind: 'text', text: '0-2\n' }],
      [2e9, { kind: 'read', path: '/proc/irq/99/node' }, { kind: 'errno', code: 'ENOENT' }],
      [2e9, { kind: 'read', path: '/proc/stat' }, { kind: 'contains', text: 'intr' }],
      [3e9, { kind: 'online', cpu: 3 }, success],
      [3e9, { kind: 'offer', device: { driver: 'kvp', relid: 99 } }, success],
      [3e9, { kind: 'rescind', relid: 99 }, success],
      [3e9, { kind: 'channels', relid: 19, count: 4 }, success],
      [3e9, { kind: 'signal', relid: 19, times: 3 }, success],
      [3e9, { kind: 'count', irq: 24, cpu: 0 }, { kind: 'count', count: 17 }],
      [3e9, { kind: 'print', path: '/proc/interrupts' }, success],
    ]);
    expect(scenario.timeline[0].place).toEqual({ file: 's.yaml', line: 9, column: 5 });
    expect(scenario.runNs).toBe(10e9);
    expect(scenario.print).toEqual(['/proc/interrupts', '/proc/stat']);
  });

  test('may use anchors and aliases', () => {
    const text = 'cpus: 2\ninterruptTime: &t 5us\nhost: {latency: &l {open: *t}}\n';
    expect(load(text).guest.host).toEqual({
      version: undefined,
      latency: expect.objectContaining({ openNs: 5000 }),
    });
  });
});

describe('what is wrong in a file is reported with its position:', () => {
  test.each([
    ['an empty file', '', '1:1: expected a mapping of keys such as "cpus" and "devices", not nothing'],
    ['a list', '[]', '1:1: expected a mapping of keys such as "cpus" and "devices", not a list'],
    [
      'a missing key',
      'arch: arm64',
      '1:1: "cpus" is missing: expected a number of CPUs or a mapping such as {present: 8, possible: 16}',
    ],
    [
      'YAML that is none',
      'cpus: [1\nb: 2',
      '2:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a repeated key', 'cpus: 1\ncpus: 2', '2:1: the key "cpus" is there twice'],
    [
      'a repeated key of a device',
      'cpus: 1\ndevices:\n  - {driver: kvp, relid: 3, "relid": 4}',
      '3:29: the key "relid" is there twice',
    ],
    ['an unknown alias', 'cpus: *x', '1:1: Unresolved alias (the anchor must be set before the alias): x'],
  ])('%s', (_what, text, message) => {
    expect(problems(text)).toEqual([message]);
  });

  test.each([
    [
      'kernel: 6.10',
      '2:9: expected one of "6.1", "6.10", "6.12", "6.18", "7.2", "7.3" (with the quotation marks), not 6.10, which without quotation marks is the number 6.1',
    ],
    ['arch: arm65', '2:7: expected one of x86_64, arm64, not "arm65"; did you mean "arm64"?'],
    ['sede: 1', '2:1: unknown key "sede"; did you mean "seed"?'],
    ['host: {latency: {opne: 1us}}', '2:18: unknown key "opne"; did you mean "open"?'],
    [
      'host: {qqq: 1}',
      '2:8: unknown key "qqq"; known here: version, latency, pendingSendSz, messageBuffers, throttle, sockets, storage, network, modifyClosed, status, pci, misbehave',
    ],
    ['run: 5', '2:6: expected a duration with its unit such as "10s", "1.5ms", "500us" or "20ns", not 5'],
    ['run: 5m', '2:6: expected a duration with its unit such as "10s", "1.5ms", "500us" or "20ns", not "5m"'],
    ['nrIrqs: many', '2:9: expected a whole number from 17 to 2147483647, not "many"'],
    ['seed:', '2:6: expected a whole number from 0 to 4294967295, not nothing'],
    ['print: interrupts', '2:8: expected a list such as [interrupts], not "interrupts"'],
    [
      'print: [/etc/passwd]',
      '2:9: expected "interrupts" or a path of the guest that begins with /proc/, /sys/ or /dev/, not "/etc/passwd"',
    ],
    ['devices: [heartbeat]', '2:11: expected a device, e.g. {driver: netvsc, relid: 13}, not "heartbeat"'],
    [
      'devices: [{driver: kvp}]',
      '2:11: "relid" is missing: expected a whole number from 1 to 2047, or "repeat", with which the host gives relids',
    ],
    [
      'devices: [{driver: netvsc, relid: 13, subChannels: 16-}]',
      '2:52: expected a list of relids such as [16, 17, 18] or "16-18,20", not "16-"',
    ],
    [
      'devices: [{driver: netvsc, relid: 13, subChannels: "18-16"}]',
      '2:52: the range 18-16 goes down: write 16-18',
    ],
    [
      'devices: [{driver: netvsc, repeat: 2, vf: 2}]',
      '2:43: "vf" is of one device, not of 2 alike: leave it out, or write the devices one by one',
    ],
    ['devices: [{driver: kvp, relid: 2048}]', '2:32: expected a whole number from 1 to 2047, not 2048'],
    ['devices: [{relid: 1}]', '2:11: a device needs "driver" or "class"'],
    ['devices: [{relid: 1, drivr: kvp}]', '2:22: unknown key "drivr"; did you mean "driver"?'],
    ['devices: [{driver: kvp, relid: 1, domain: 1}]', '2:43: only devices with driver vpci have "domain"'],
    [
      'devices: [{driver: kvp, relid: 1, subChannels: [2]}]',
      '2:48: only devices with driver storvsc or netvsc have "subChannels"',
    ],
    [
      'devices: [{class: 7, relid: 1}]',
      '2:19: expected a GUID such as "f8615163-df3e-46c5-913f-f2d2f965ed0e", not 7',
    ],
    [
      'interrupts: [{irq: 1, chip: x, flow: edge, name: x, counts: {a: 1}}]',
      '2:62: expected a CPU number as key, not "a"',
    ],
    [
      'interrupts: [{irq: 1, chip: x, flow: edge, name: x, counts: {4: 1}}]',
      '2:65: there is no CPU 4: this guest has CPUs 0-3',
    ],
    ['architectureRows: {LOX: 1}', '2:25: x86_64 has no row "LOX"; did you mean "LOC"?'],
    ['architectureRows: {LOC: -1}', '2:25: expected a whole number from 0 to 4294967295, not -1'],
    [
      'workload: [{relid: 1, signals: 5}]',
      '2:12: a workload needs "signals" or "total" and "during", or "every"',
    ],
    ['workload: [{relid: 1, every: 5s, during: 1s}]', '2:12: "during" and "every" do not go together'],
    [
      'workload: [{relid: 1, signals: 5, total: 6, during: 1s}]',
      '2:12: "signals" and "total" do not go together',
    ],
    ['workload: [{relid: 1, total: 6, every: 1s}]', '2:12: "total" and "every" do not go together'],
    [
      'timeline: [{at: 1s}]',
      '2:12: a step needs an action: one of offline, online, plugCpu, unplugCpu, affinity, write, read, offer, rescind, channels, indirection, ifdown, ifup, signal, raise, count, request, free, enable, disable, synchronize, wake, plug, unplug, queues, host, refused, hostCount, delivered, coalesced, lost, waiting, needless, latency, stimer0, suspend, resume, shutdown, panic, crash, kexec, rmmod, modprobe, connect, uio, print',
    ],
    ['timeline: [{ofline: 1}]', '2:13: unknown key "ofline"; did you mean "offline"?'],
    ['timeline: [{offline: 1, online: 2}]', '2:33: a step has one action, not 2 (offline, online)'],
    ['timeline: [{offline: 4}]', '2:22: there is no CPU 4: this guest has CPUs 0-3'],
    [
      'timeline: [{offline: 1, expect: EBUSSY}]',
      '2:33: expected the name of an errno such as EBUSY, or hang, not "EBUSSY"; did you mean "EBUSY"?',
    ],
    ['timeline: [{offline: 1, times: 3}]', '2:32: "times" goes with "signal" and "raise" and "stimer0" only'],
    ['timeline: [{write: /proc/x}]', '2:12: "data" is missing: expected what to write'],
    ['timeline: [{read: /proc/x, expect: a, contains: b}]', '2:36: give "expect" or "contains", not both'],
    ['timeline: [{count: {irq: 1}}]', '2:12: "count" needs "expect" with the number that must be there'],
    ['timeline: [{lost: 9, expect: 0}]', '2:19: no device has relid 9'],
    ['timeline: [{lost: 1}]', '2:12: "lost" needs "expect" with the number that must be there'],
    ['timeline: [{lost: 1, expect: none}]', '2:30: "lost" needs "expect" with the number that must be there'],
    ['timeline: [{needless: 1, expect: 0, p99: "<1us"}]', '2:42: "p99" goes with "latency" only'],
    ['timeline: [{latency: 9, p99: "<1us"}]', '2:22: no device has relid 9'],
    [
      'timeline: [{latency: 1, p99: 50us}]',
      '2:30: expected a limit such as "<50us", "<=1.5ms" or ">=20ns", not "50us"',
    ],
    [
      'timeline: [{latency: 1, p50: "<1us", max: "< 1 us"}]',
      '2:43: expected a limit such as "<50us", "<=1.5ms" or ">=20ns", not "< 1 us"',
    ],
    ['timeline: [{latency: 1, p95: "<1us"}]', '2:25: unknown key "p95"; did you mean "p99"?'],
    [
      'timeline: [{latency: 1}]',
      '2:12: "latency" needs one of p50, p99, p999, max with the limit that must hold, e.g. p99: "<50us"',
    ],
    [
      'timeline: [{latency: 1, expect: 5}]',
      '2:33: "latency" expects its times by p50, p99, p999, max, e.g. p99: "<50us"',
    ],
    [
      'interrupts: [{irq: 1, chip: x, flow: edge, cost: 1us}]',
      '2:50: "cost" is of the driver, and without "name" there is none',
    ],
    [
      'interrupts: [{irq: 1, chip: x, flow: percpu, name: x, thread: beside}]',
      `2:63: a per-CPU line's handler is the platform's, without "thread"`,
    ],
    [
      'interrupts: [{irq: 1, chip: x, flow: edge, name: x, managed: true}]',
      '2:62: a managed interrupt needs "affinity": the CPUs that it is for',
    ],
    [
      'interrupts: [{irq: 1, chip: x, flow: edge, name: x, flags: [IRQF_SHARE]}]',
      '2:61: expected a flag of request_irq such as IRQF_SHARED, not "IRQF_SHARE"; did you mean "IRQF_SHARED"?',
    ],
    [
      'timeline: [{raise: x}]',
      '2:20: expected the number of an IRQ, or a mapping such as {irq: 10, name: uart}, not "x"',
    ],
    ['timeline: [{print: interrupts, expect: EIO}]', '2:40: "print" has nothing to expect; use "read"'],
    [
      'timeline: [{affinity: {irq: 1, cpu: 1}}]',
      '2:23: an affinity has either irq and cpus, or relid and cpu',
    ],
    ['timeline: [{at: 2s, online: 1}, {at: 1s, online: 1}]', '2:38: 1s is before the 2s of an earlier step'],
    ['timeline: [{signal: 9}]', '2:21: no device has relid 9'],
    [
      'host: {misbehave: [{packet: any, do: corupt, field: payload}]}',
      '2:38: expected one of drop, delay, duplicate, reorder, corrupt, not "corupt"; did you mean "corrupt"?',
    ],
  ])('%s', (line, message) => {
    expect(problemsOf(line)).toEqual([message]);
  });

  test.each([
    ['{present: 4, possible: 2}', '1:30: expected at least the 4 CPUs that are present, not 2'],
    ['{present: 4, online: "0-4"}', '1:28: expected a list of CPUs of 0-3 such as "0-3,5", not "0-4"'],
    ['{present: 4, isolated: x}', '1:30: expected a list of CPUs of 0-3 such as "0-3,5", not "x"'],
    ['{present: 4, online: "1-3"}', '1:28: CPU 0 is always online: expected it in the list'],
    ['{present: 4, onlin: 0}', '1:20: unknown key "onlin"; did you mean "online"?'],
    ['{online: 0}', '1:7: "present" is missing: expected a whole number from 1 to 8192'],
    ['0', '1:7: expected a whole number from 1 to 8192, not 0'],
    ['many', '1:7: expected a number of CPUs or a mapping such as {present: 8, possible: 16}, not "many"'],
  ])('cpus: %s', (cpus, message) => {
    expect(problems(`cpus: ${cpus}`)).toEqual([message]);
  });

  test('CPUs that do not divide', () => {
    expect(problems('cpus: {present: 6, packages: 2, threadsPerCore: 2}')).toEqual([
      '1:7: 6 CPUs do not divide into 1 nodes, 2 packages and 2 threads a core',
    ]);
  });

  test('relids in use, until they are rescinded', () => {
    const text = (timeline: string) => `
cpus: 4
devices:
  - {driver: netvsc, relid: 13, subChannels: [16, 13]}
  - {driver: kvp, relid: 16}
timeline:
${timeline}`;
    expect(problems(text('  - {offer: {driver: vss, relid: 16}}'))).toEqual([
      '4:51: relid 13 is in use already',
      '5:26: relid 16 is in use already',
      '7:34: relid 16 is in use already',
    ]);
    const rescinded = 'cpus: 4\ndevices: [{driver: netvsc, relid: 13, subChannels: [16]}]\ntimeline:\n';
    expect(problems(`${rescinded}  - {rescind: 13}\n  - {offer: {driver: vss, relid: 16}}`)).toEqual([]);
  });

  test.each([
    [
      '{relid: 7, signals: 1000000000, during: 1ns}',
      '1000000000 signals in 1ns are more than one each nanosecond',
    ],
    ['{relid: 7, signals: 11, during: 10ns}', '11 signals in 10ns are more than one each nanosecond'],
    [
      '{nic: 13, packets: 1000, during: 99ns, burst: 10}',
      '100 bursts in 99ns are more than one each nanosecond',
    ],
    ['{relid: 7, every: 1ns}', '10000000000 signals in all are more than the 1000000000 that can be run'],
    [
      '{relid: 7, every: 1ms, burst: 200000, until: 6s}',
      '1200000000 signals in all are more than the 1000000000 that can be run',
    ],
    [
      '{disk: 14, iops: 100000000, during: 11s}',
      '1100000000 I/Os in all are more than the 1000000000 that can be run',
    ],
  ])('workload that no machine could run: %s', (item, message) => {
    const text = `cpus: 2
devices: [{driver: heartbeat, relid: 7}, {driver: netvsc, relid: 13, channels: 1}, {driver: storvsc, relid: 14}]
workload:
  - ${item}
run: 10s
`;
    expect(problems(text)).toEqual([`4:5: ${message}`]);
  });

  test('workload that cannot be', () => {
    const text = `
cpus: 4
devices: [{driver: kvp, relid: 1}]
workload:
  - {relid: 1, every: 1ms, jitter: 1ms, until: 1s}
  - {relid: 1, every: 1ms, from: 2s, until: 1s}
  - {relid: 1, every: 0s, until: 1s}
  - {relid: 1, every: 1s}
  - {relid: 1, signals: 1, during: 0s}
  - {relid: 2, signals: 1, during: 1s}
`;
    expect(problems(text)).toEqual([
      '5:36: expected less than the 1ms of "every"',
      '6:45: expected more than the 2s of "from"',
      '7:23: expected more than 0s',
      '8:5: a workload with "every" never ends: give it "until", or the file "run"',
      '9:36: expected more than 0s',
      '10:13: no device has relid 2',
    ]);
  });

  test('steps after the end', () => {
    expect(problems('cpus: 2\nrun: 1s\ntimeline: [{at: 1s, online: 1}, {at: 2s, online: 1}]')).toEqual([
      '3:38: 2s is after the end of the run at 1s',
    ]);
  });

  test('everything at once, in order of position', () => {
    const text = `
print: [x]
cpus: 4
timeline:
  - {offline: 9}
  - {offline: many}
devices:
  - {driver: kvp, relid: 3}
  - {driver: vss, relid: 3}
  - {driver: kvpp, relid: 3}
`;
    expect(problems(text)).toEqual([
      '2:9: expected "interrupts" or a path of the guest that begins with /proc/, /sys/ or /dev/, not "x"',
      '5:15: there is no CPU 9: this guest has CPUs 0-3',
      '6:15: expected a whole number from 0 to 8191, not "many"',
      '9:26: relid 3 is in use already',
      expect.stringMatching(/^10:14: expected one of .*, not "kvpp"; did you mean "kvp"\?$/),
    ]);
  });

  test('how long it takes to say what is wrong grows with the file, not with its square', () => {
    // What is quadratic does not get through 40,000 keys in the time that a test has: minutes, not seconds.
    const keys = Array.from({ length: 40_000 }, (_, i) => `key${i}: 1\n`);
    expect(problems(`cpus: 2\n${keys.join('')}`)).toHaveLength(40_000);
  });

  test('the message begins each line with the file', () => {
    expect(() => load('cpus: 0\nx: 1')).toThrow(/^s\.yaml:1:7: [^\n]*\ns\.yaml:2:1: [^\n]*$/);
  });
});

describe('guests as captures show them', () => {
  const guestOf = (text: string) => parseScenario(text, 'x.yaml').guest;

  test('interrupts without irqdomain, action or flow name, and chips that print themselves', () => {
    const { interrupts } = guestOf(
      'cpus: 2\ninterrupts:\n  - {irq: 7, chip: " odd", chipPrinted: true, hwirq: null, flow: simple, flowName: null, affinity: "0-1"}',
    );
    expect(interrupts).toEqual([
      {
        irq: 7,
        chip: ' odd',
        chipPrinted: true,
        hwirq: null,
        flow: 'simple',
        flowName: null,
        affinity: '0-1',
      },
    ]);
  });

  test('a list of rows, channels, and how it is all shown', () => {
    const guest = guestOf(
      'cpus: 2\ndevices: [{driver: heartbeat, relid: 7}]\nchannels: [{relid: 7, cpu: 1, counts: {1: 5}}]\n' +
        'architectureRows: [{label: NMI, counts: 0, text: x}, {label: ERR, total: 5}, {label: FIQ, text: y, above: true}]\n' +
        'procInterrupts: {form: "3.18", arch: mips, levelColumn: true, chipWidth: 9}',
    );
    expect(guest.channels).toEqual([{ relid: 7, cpu: 1, counts: { 1: 5 } }]);
    expect(guest.architectureRows).toHaveLength(3);
    expect(guest.procInterrupts).toEqual({ form: '3.18', arch: 'mips', levelColumn: true, chipWidth: 9 });
  });

  test('without VMBus CPU 0 may be offline, and there are no devices', () => {
    expect(guestOf('vmbus: false\ncpus: {present: 2, online: 1}').cpus).toMatchObject({ online: [1] });
  });

  test.each([
    ['cpus: 2\nchannels: [{relid: 7}]', '2:20: no device has relid 7 from the start'],
    [
      'cpus: 2\ndevices: [{driver: kvp, relid: 7}]\nchannels: [{relid: 7, cpu: 2}]',
      '3:28: there is no CPU 2: this guest has CPUs 0-1',
    ],
    [
      'cpus: 2\nvmbus: false\ndevices: [{driver: kvp, relid: 7}]',
      '3:10: a machine without VMBus has no devices of Hyper-V',
    ],
    [
      'cpus: 2\narchitectureRows: [{label: X, counts: {2: 1}}]',
      '2:43: there is no CPU 2: this guest has CPUs 0-1',
    ],
    [
      'cpus: 2\narchitectureRows: [{label: X, counts: 1, total: 1}]',
      '2:49: "counts" and "total" do not go together',
    ],
    [
      'cpus: 2\ninterrupts: [{irq: 1, chip: x, flow: edge, affinity: "4"}]',
      '2:54: expected a list of CPUs of 0-1, not "4"',
    ],
  ])('%j', (text, message) => {
    expect(() => guestOf(text)).toThrow(`x.yaml:${message}`);
  });
});

test('the parser says nothing to the terminal by itself', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  for (const text of ['{ {a: b}: c }', '? [x]\n: y', 'cpus: 4\n? {run: 1ms}\n: z'])
    expect(() => parseScenario(text, 'f')).toThrow(ScenarioError);
  await new Promise(setImmediate);
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
