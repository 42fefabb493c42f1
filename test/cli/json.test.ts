import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type JsonFormat, jsonVersions } from '../../src/command/json.js';
import { Guest } from '../../src/guest/guest.js';
import { ControlSocket } from '../../src/live/control/server.js';
import { parseScenario } from '../../src/scenario/load.js';
import { GuestCommands } from '../../src/steer/guest-commands.js';
import { LiveGuest } from '../../src/steer/live-guest.js';
import { irqlab } from '../support/cli.js';
import { mismatches, promisesOf } from '../support/json-schema.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('json');
const examples = 'examples/';
const recording = `${examples}slow-vm/recording.tar.gz`;
const formats = Object.keys(jsonVersions) as JsonFormat[];

/** What a command prints is of the format, and as its schema says. */
async function expectJson(format: JsonFormat, args: readonly string[], stdin?: string): Promise<unknown> {
  const { out } = await irqlab([...args, '--json'], stdin);
  const value = JSON.parse(out) as { readonly format: unknown; readonly version: unknown };
  expect(value).toMatchObject({ format: `irqlab-${format}`, version: jsonVersions[format] });
  expect(mismatches(format, value)).toEqual([]);
  return value;
}

const commands: readonly (readonly [JsonFormat, ...string[]])[] = [
  ['run', 'run', `${examples}cpu-offline.yaml`, '--stats'],
  ['run', 'run', `${examples}disk-and-nic.yaml`],
  ['cat', 'cat', `${examples}cpu-offline.yaml`, '/proc/irq/24/smp_affinity', '/proc/irq/24', '/proc/no'],
  ['compare', 'compare', `${examples}compare-offline.yaml`, '--vary', 'offline-guard'],
  ['diff', 'diff', recording, recording],
  ['diff', 'diff', `${examples}cpu-offline.yaml`, `${examples}interrupt-lines.yaml`],
  ['examples', 'examples'],
  ['explain', 'explain', recording],
  ['import', 'import', recording],
  ['litmus', 'litmus', `${examples}litmus/MP+dmb.ishst+addr.litmus`],
  ['test', 'test', `${examples}cpu-offline.yaml`],
  ['explore-list', 'explore'],
  ['explore-table', 'explore', 'affinity-vs-offline'],
  ['explore', 'explore', 'modchan-offline', '--variant', 'no-wait'],
];

test.each(commands.map(([format, ...args]) => [args.join(' '), format, args] as const))(
  'irqlab %s --json',
  async (_, format, args) => {
    await expectJson(format, args);
  },
);

test('a guest that hangs', async () => {
  const host = '{misbehave: [{message: GPADL_CREATED, do: drop}]}';
  const scenario = `cpus: 2\ndevices: [{driver: netvsc, relid: 13}]\nhost: ${host}\nrun: 1s\n`;
  const value = await expectJson('run', ['run', '-'], scenario);
  expect(value).toMatchObject({ ok: false, hangs: [{ function: 'vmbus_establish_gpadl' }] });
});

test('tests of which one fails; with a reporter beside it, which report is not clear', async () => {
  const bad = directory.file('bad.yaml', 'cpus: 0\n');
  expect(await expectJson('test', ['test', bad, `${examples}cpu-files.yaml`])).toMatchObject({
    ok: false,
    files: [
      { file: bad, ok: false },
      { file: `${examples}cpu-files.yaml`, ok: true },
    ],
  });
  const { status, err } = await irqlab(['test', bad, '--json', '--reporter', 'tap']);
  expect({ status, err }).toEqual({
    status: 2,
    err: expect.stringContaining('--json and --reporter name two reports'),
  });
});

test('a replay', async () => {
  const trace = join(directory.path, 'lost.json');
  await irqlab(['explore', 'modchan-offline', '--variant', 'no-wait', '--save', trace]);
  expect(await expectJson('replay', ['replay', trace])).toMatchObject({ violation: { kind: 'finally' } });
});

test('a check of captures, good and bad', async () => {
  const bad = directory.file('bad.txt', '           CPU0\n 24:  x\n');
  const good = directory.file(
    'good.txt',
    (await irqlab(['cat', `${examples}cpu-offline.yaml`, '/proc/interrupts'])).out,
  );
  const value = await expectJson('import-check', ['import', '--check', good, bad]);
  expect(value).toMatchObject({
    ok: false,
    files: [
      { file: good, ok: true },
      { file: bad, ok: false },
    ],
  });
});

test('recordings of kernels, with what differs', async () => {
  const [first] = gunzipSync(readFileSync('test/golden/genirq-api.jsonl.gz')).toString('utf8').split('\n');
  const recordings = mkdtempSync(join(directory.path, 'recordings-'));
  writeFileSync(join(recordings, 'right.jsonl'), `${first}\n`);
  writeFileSync(join(recordings, 'wrong.jsonl'), `${first.replace('"ret":0', '"ret":7')}\n`);
  const value = await expectJson('conformance', ['conformance', recordings]);
  expect(value).toMatchObject({ ok: false, passed: 1, failed: 1 });
});

describe('ctl', () => {
  const scenario = parseScenario('cpus: 2\ndevices:\n  - {driver: netvsc, relid: 13}\nrun: 1s\n', 'guest');

  test.each([
    ['status', true],
    ['dmesg', true],
    ['rescind 99', false],
    ['nonsense', false],
  ])('%s', async (command, ok) => {
    const socket = join(directory.path, 'socket');
    const guest = Guest.create(scenario.guest);
    const live = new LiveGuest(guest, scenario, { speed: 0, nowMs: () => 0, sleep, onFailure: () => {} });
    const control = await ControlSocket.listen(socket, new GuestCommands(guest, live), () => {});
    try {
      expect(await expectJson('ctl', ['ctl', socket, ...command.split(' ')])).toMatchObject({ ok });
    } finally {
      control.close();
    }
  });
});

/** What each version has promised. What is added is added here; who takes something away gives the format another version. */
const promised = JSON.parse(readFileSync(new URL('json-promises.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, { readonly version: number; readonly keys: readonly string[] }>
>;

test.each(formats)('%s keeps what its version promises', (format) => {
  const { version, keys } = promised[format];
  const now = promisesOf(format);
  const gone = keys.filter((key) => !now.includes(key));
  expect({ version: jsonVersions[format], gone }).toEqual({ version, gone: [] });
  expect({ notInPromises: now.filter((key) => !keys.includes(key)) }).toEqual({ notInPromises: [] });
});

test('all formats have their schema, and are on the page about them', () => {
  expect(readdirSync('schema/json').sort()).toEqual(formats.map((format) => `${format}.schema.json`).sort());
  const page = readFileSync('docs/json.md', 'utf8');
  expect(formats.filter((format) => !page.includes(`\`irqlab-${format}\``))).toEqual([]);
});
