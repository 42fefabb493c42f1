import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeReal, inShell, mountGuest, ownMounts, root, run, until } from '../support/real.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const RFC = 'examples/rfc-gen2-8vcpu.yaml';
const cli = join(root, 'dist/cli/cli.js');

describeReal('irqlab mount', ['mount', 'umount'], () => {
  const scratch = temporaryDirectory('lifecycle');

  test('shows the files, lets time pass and passes on errors', async () => {
    const { directory, stop } = await mountGuest(RFC);
    expect(readdirSync(directory)).toEqual(['dev', 'proc', 'sys']);
    const count = (): number =>
      Number(/^ 24: +(\d+)/m.exec(readFileSync(`${directory}/proc/interrupts`, 'utf8'))?.[1]);
    const before = count();
    await until(() => count() > before + 100);
    expect(count()).toBeGreaterThan(before + 100);
    const affinity = `${directory}/proc/irq/39/smp_affinity`;
    writeFileSync(affinity, '2');
    expect(readFileSync(affinity, 'utf8')).toBe('02\n');
    expect(() => writeFileSync(affinity, '100')).toThrow(/EOVERFLOW|EINVAL/);
    expect(() => writeFileSync(`${directory}/sys/devices/system/cpu/cpu2/online`, '0')).toThrow(/EBUSY/);
    expect(() => writeFileSync(`${directory}/proc/interrupts`, 'x')).toThrow(/EIO/);
    expect(await stop()).toMatchObject({ status: 0, err: '' });
    expect(ownMounts()).toEqual([]);
  });

  test('has the files of a plug-in', async () => {
    const example = 'examples/plugin-proc-file';
    const { directory, stop } = await mountGuest(
      `${example}/channels.yaml`,
      '--plugin',
      `${example}/plugin.js`,
    );
    expect(readFileSync(`${directory}/proc/vmbus_channels`, 'utf8')).toMatch(/^CPU/);
    expect(await stop()).toMatchObject({ status: 0, err: '' });
  });

  test('stands still at --speed 0, and is steered through its socket', async () => {
    const socketDirectory = mkdtempSync(join(tmpdir(), 'irqlab-socket-'));
    const socket = join(socketDirectory, 'socket');
    const { directory, stop } = await mountGuest(RFC, '--speed', '0', '--socket', socket);
    const read = (): string => readFileSync(`${directory}/proc/interrupts`, 'utf8');
    const before = read();
    expect(read()).toBe(before);
    expect(await run(process.execPath, [cli, 'ctl', socket, 'run', '1s'])).toEqual({
      status: 0,
      out: '',
      err: '',
    });
    const after = read();
    expect(after).not.toBe(before);
    expect(read()).toBe(after);
    expect(await stop()).toMatchObject({ status: 0, err: '' });
    expect(existsSync(socket)).toBe(false);
    rmSync(socketDirectory, { recursive: true });
  });

  test('shows a CPU that is plugged in, and its column once it is online', async () => {
    const scenario = scratch.file(
      'plug.yaml',
      'cpus: {present: 2, possible: 4}\nkernel: "7.2"\ndevices: [{driver: heartbeat, relid: 7}]\n',
    );
    const socketDirectory = mkdtempSync(join(tmpdir(), 'irqlab-socket-'));
    const socket = join(socketDirectory, 'socket');
    const { directory, stop } = await mountGuest(scenario, '--speed', '0', '--socket', socket);
    const cpus = join(directory, 'sys/devices/system/cpu');
    const steer = (...command: string[]) => run(process.execPath, [cli, 'ctl', socket, ...command]);
    const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
    const shown = () => ({
      present: read('sys/devices/system/cpu/present').trim(),
      directories: readdirSync(cpus)
        .filter((name) => /^cpu\d/.test(name))
        .join(' '),
      columns: read('proc/interrupts').split('\n')[0].trim().replace(/ +/g, ' '),
    });
    expect(shown()).toEqual({ present: '0-1', directories: 'cpu0 cpu1', columns: 'CPU0 CPU1' });
    expect(existsSync(join(cpus, 'cpu2/online'))).toBe(false);
    expect(await steer('plugCpu', '2')).toEqual({ status: 0, out: '', err: '' });
    const plugged = { present: '0-2', directories: 'cpu0 cpu1 cpu2', columns: 'CPU0 CPU1' };
    expect(shown()).toEqual(plugged);
    expect(readFileSync(join(cpus, 'cpu2/online'), 'utf8')).toBe('0\n');
    writeFileSync(join(cpus, 'cpu2/online'), '1');
    expect(shown()).toEqual({ ...plugged, columns: 'CPU0 CPU1 CPU2' });
    expect(await steer('unplugCpu', '2')).toEqual({ status: 0, out: '', err: '' });
    expect(shown()).toEqual({ present: '0-1', directories: 'cpu0 cpu1', columns: 'CPU0 CPU1' });
    expect(await steer('unplugCpu', '0')).toMatchObject({ status: 1, err: expect.stringMatching(/EBUSY/) });
    expect(await stop()).toMatchObject({ status: 0, err: '' });
    rmSync(socketDirectory, { recursive: true });
  });

  test('answers its readers and its signals however busy the guest is', async () => {
    const busy = scratch.file(
      'busy.yaml',
      `cpus: 2
devices: [{driver: heartbeat, relid: 7}]
workload: [{relid: 7, every: 1ns, burst: 1000000, until: 1us}, {relid: 7, every: 1ns, until: 1s}]
`,
    );
    const mounted = await mountGuest(busy);
    // The first second of the guest's time takes many minutes.
    const count = (): number => {
      const text = readFileSync(join(mounted.directory, 'proc/interrupts'), 'latin1');
      return Number(/^ *24: +(\d+)/m.exec(text)?.[1]);
    };
    const first = count();
    await until(() => count() > first);
    expect(count()).toBeGreaterThan(first);
    expect(await mounted.stop()).toMatchObject({ status: 0 });
  });

  test.each(['0', '1'])(
    'at --speed %s a writer that sleeps in the guest is the only one that waits',
    async (speed) => {
      // The host answers the first MODIFYCHANNEL never, so that the writer of 10 sleeps for ever, and the others not.
      const late = scratch.file(
        `late-${speed}.yaml`,
        `cpus: 4
kernel: "6.10"
design: {modifyChannel: wait-in-setter}
host: {latency: {modifyChannel: never}}
devices: [{driver: heartbeat, relid: 7}, {driver: netvsc, relid: 13, channels: 2, subChannels: [16]}]
workload: [{relid: 7, every: 1ms, until: 3600s}]
`,
      );
      const mounted = await mountGuest(late, '--speed', speed);
      const sys = join(mounted.directory, 'sys');
      const devices = join(sys, 'bus/vmbus/devices');
      const nic = readdirSync(devices).find((name) => existsSync(join(devices, name, 'channels/13'))) ?? '';
      const file = join(devices, nic, 'channels/13/cpu');
      const writer = spawn('sh', ['-c', `echo 1 > ${file}; echo done`], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      writer.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      const exited = new Promise((resolve) => writer.on('close', resolve));
      const isWriting = (): boolean => readlinkSync(`/proc/${writer.pid}/fd/1`).endsWith('/channels/13/cpu');
      await until(isWriting);
      for (let i = 0; i < 20; i++) {
        const begin = performance.now();
        readFileSync(join(mounted.directory, 'proc/interrupts'), 'latin1');
        expect(performance.now() - begin).toBeLessThan(1000);
      }
      writeFileSync(join(sys, 'bus/vmbus/drivers_autoprobe'), '1');
      expect(said).toBe('');
      expect(await mounted.stop()).toMatchObject({ status: 0, err: '' });
      await exited;
      expect(ownMounts()).toEqual([]);
    },
  );

  test('ends when it is unmounted', async () => {
    const { directory, ended, stop } = await mountGuest(RFC);
    expect(await run('umount', [directory])).toMatchObject({ status: 0 });
    expect(await ended).toMatchObject({ status: 0, err: '' });
    await stop();
  });

  test('ends although somebody has a file open', async () => {
    const { directory, stop } = await mountGuest(RFC);
    const user = spawn('sh', ['-c', `exec sleep 60 <${directory}/proc/stat`]);
    await until(
      () =>
        readdirSync(`/proc/${user.pid}/fd`).length > 0 &&
        readFileSync(`/proc/${user.pid}/comm`, 'utf8') === 'sleep\n',
    );
    expect(await stop()).toMatchObject({ status: 0, err: '' });
    expect(ownMounts()).toEqual([]);
    user.kill();
  });

  test('leaves nothing mounted when it is killed', async () => {
    const { process: child, stop } = await mountGuest(RFC);
    expect(ownMounts()).toHaveLength(1);
    child.kill('SIGKILL');
    await until(() => ownMounts().length === 0);
    expect(ownMounts()).toEqual([]);
    await stop();
  });

  test('says what is wrong', async () => {
    const mount = (...args: string[]) => run(process.execPath, [cli, 'mount', ...args]);
    expect(await mount(RFC, '/nonexistent')).toMatchObject({
      status: 2,
      err: expect.stringContaining('no directory'),
    });
    expect(await mount('none.yaml', '/mnt')).toMatchObject({
      status: 2,
      err: expect.stringContaining('no such file'),
    });
    expect(await mount(RFC, '/mnt', '--speed', 'x')).toMatchObject({ status: 2 });
    const used = await mount(RFC, '/mnt', '--socket', '/dev/null');
    expect(used).toMatchObject({ status: 2, err: expect.stringContaining('exists already') });
    expect(ownMounts()).toEqual([]);
  });
});

describeReal('irqlab shell', ['unshare', 'nsenter', 'setpriv', 'mount'], () => {
  test('the guest’s files are in the place of this machine’s', async () => {
    const script =
      'cat /proc/interrupts; echo 2 >/proc/irq/39/smp_affinity; cat /proc/irq/39/effective_affinity';
    const { status, out, err } = await inShell(RFC, script);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^ +CPU0 .*CPU7 +\n/);
    expect(out).toMatch(/^ 39: .* VMBus +19 +netvsc$/m);
    expect(out).toMatch(/\n02\n$/);
  });

  test('the interrupts of a plug-in are there', async () => {
    const example = 'examples/plugin-irqdomain';
    const count = 'grep -c irq_sim /proc/interrupts';
    const plugIn = ['--plugin', `${example}/plugin.js`];
    const shown = await inShell(`${example}/irq-sim.yaml`, count, ...plugIn);
    expect(shown).toEqual({ status: 0, out: '4\n', err: '' });
  });

  test('cd stays in the guest', async () => {
    const script = `cd /sys/bus/vmbus/devices; set -- *; echo $#
      cd -P "$1"; cat channel_vp_mapping; cd -P ../../../../../..; pwd; cat devices/system/cpu/cpu7/topology/core_id
      cd /sys; cat devices/system/cpu/present; ls bus/pci/devices; cat kernel/irq/39/chip_name`;
    const { status, out, err } = await inShell(RFC, script);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^12\n(\d+:\d\n)+/);
    expect(out).toMatch(/\n\/sys\n7\n0-7\nVMBus\n$/);
  });

  test.each([[[]], [['--isolate']]])(
    'this machine is read-only where the guest is not, with %j',
    async (options) => {
      const script = `for file in /proc/sys/kernel/domainname /sys/kernel/uevent_seqnum; do
  (: >> $file) 2>/dev/null && echo $file can be written
done
echo 2 >/proc/irq/39/smp_affinity && cat /proc/irq/39/effective_affinity
umount /proc/sys 2>/dev/null && (: >> /proc/sys/kernel/domainname) 2>/dev/null && echo undone
ls /proc | grep -c '^[0-9]'
exit 7`;
      const { status, out } = await run(process.execPath, [
        cli,
        'shell',
        RFC,
        ...options,
        '--',
        'sh',
        '-c',
        script,
      ]);
      expect(status).toBe(7);
      const lines = out.trim().split('\n');
      expect(lines[0]).toBe('02');
      if (options.length === 0) return;
      // Its own processes only, and what is read-only stays so.
      expect(lines).toHaveLength(2);
      expect(Number(lines[1])).toBeLessThan(6);
    },
  );

  test('this machine stays as it is, and so does the rest of its files', async () => {
    const ownStat = readFileSync('/sys/devices/system/cpu/present', 'utf8');
    const rest = ['/sys/bus', '/sys/devices', '/sys/class', '/proc/sys', '/mnt'];
    const names = rest.map((path) => readdirSync(path).sort().join(' '));
    const { out } = await inShell(RFC, `for d in ${rest.join(' ')}; do echo $(ls -a $d | sort); done`);
    const shown = out.trimEnd().split('\n');
    for (const [i, line] of shown.entries()) {
      const wanted = new Set(['.', '..', ...names[i].split(' ').filter(Boolean)]);
      for (const name of wanted) expect(line.split(' ')).toContain(name);
    }
    expect(readFileSync('/sys/devices/system/cpu/present', 'utf8')).toBe(ownStat);
    expect(ownMounts()).toEqual([]);
  });

  test.each([
    ['exit 7', 7],
    ['kill -TERM $$', 143],
    ['sleep 60 >/dev/null 2>&1 & exit 3', 3],
    ['exec nonexistent 2>/dev/null', 127],
  ])('the exit status of "%s" is %p', async (script, status) => {
    expect((await inShell(RFC, script)).status).toBe(status);
    expect(ownMounts()).toEqual([]);
  });

  test('the command hangs up when irqlab is killed', async () => {
    const child = spawn(process.execPath, [cli, 'shell', RFC, '--', 'sh', '-c', 'echo $$; exec sleep 60'], {
      cwd: root,
    });
    const pid = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())),
    );
    child.kill('SIGKILL');
    const dead = (): boolean =>
      !existsSync(`/proc/${pid}`) || / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    await until(dead);
    expect(dead()).toBe(true);
  });

  test('an ordinary user does it in a user namespace, or is told what is missing', async () => {
    const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const command = [
      'sh',
      '-c',
      'echo 2 >/proc/irq/39/smp_affinity && cat /proc/irq/39/effective_affinity; exit 7',
    ];
    const { status, out, err } = await run('setpriv', [
      ...user,
      process.execPath,
      cli,
      'shell',
      RFC,
      '--',
      ...command,
    ]);
    const told = /^irqlab: (cannot open \/dev\/fuse: you have no permission|you may make neither)/.test(err);
    expect(told ? { status: 2, out: '' } : { status: 7, out: '02\n' }).toEqual({ status, out });
  });
});
