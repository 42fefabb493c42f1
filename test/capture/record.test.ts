import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const script = new URL('../../share/record.sh', import.meta.url).pathname;
const directory = temporaryDirectory('record');

/** Shells that this machine has. */
const shells = [['sh'], ['dash'], ['busybox', 'sh']].filter(
  ([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0,
);
const isLinux = existsSync('/proc/interrupts');

test('--script prints what is run', async () => {
  expect(await irqlab(['record', '--script'])).toMatchObject({
    status: 0,
    out: readFileSync(script, 'utf8'),
  });
});

(isLinux ? describe : describe.skip)('on this machine', () => {
  test.each(shells)('%s records it, and import understands it', async (...shell) => {
    const [program, ...args] = shell.filter((word) => word !== undefined);
    const archive = join(directory.path, `${program}.tar.gz`);
    const { status, stderr } = spawnSync(program, [...args, script, '-o', archive, '--seconds', '1'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `record: wrote ${archive}; "irqlab import ${archive}" makes a guest of it\n`,
    });
    const { status: understood, out, err } = await irqlab(['import', archive, '--json']);
    expect({ understood, err }).toEqual({ understood: 0, err: '' });
    const { scenario, took } = JSON.parse(out) as {
      scenario: string;
      took: { what: string; from: string }[];
    };
    expect(took.map(({ from }) => from)).toContain('/proc/interrupts');
    expect(took.some(({ what }) => what.startsWith('rates of '))).toBe(true);
    expect(await irqlab(['run', '-'], scenario)).toMatchObject({ status: 0 });
  });

  test.each([
    ['nodir/vm.tar.gz', 'there is no such directory'],
    ['nodir/recorded', 'there is no such directory'],
    ['a-file/vm.tar.gz', 'what should be a directory on its path is a file'],
  ])('what cannot be written is told before it begins: %s', async (name, reason) => {
    directory.file('a-file', '');
    const path = join(directory.path, name);
    // So many seconds that the test would end before they have passed.
    expect(await irqlab(['record', '-o', path, '--seconds', '9999'])).toMatchObject({
      status: 2,
      out: '',
      err: `irqlab: cannot write ${path}: ${reason}\n`,
    });
  });

  test('irqlab record runs it, leaves nothing else behind, and refuses what is there already', async () => {
    const path = join(directory.path, 'recorded');
    const temporary = join(directory.path, 'temporary');
    mkdirSync(temporary);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporary;
    const made = await irqlab(['record', '-o', path, '--seconds', '0']);
    const again = await irqlab(['record', '-o', path, '--seconds', '0']);
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    expect(made).toMatchObject({ status: 0, out: '' });
    expect(again).toMatchObject({
      status: 2,
      err: `irqlab: ${path} is there already; name something else with -o\n`,
    });
    expect(readdirSync(temporary)).toEqual([]);
    expect(statSync(join(path, 'proc/interrupts')).size).toBeGreaterThan(0);
    expect(readFileSync(join(path, 'manifest'), 'utf8')).toContain('snapshots: 1\n');
    const { status, err } = await irqlab(['import', path, '-o', join(directory.path, 'one.yaml')]);
    expect(status).toBe(0);
    expect(err).toContain('/proc/interrupts');
  });

  test('no host name, no address', () => {
    const path = join(directory.path, 'hidden');
    expect(spawnSync('sh', [script, '-o', path, '--seconds', '0']).status).toBe(0);
    const text = spawnSync('grep', ['-r', '-a', '.', path], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
    expect(text).not.toMatch(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/i);
    const cmdline = readFileSync('/proc/cmdline', 'utf8').match(/(?:root|ip|BOOT_IMAGE)=\S+/)?.[0];
    if (cmdline !== undefined) expect(text).not.toContain(cmdline);
  });

  test.each([
    [['--seconds', 'x'], '--seconds: expected a number from 0 to 99999, not "x"'],
    [['--every', '0'], '--every: expected a number from 1 to 99999, not "0"'],
    [['-o'], '-o: expected a value'],
    [['--nonsense'], 'unknown argument "--nonsense"; see --help'],
  ])('wrong use is said: %j', (args, said) => {
    const { status, stderr } = spawnSync('sh', [script, ...args], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 2, stderr: `record: ${said}\n` });
  });
});
