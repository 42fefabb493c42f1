import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import type { CommandTaker } from '../../../src/steer/answer.js';
import { ControlSocket } from '../../../src/live/control/server.js';
import { commandOf } from '../../../src/live/control/client.js';
import { GuestCommands } from '../../../src/steer/guest-commands.js';
import { LiveGuest } from '../../../src/steer/live-guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { irqlab } from '../../support/cli.js';

const scenario = parseScenario(
  `
cpus: 4
devices:
  - {driver: heartbeat, relid: 7}
  - {driver: netvsc, relid: 13, channels: 2, subChannels: [14]}
workload:
  - {relid: 7, every: 10ms}
run: 1s
`,
  'control.yaml',
);

let directory: string;
let path: string;
let guest: Guest;
let control: ControlSocket;
let defects: unknown[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'irqlab-control-'));
  path = join(directory, 'socket');
  guest = Guest.create(scenario.guest);
  const live = new LiveGuest(guest, scenario, { speed: 0, nowMs: () => 0, sleep, onFailure: () => {} });
  defects = [];
  control = await ControlSocket.listen(path, new GuestCommands(guest, live), (error) => defects.push(error));
});

afterEach(() => {
  control.close();
  rmSync(directory, { recursive: true });
  expect(defects).toEqual([]);
});

/** Sends some text and gives back so many lines of the answer. */
function exchange(text: string, lines: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(text));
    let answer = '';
    socket.on('error', reject).on('data', (chunk) => {
      answer += chunk.toString();
      const parts = answer.split('\n').slice(0, -1);
      if (parts.length < lines) return;
      socket.destroy();
      resolve(parts.map((line) => JSON.parse(line)));
    });
  });
}

async function ctl(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const { status, out, err } = await irqlab(['ctl', path, ...args]);
  return { status, out, err };
}

describe('the socket', () => {
  test('answers line by line, in order', async () => {
    const lines = [
      '{"run": "95ms"}',
      '',
      '{"offline": 3}',
      '{"read": "/sys/devices/system/cpu/online"}',
      'x: [',
      '{"run": 1}',
    ];
    expect(await exchange(`${lines.join('\n')}\n`, 5)).toEqual([
      { ok: true },
      { ok: true },
      { ok: true, result: '0-2\n' },
      { ok: false, code: 'usage', message: expect.any(String) },
      { ok: false, code: 'usage', message: expect.stringMatching(/^run: expected a duration/) },
    ]);
    expect(guest.signalled(7)).toBeGreaterThanOrEqual(10);
  });

  test('takes lines that end as on other systems', async () => {
    expect(await exchange('{"speed": 1}\r\n{"rescind": 99}\r\n', 2)).toEqual([
      { ok: true },
      { ok: false, code: 'not possible', message: expect.any(String) },
    ]);
  });

  test('names aliases without end, as all that is wrong in a command', async () => {
    const bomb = 'a: &a [x, x, x, x, x, x, x, x, x], b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]';
    const more = 'c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b], d: [*c, *c]';
    expect(await exchange(`{${bomb}, ${more}}\n{a: *nothing}\n`, 2)).toEqual([
      { ok: false, code: 'usage', message: expect.stringContaining('alias') },
      { ok: false, code: 'usage', message: expect.stringContaining('alias') },
    ]);
  });

  test.each([
    ['{relid: 7, every: 0ms}', 'workload every: expected more than 0s'],
    ['{relid: 7, every: 1ms, jitter: 1ms}', 'workload jitter: expected less than the 1ms of "every"'],
    [
      '{relid: 7, signals: 1000000000, during: 1ns}',
      'workload: 1000000000 signals in 1ns are more than one each nanosecond',
    ],
    ['{disk: 20, iops: 1, during: 1ms}', 'workload iops: expected enough for one I/O in 1ms'],
    ['{relid: 99, every: 1ms}', 'workload: no device has relid 99'],
    ['{disk: nvme0, outstanding: 1, ios: 9}', 'workload: there is no PCI device nvme0; known: none'],
  ])('starts no workload that cannot be: %s', async (workload, message) => {
    expect(await exchange(`{workload: ${workload}}\n`, 1)).toEqual([{ ok: false, code: 'usage', message }]);
  });

  test('lets who sends too long a line go', async () => {
    const socket = connect(path);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {}).write('x'.repeat(70_000));
    await closed;
  });

  test('carries out no more commands than answers are read', async () => {
    control.close();
    let carriedOut = 0;
    const taker: CommandTaker = {
      answer: async () => {
        carriedOut += 1;
        return { ok: true, result: 'x'.repeat(1_000_000) };
      },
    };
    control = await ControlSocket.listen(path, taker, (error) => defects.push(error));
    const socket = connect(path).pause();
    const asked = 50;
    socket.write('{}\n'.repeat(asked));
    while (carriedOut === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
    // The kernel keeps some bytes for the client, not all.
    expect(carriedOut).toBeLessThan(asked / 2);
    let answers = 0;
    socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) answers += 1;
      if (answers === asked) socket.destroy();
    });
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(carriedOut).toBe(asked);
  });

  test('takes away only what is its own', () => {
    rmSync(path);
    writeFileSync(path, 'somebody else’s');
    control.close();
    expect(readFileSync(path, 'utf8')).toBe('somebody else’s');
  });

  test('is open to its owner only', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('can be used by one guest only', async () => {
    const commands = { answer: () => ({ ok: true }) } as unknown as GuestCommands;
    await expect(ControlSocket.listen(path, commands, () => {})).rejects.toThrow(/exists already/);
  });
});

