import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { MachineFiles } from '../../src/capture/bundle/machine-files.js';
import { recordingOf } from '../../src/capture/bundle/recording.js';
import { machineOfRecording } from '../../src/capture/captured-machine.js';
import { diffPictures, type PictureDiff } from '../../src/capture/picture/diff.js';
import { diffText } from '../../src/capture/picture/diff-text.js';
import { type MachinePicture, pictureOf } from '../../src/capture/picture/machine-picture.js';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { irqlab } from '../support/cli.js';
import { recordedGuest } from '../support/recorded-guest.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('diff');

/** Writes a recording as an unpacked archive has it. */
function write(name: string, files: MachineFiles): string {
  const root = join(directory.path, name);
  for (const path of files.files()) {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, files.bytes(path) ?? '');
  }
  return root;
}

const scenario = parseScenario(
  `cpus: 4
devices:
  - {driver: storvsc, relid: 14, subChannels: [15]}
  - {driver: netvsc, relid: 20, channels: 2, subChannels: [21]}
interrupts:
  - {irq: 8, chip: IO-APIC, flow: edge, name: rtc0}
workload:
  - {relid: 14, every: 10ms}
  - {relid: 21, every: 20ms, until: 11s}
run: 100s
`,
  'machine',
);

test('what moved, appeared and went, and rates before and after', async () => {
  const vm = Guest.ofScenario(scenario);
  const before = write('before', recordedGuest(vm, 10));
  vm.channel(14).setCpu(3);
  vm.channel(21).setCpu(1);
  vm.cpu(2).offline();
  vm.host.plug({ driver: 'heartbeat', relid: 7 });
  vm.lines.unplug(8);
  vm.run({ seconds: 2 });
  const after = write('after', recordedGuest(vm, 10));
  const { status, out, err } = await irqlab(['diff', before, after]);
  expect({ status, err }).toEqual({ status: 1, err: '' });
  expect(out).toContain(
    'before (irqlab record) → after (irqlab record)\nCPUs\n  no longer online: 2\nmoved\n',
  );
  expect(out).toContain('  channel 14 (pri@storvsc0): CPU 0 → 3\n');
  expect(out).toContain('appeared\n  channel 7 (heartbeat)\nwent\n  IRQ 8 (rtc0)\n');
  expect(out).toMatch(/^ {2}CPU 3 +0 → 100$/m);
  expect(out).toMatch(/^ {2}netvsc 20 +50\.1 → 0$/m);
  expect(out).not.toMatch(/^ {2}storvsc 14/m);
  const json = JSON.parse((await irqlab(['diff', before, after, '--json'])).out) as PictureDiff;
  expect(json.cpusWent).toEqual([2]);
  expect(json.rates?.devices).toEqual([{ of: 'netvsc 20', before: expect.closeTo(50, 0), after: 0 }]);
  expect(await irqlab(['diff', before, before])).toMatchObject({
    status: 0,
    out: 'before (irqlab record) → before (irqlab record)\nnothing has moved, appeared or gone\n',
  });
});

test('what rings and monitors are like: a host that reads slowly, and other rings after a boot', () => {
  const picture = (files: MachineFiles): MachinePicture =>
    pictureOf(machineOfRecording(recordingOf(files), false));
  const vm = Guest.ofScenario(scenario);
  const before = picture(recordedGuest(vm, 0));
  const slower = recordedGuest(vm, 0);
  const [path] = [...slower.files()].filter((one) => one.endsWith('/channels/21/out_full_total'));
  slower.add(path, { kind: 'file', bytes: Buffer.from('12\n') });
  expect(diffText(diffPictures(before, picture(slower)), 'one', 'other')).toBe(
    'one → other\nrings and monitors\n  channel 21 (netvsc): out_full_total 0 → 12\n',
  );
  const booted = Guest.create({ ...scenario.guest, moduleParameters: { hv_netvsc: { ring_size: 64 } } });
  expect(diffPictures(before, picture(recordedGuest(booted, 0))).figures).toEqual([
    { line: 'channel 20 (netvsc)', what: 'bytes of the ring to the host', before: 524288, after: 262144 },
  ]);
});

test('captures without rates: what was counted in between; a scenario against a capture', async () => {
  const vm = Guest.ofScenario(scenario);
  const one = directory.file('one.txt', vm.procInterrupts());
  vm.run({ seconds: 1 });
  const other = directory.file('other.txt', vm.procInterrupts());
  expect((await irqlab(['diff', one, other])).out).toContain(
    'interrupts in between\n  channel 14 (pri@storvsc0): 101\n  channel 21 (netvsc): 51\n',
  );
  const file = directory.file('idle.yaml', 'cpus: 2\nrun: 1s\n');
  const { status, out } = await irqlab(['diff', file, other]);
  expect(status).toBe(1);
  expect(out).toContain('CPUs\n  online now: 2-3\nappeared\n');
  expect(await irqlab(['diff', one, join(directory.path, 'nothing')])).toMatchObject({
    status: 2,
    err: `irqlab: cannot read ${join(directory.path, 'nothing')}: there is no such file\n`,
  });
});
