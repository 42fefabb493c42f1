import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { FileTree } from '../../src/view/tree.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { describeReal, type Mounted, mountGuest, root, run } from '../support/real.js';

const RFC = 'examples/rfc-gen2-8vcpu.yaml';

/** Every path of a tree that is no link to somewhere else, with what stat() says. */
function* walk(tree: FileTree, path = ''): Generator<string, void, void> {
  const { kind, mode, size } = tree.lstat(path || '/');
  yield `${mode.toString(8)} ${size} ${path || '/'}`;
  if (kind === 'directory')
    for (const name of tree.readdir(path || '/')) yield* walk(tree, `${path}/${name}`);
}

describeReal('programs that walk through everything', ['find', 'grep', 'tar', 'stat', 'busybox'], () => {
  let mounted: Mounted;
  let tree: FileTree;

  beforeAll(async () => {
    mounted = await mountGuest(RFC, '--speed', '0');
    tree = Guest.create(parseScenario(readFileSync(join(root, RFC), 'utf8'), RFC).guest).fs;
  });

  afterAll(async () => {
    expect(await mounted.stop()).toMatchObject({ status: 0, err: '' });
  });

  test('find -ls: all files with their modes and sizes', async () => {
    const { directory } = mounted;
    const listed = await run('find', [directory, '-printf', '%m %y %s /%P\n']);
    expect({ status: listed.status, err: listed.err }).toEqual({ status: 0, err: '' });
    const types: Readonly<Record<string, number>> = { d: 0o040000, f: 0o100000, l: 0o120000 };
    const found = listed.out
      .trim()
      .split('\n')
      .map((line) => {
        const [mode, type, size, path] = line.split(' ');
        return `${(Number.parseInt(mode, 8) | types[type]).toString(8)} ${size} ${path}`;
      });
    expect(found.sort()).toEqual([...walk(tree)].sort());
    const { status, err } = await run('find', [directory, '-ls']);
    expect({ status, err }).toEqual({ status: 0, err: '' });
  });

  test('modes of the files of interrupts and CPUs are those that a real kernel had', async () => {
    const text = gunzipSync(readFileSync(join(root, 'test/golden/proc-irq-tree.jsonl.gz'))).toString(
      'latin1',
    );
    interface Entries {
      mode: string;
      entries: Record<string, { mode: string }>;
    }
    const recorded = text
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { kernel: string; kind: string; irq: number; proc: Entries; sys: Entries },
      );
    const real = recorded.find(
      ({ kernel, kind, irq }) => kernel.startsWith('6.12') && kind === 'irq' && irq === 8,
    );
    if (real === undefined) throw new Error('no recording of interrupt 8');
    for (const [path, { mode, entries }] of [
      ['proc/irq/8', real.proc],
      ['sys/kernel/irq/8', real.sys],
    ] as const) {
      const names = Object.keys(entries).filter((name) => entries[name].mode.startsWith('010'));
      const files = ['.', ...names].map((name) => join(mounted.directory, path, name));
      const { out } = await run('stat', ['-c', '%f', ...files]);
      const modes = out
        .trim()
        .split('\n')
        .map((hex) => `0${Number.parseInt(hex, 16).toString(8).padStart(6, '0')}`);
      expect(modes).toEqual([mode, ...names.map((name) => entries[name].mode)]);
    }
  });

  // A read of trace_pipe waits for events, here as in a real kernel.
  test('grep -r: every line, and only errors that a real kernel gives', async () => {
    const { directory } = mounted;
    const { status, out, err } = await run('grep', ['-r', '-a', '--exclude=trace_pipe*', '.', directory]);
    expect([0, 2]).toContain(status);
    for (const line of err.trim().split('\n').filter(Boolean)) {
      // Files that can only be written, rings of channels that are not open, devices that do not suspend themselves, the log's end.
      expect(line).toMatch(
        /: (Permission denied|Invalid argument)$|autosuspend_delay_ms: Input\/output error$|dev\/kmsg: Resource temporarily unavailable$/,
      );
    }
    const interrupts = out.split('\n').filter((line) => line.startsWith(`${directory}/proc/interrupts:`));
    expect(interrupts).toHaveLength(
      readFileSync(`${directory}/proc/interrupts`, 'latin1').trim().split('\n').length,
    );
    expect(out).toContain(`${directory}/sys/kernel/irq/39/chip_name:VMBus\n`);
  });

  test('sendfile(), as busybox cat uses it, gives what read() gives', async () => {
    for (const path of [
      'proc/interrupts',
      'proc/stat',
      'proc/irq/39/smp_affinity',
      'sys/kernel/irq/39/type',
    ]) {
      const file = join(mounted.directory, path);
      const { status, out, err } = await run('busybox', ['cat', file]);
      expect({ status, out, err }).toEqual({ status: 0, out: readFileSync(file, 'latin1'), err: '' });
    }
  });

  test('tar: archives all, and says of the files of sysfs that they are shorter than a page', async () => {
    const { directory } = mounted;
    const { status, err } = await run('tar', [
      'cf',
      '/dev/null',
      '--ignore-failed-read',
      '--exclude=trace_pipe*',
      '-C',
      directory,
      '.',
    ]);
    expect([0, 1]).toContain(status);
    expect(err).not.toMatch(/changed as we read|Input\/output|Unexpected/);
    const archived = await run('tar', ['cf', '-', '-C', directory, 'proc/irq/39']);
    expect({ status: archived.status, err: archived.err }).toEqual({ status: 0, err: '' });
  });
});

describeReal('a guest of two thousand devices', ['find', 'ls'], () => {
  const scratch = temporaryDirectory('many');

  test('is walked through to its end: no step costs more for there being more devices', async () => {
    const devices = Array.from({ length: 2000 }, (_, i) => `  - {driver: heartbeat, relid: ${i + 1}}\n`);
    const scenario = scratch.file('many.yaml', `cpus: 8\ndevices:\n${devices.join('')}`);
    const mounted = await mountGuest(scenario, '--speed', '0');
    const { status, out, err } = await run('find', [mounted.directory]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out.split('\n').length).toBeGreaterThan(100_000);
    const lines = await run('ls', ['-l', join(mounted.directory, 'proc/irq')]);
    expect(lines.out.split('\n').filter((line) => line.startsWith('d')).length).toBeGreaterThan(2000);
    expect(await mounted.stop()).toMatchObject({ status: 0, err: '' });
  });
});