describe('irqlab ctl', () => {
  test('steers the guest', async () => {
    const done = { status: 0, out: '', err: '' };
    expect(await ctl('signal', '7', 'times=3')).toEqual(done);
    expect(await ctl('rescind', '13')).toEqual(done);
    expect(guest.vmbus.bus.devices).toHaveLength(1);
    expect(await ctl('offer', 'driver=netvsc', 'relid=40', 'channels=2', 'subChannels=[41]')).toEqual(done);
    expect(guest.channel(41).state).toBe('opened');
    expect(await ctl('latency', 'modifyChannel=20ms')).toEqual(done);
    expect(await ctl('write', '/proc/irq/default_smp_affinity', 'data=3')).toEqual(done);
    expect(await ctl('read', '/proc/irq/default_smp_affinity')).toEqual({ ...done, out: '3\n' });
    expect(await ctl('workload', 'relid=40', 'every=1ms')).toEqual(done);
    expect(await ctl('run', '10ms')).toEqual(done);
    expect(await ctl('speed', '0.5')).toEqual(done);
    const { out: log } = await ctl('dmesg');
    expect(log).toMatch(/^\[ +\d+\.\d{6}\] \S.*\n/);
    const { out } = await ctl('status');
    expect(JSON.parse(out)).toMatchObject({
      time: expect.stringMatching(/^11(\.\d+)?ms$/),
      speed: 0.5,
      behind: '0s',
      online: '0-3',
      workload: [
        { relid: 7, kind: 'periodic' },
        { relid: 40, kind: 'periodic', sent: 11, unsent: 0 },
      ],
    });
    expect(await ctl('stop', '40')).toMatchObject({ status: 0, out: '{\n  "stopped": 1\n}\n' });
  });

  test('the host takes as long as it was told', async () => {
    const startNs = guest.now;
    await ctl('latency', 'message=5ms');
    await ctl('rescind', '13');
    expect(guest.now - startNs).toBeGreaterThanOrEqual(5e6);
  });

  test('what the guest refuses comes with its errno', async () => {
    const { status, err } = await ctl('offline', '0');
    expect(status).toBe(1);
    expect(err).toMatch(/^irqlab: E[A-Z]+: /);
    expect(await ctl('rescind', '99')).toMatchObject({ status: 1 });
  });

  test('--help has the commands that the guest knows', async () => {
    const { err } = await ctl('frob', '1');
    const [, names = ''] = /there are (.*)\n/.exec(err) ?? [];
    const { out } = await irqlab(['ctl', '--help']);
    expect(out.replace(/\s+/g, ' ')).toContain(` ${names} `);
  });

  test('wrong use', async () => {
    expect(await ctl('offlin', '3')).toMatchObject({
      status: 2,
      err: expect.stringContaining('unknown command "offlin"; did you mean "offline"?'),
    });
    expect(await ctl('frob', '1')).toMatchObject({
      status: 2,
      // All that can be said here, and nothing that only goes with it (at, data, times).
      err: expect.stringMatching(
        /unknown command "frob"; there are status, dmesg, run, .*, offline, .*, print\n/,
      ),
    });
    expect(await ctl('speed', 'fast')).toMatchObject({
      status: 2,
      err: expect.stringContaining('expected a number'),
    });
    expect(await ctl('offline', '1', '2')).toMatchObject({ status: 2 });
    expect(await ctl('offline')).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^irqlab: offline: expected .*, not nothing\n/),
    });
    expect(await ctl('status', 'x')).toMatchObject({
      status: 2,
      err: 'irqlab: status takes no value\nTry "irqlab ctl --help".\n',
    });
    expect(await ctl('stop', '99')).toMatchObject({
      status: 1,
      err: 'irqlab: not possible: there is no workload of 99; status lists what there is\n',
    });
    expect(await ctl('run', '1s', 'stop=3')).toMatchObject({
      status: 2,
      err: expect.stringContaining('one command'),
    });
    path = join(directory, 'nobody');
    expect(await ctl('status')).toMatchObject({ status: 2, err: expect.stringContaining('nobody listens') });
  });
});

test('words become a command', () => {
  expect(commandOf('status', [])).toEqual({ status: true });
  expect(commandOf('rescind', ['13'])).toEqual({ rescind: 13 });
  expect(commandOf('signal', ['16', 'times=100'])).toEqual({ signal: 16, times: 100 });
  expect(commandOf('workload', ['relid=16', 'every=1ms'])).toEqual({ workload: { relid: 16, every: '1ms' } });
  expect(commandOf('offer', ['{driver: netvsc, relid: 40}'])).toEqual({
    offer: { driver: 'netvsc', relid: 40 },
  });
  expect(commandOf('write', ['/proc/x', 'data=2'])).toEqual({ write: '/proc/x', data: 2 });
  expect(() => commandOf('signal', ['16', 'times=1', 'times=2'])).toThrow('"times" is given twice');
  expect(() => commandOf('status', ['1', '2'])).toThrow('status takes no value');
  expect(() => commandOf('offline', ['1', '2'])).toThrow('"2" is too much: offline takes one value');
});
