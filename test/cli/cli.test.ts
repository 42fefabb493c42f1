import { HostTotals } from '../../src/host/totals.js';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main.js';
import type { Stdio } from '../../src/command/stdio.js';
import { UsageError } from '../../src/command/usage-error.js';
import { type RunOptions, runFile } from '../../src/cli/run/run.js';
import { FakeGuest, type FakeOptions } from '../scenario/fake-guest.js';

interface Captured {
  status: number;
  out: string;
  err: string;
}

async function captured(run: (io: Stdio) => Promise<number>, stdin = ''): Promise<Captured> {
  let out = '';
  let err = '';
  const status = await run({
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readStdin: () => stdin,
  });
  return { status, out, err };
}

const cli = (...args: string[]) => captured((io) => main(args, io));

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'irqlab-cli-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('irqlab', () => {
  test('--help lists the commands and gives an example', async () => {
    const { status, out, err } = await cli('--help');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^Usage: irqlab /);
    expect(out).toMatch(/^ {2}run {2,}run a guest/m);
    expect(out).toContain('$ irqlab run examples/');
  });

  test.each([[['run', '--help']], [['help', 'run']]])('%p gives the options and examples', async (args) => {
    const { status, out } = await cli(...args);
    expect(status).toBe(0);
    expect(out).toContain('--seconds <n>');
    expect(out).toContain('$ irqlab run examples/rfc-gen2-8vcpu.yaml');
  });

  test('--version prints that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await cli('--version')).toEqual({ status: 0, out: `${version}\n`, err: '' });
  });

  test('without anything it shows its help and fails', async () => {
    const { status, out, err } = await cli();
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^Usage: irqlab /);
  });

  test.each([
    [['rum', 'x'], 'irqlab: unknown command \'rum\'\n(Did you mean run?)\nTry "irqlab --help".\n'],
    [['run'], 'irqlab: missing required argument \'scenario\'\nTry "irqlab run --help".\n'],
    [
      ['run', 'x', '--jsn'],
      'irqlab: unknown option \'--jsn\'\n(Did you mean --json?)\nTry "irqlab run --help".\n',
    ],
    [
      ['run', 'x', '--seconds', '1e3'],
      "irqlab: option '--seconds <n>' argument '1e3' is invalid. Expected a number of seconds such as 10 or 0.5.\n" +
        'Try "irqlab run --help".\n',
    ],
    [['run', '/no/such/file'], 'irqlab: cannot read /no/such/file: there is no such file\n'],
    [['run', '/'], 'irqlab: cannot read /: it is a directory\n'],
  ])('%p is wrong use', async (args, err) => {
    expect(await cli(...args)).toEqual({ status: 2, out: '', err });
  });

  test('a wrong file is wrong use, with every place', async () => {
    const file = join(dir, 'wrong.yaml');
    writeFileSync(file, 'cpus: 0\ncpuz: 1\n');
    const err =
      `irqlab: ${file}:1:7: expected a whole number from 1 to 8192, not 0\n` +
      `irqlab: ${file}:2:1: unknown key "cpuz"; did you mean "cpus"?\n`;
    expect(await cli('run', file)).toEqual({ status: 2, out: '', err });
  });
});

const interrupts = `           CPU0       CPU1       
 24:          5          0     VMBus   7  heartbeat
LOC:          1          2   Local timer interrupts
ERR:          0
`;

describe('irqlab run', () => {
  const files = { '/proc/interrupts': interrupts, '/proc/stat': 'intr 5\n' };

  function run(scenario: string, options: RunOptions = {}, fake: FakeOptions = { files, open: [7] }) {
    const create = async () => new FakeGuest(fake);
    return captured((io) => runFile('-', options, io, create), scenario);
  }

  test('prints the one file as it is', async () => {
    expect(await run('cpus: 2\nprint: [interrupts]')).toEqual({ status: 0, out: interrupts, err: '' });
  });

  test('prints several files with headlines', async () => {
    const { out } = await run(
      'cpus: 2\ntimeline: [{at: 1s, print: /proc/stat}]\nrun: 1.5s\nprint: [/proc/stat]',
    );
    expect(out).toBe('==> /proc/stat at 1s <==\nintr 5\n\n==> /proc/stat at 1.5s <==\nintr 5\n');
  });

  test('says which steps failed, where, and exits 1', async () => {
    const scenario = 'cpus: 2\ntimeline:\n  - {at: 1s, offline: 1}\n  - {at: 2s, offline: 0}\n';
    expect(await run(scenario)).toEqual({
      status: 1,
      out: '',
      err:
        'irqlab: <stdin>:4:5: at 2s: offline 0: expected success, but got EBUSY: CPU 0 must stay online\n' +
        'irqlab: 1 of 2 steps failed\n',
    });
  });

  test('fails when a file cannot be printed', async () => {
    const { status, err } = await run('cpus: 2\nprint: [/proc/none]');
    expect({ status, err }).toEqual({
      status: 1,
      err: 'irqlab: <stdin>: cannot print /proc/none: ENOENT: there is no /proc/none\n',
    });
  });

  test('--seconds overrides how long to run and says what was left out', async () => {
    const scenario = 'cpus: 2\ntimeline: [{at: 2s, offline: 0}]\nrun: 5s\n';
    expect(await run(scenario, { seconds: 1.5 })).toEqual({
      status: 0,
      out: '',
      err: 'irqlab: steps after the end of the run, not done: 1 of 1\n',
    });
  });

  test('--json says everything', async () => {
    const scenario = `
description: all
cpus: 2
devices: [{driver: heartbeat, relid: 7}]
workload: [{relid: 7, signals: 3, during: 1s}]
timeline: [{offline: 0}, {at: 1s, print: /proc/stat}]
`;
    const { status, out } = await run(scenario, { json: true });
    expect(status).toBe(1);
    expect(JSON.parse(out)).toEqual({
      format: 'irqlab-run',
      version: 1,
      scenario: '<stdin>',
      description: 'all',
      ok: false,
      endNs: 1e9,
      steps: [
        {
          ...{ line: 6, column: 12, atNs: 0, endNs: 0, action: 'offline 0', outcome: 'failed' },
          refusal: 'EBUSY',
          message: 'expected success, but got EBUSY: CPU 0 must stay online',
        },
        { line: 6, column: 26, atNs: 1e9, endNs: 1e9, action: 'print /proc/stat', outcome: 'ok' },
      ],
      workload: [{ relid: 7, sent: 3, unsent: 0 }],
      printouts: [{ path: '/proc/stat', atNs: 1e9, text: 'intr 5\n' }],
      hangs: [],
      printFailures: [],
      cpus: [0, 1],
      interrupts: [
        {
          ...{ irq: 24, counts: [5, 0], chip: 'VMBus', hwirq: 7, trigger: null, flow: null },
          actions: ['heartbeat'],
        },
      ],
      architectureRows: [
        { name: 'LOC', counts: [1, 2], text: 'Local timer interrupts' },
        { name: 'ERR', total: 0 },
      ],
      refused: { 'rescind-twice': 2 },
      host: { ...new HostTotals() },
    });
  });

  test('a guest that cannot be made is wrong use', async () => {
    const create = async () => {
      throw new RangeError('nr_irqs 20 is too small');
    };
    const run = captured((io) => runFile('-', {}, io, create), 'cpus: 2');
    await expect(run).rejects.toThrow(new UsageError('<stdin>: nr_irqs 20 is too small'));
  });
});
