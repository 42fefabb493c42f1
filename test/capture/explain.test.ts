import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../../src/capture/picture/explain.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('explain');

const machine = `cpus: {present: 8, nodes: 2}
cmdline: isolcpus=7
devices:
  - {driver: storvsc, relid: 14, subChannels: [15]}
  - {driver: netvsc, relid: 20, channels: 4, subChannels: [21, 22, 23]}
channels:
  - {relid: 14, cpu: 0}
  - {relid: 15, cpu: 1}
  - {relid: 20, cpu: 4}
  - {relid: 21, cpu: 4}
  - {relid: 22, cpu: 5}
  - {relid: 23, cpu: 7}
interrupts:
  - {irq: 8, chip: IO-APIC, flow: edge, name: rtc0, affinity: "0-3", cpu: 2}
workload:
  - {relid: 14, every: 10ms}
  - {relid: 20, every: 2ms}
  - {relid: 21, every: 4ms}
  - {relid: 23, every: 100ms}
run: 10s
`;

describe('explain', () => {
  test('says what is where, what keeps CPUs, what is isolated and uneven, each with its files', async () => {
    const file = directory.file('machine.yaml', machine);
    const { status, out, err } = await irqlab(['explain', file]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain(
      '  CPU 4: netvsc 20 (channel 20, IRQ 25, channel 21, IRQ 26); 750 interrupts a second\n' +
        '      [/sys/bus/vmbus/devices/*/channels/*/cpu]\n',
    );
    expect(out).toContain(
      '  CPU 2: rtc0 (IRQ 8); 0 interrupts a second\n      [/proc/irq/*/effective_affinity_list]\n',
    );
    expect(out).toContain(
      '  CPU 5: channel 22 (netvsc); to free it:\n    echo 6 | tee /sys/bus/vmbus/devices/*/channels/22/cpu\n',
    );
    expect(out).toContain('  nothing of VMBus keeps CPUs 2-3,6\n');
    expect(out).toContain('  channel 23 (netvsc) is on CPU 7, which is isolated: 10 interrupts a second\n');
    expect(out).toContain(
      '  CPU 4 has 750 interrupts a second, 87.2 % of all; most are of channel 20 (netvsc), 500\n',
    );
    expect(out).toContain('  node 1 has 88.4 % of the interrupts and 50 % of the CPUs\n');
    const { answers } = JSON.parse((await irqlab(['explain', file, '--json'])).out) as {
      answers: Answer[];
    };
    expect(answers.map(({ question }) => question)).toHaveLength(4);
    for (const { statements } of answers) for (const { from } of statements) expect(from).not.toBe('');
  });

  test('a machine without VMBus and a capture without anything else', async () => {
    const text =
      '           CPU0       CPU1       \n  8:          3          0   IO-APIC   8-edge      rtc0\n';
    const { status, out } = await irqlab(['explain', directory.file('interrupts.txt', text)]);
    expect(status).toBe(0);
    expect(out).toContain('  nothing of VMBus keeps CPUs 1\n');
    expect(out).toContain('  there are no rates: the recording has no two snapshots\n');
  });
});

describe('plan offline', () => {
  test('channels go to the CPU of their node with the least to do, none to an isolated one, and a guest has done it', async () => {
    const file = directory.file('machine.yaml', machine);
    const output = `${directory.path}/offline.sh`;
    const { status, out, err } = await irqlab(['plan', 'offline', '4-5', file, '-o', output]);
    expect({ status, out, err }).toEqual({ status: 0, out: '', err: '' });
    const script = readFileSync(output, 'utf8');
    expect(script.slice(script.indexOf('set -e'))).toBe(`set -e
move() { # a channel, by its relid, to a CPU
  echo "$2" | tee /sys/bus/vmbus/devices/*/channels/"$1"/cpu >/dev/null
}
move 20 6  # channel 20 (netvsc): from CPU 4, 500/s
move 21 6  # channel 21 (netvsc): from CPU 4, 250/s
move 22 6  # channel 22 (netvsc): from CPU 5, 0/s
for cpu in 4 5; do echo 0 >/sys/devices/system/cpu/cpu$cpu/online; done
`);
  });

  test('a whole node: its channels go to the other', async () => {
    const { out } = await irqlab(['plan', 'offline', '4-7', directory.file('machine.yaml', machine)]);
    const targets = [...out.matchAll(/^move (\d+) (\d+) /gm)].map(([, relid, cpu]) => [
      Number(relid),
      Number(cpu),
    ]);
    expect(targets.map(([relid]) => relid)).toEqual([20, 21, 23, 22]);
    for (const [, cpu] of targets) expect([1, 2, 3]).toContain(cpu);
  });

  test.each([
    ['0', 'CPU 0 cannot go offline: VMBus has its messages there'],
    ['8', 'expected CPUs of 0-7 such as 4-7, not "8"'],
    ['x', 'expected CPUs of 0-7 such as 4-7, not "x"'],
  ])('%s is refused', async (cpus, said) => {
    const { status, out, err } = await irqlab([
      'plan',
      'offline',
      cpus,
      directory.file('machine.yaml', machine),
    ]);
    expect({ status, out, err }).toEqual({ status: 2, out: '', err: `irqlab: ${said}\n` });
  });

  test('what the guest cannot do is not printed', async () => {
    const old = directory.file(
      'old.yaml',
      machine
        .replace('cmdline: isolcpus=7\n', 'host: {version: "4.0"}\ncmdline: hv_vmbus.max_version=0x40000\n')
        .replaceAll(/^ {2}- \{relid: \d+, cpu: \d\}\n/gm, '')
        .replace('channels:\n', ''),
    );
    const { status, out, err } = await irqlab(['plan', 'offline', '4-7', old]);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toContain(
      `irqlab: a guest made of ${old} cannot do it: EIO: the host cannot move channel 20`,
    );
  });
});

test('of a managed interrupt on an isolated CPU it says what alone can help', async () => {
  const file = directory.file(
    'nvme.yaml',
    'kernel: "6.12"\ncpus: 4\ncmdline: isolcpus=3\nvmbus: false\npci: [{nvme: {queues: 4}}]\nrun: 1s\n',
  );
  const { status, out } = await irqlab(['explain', file]);
  expect(status).toBe(0);
  expect(out).toMatch(/\(nvme0q\d\) is on CPU 3, which is isolated.*; the kernel alone moves it: /);
});
