import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { describeReal, inShell, root, run } from '../support/real.js';

const directory = mkdtempSync(join(tmpdir(), 'irqlab-capture-'));
afterAll(() => rmSync(directory, { recursive: true }));
const cli = join(root, 'dist/cli/cli.js');

const guests = ['examples/rfc-gen2-8vcpu.yaml', 'examples/two-node-16vcpu.yaml', 'examples/arm64-4vcpu.yaml'];

/** What must be the same in a guest and in one made of a recording of it. Counts go on, so they are left out. */
const SHOW = `sed 's/  *[0-9]* *//; s/^ *\\([0-9A-Z]*:\\)[ 0-9]*/\\1 /' /proc/interrupts
cat /sys/devices/system/cpu/present /sys/devices/system/cpu/online /sys/devices/system/node/node*/cpulist
cd /proc/irq; grep . */smp_affinity_list */effective_affinity_list
cd /sys/bus/vmbus/devices; grep . */class_id */id */channel_vp_mapping`;

/** What a guest shows once its timeline is over; a recording is made of it in the same shell. */
async function recorded(scenario: string, record: string): Promise<string> {
  const { status, out, err } = await inShell(
    scenario,
    `${record} >${directory}/log 2>&1 || { cat ${directory}/log; exit 9; }\n${SHOW}`,
  );
  expect({ status, said: status === 0 ? '' : out + err }).toEqual({ status: 0, said: '' });
  return out;
}

async function imported(recording: string): Promise<string> {
  const scenario = join(directory, 'made.yaml');
  const made = await run(process.execPath, [cli, 'import', recording, '-o', scenario, '--force']);
  expect(made).toMatchObject({ status: 0, out: '' });
  const { status, out } = await inShell(scenario, SHOW, '--speed', '0');
  expect(status).toBe(0);
  return out;
}

describeReal('recordings made in a guest', ['dash', 'busybox', 'tar', 'gzip'], () => {
  test.each(
    guests.flatMap((guest) => [
      ['dash', guest],
      ['busybox sh', guest],
    ]),
  )(
    'record --script by %s in %s, and import: the same interrupts, devices, relids, CPUs and affinities',
    async (shell, guest) => {
      const archive = join(directory, 'recorded.tar.gz');
      rmSync(archive, { force: true });
      const script = join(root, 'share/record.sh');
      const shown = await recorded(guest, `sleep 2; ${shell} ${script} -o ${archive} --seconds 2`);
      expect(await imported(archive)).toBe(shown);
    },
    60_000,
  );
});

describeReal('a sosreport made in a guest', ['sos', 'xz'], () => {
  test.each(guests)(
    '%s',
    async (guest) => {
      const tarballs = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.tar.xz'));
      const plugins = 'hardware,hyperv,processor,numa,kernel,process';
      const sos = `sleep 2; sos report --batch --tmp-dir ${directory} -o ${plugins}`;
      const before = new Set(tarballs());
      const shown = await recorded(guest, sos);
      const [made] = tarballs().filter((name) => !before.has(name));
      expect(await imported(join(directory, made))).toBe(shown);
    },
    180_000,
  );
});

describeReal('names that are made of addresses', ['dash', 'tar'], () => {
  test('a NIC whose GUID is its MAC address gets a number, in all files', async () => {
    const scenario = join(directory, 'mac.yaml');
    const guid = '000d3a6c-b1a8-000d-3a6c-b1a8000d3a6c';
    const text = `cpus: 2\ndevices:\n  - {driver: netvsc, relid: 20, instance: "${guid}"}\n`;
    await run('sh', ['-c', `printf '%s' '${text}' >${scenario}`]);
    const hidden = '00000000-0001-0000-0000-000100000000';
    const { status, out } = await inShell(
      scenario,
      `dash ${join(root, 'share/record.sh')} -o ${directory}/mac --seconds 0 2>/dev/null
grep -r -i -l 000d3a6c ${directory}/mac; find ${directory}/mac -name '*000d3a6c*'; ls ${directory}/mac/sys/bus/vmbus/devices
cat ${directory}/mac/sys/bus/vmbus/devices/*/device_id`,
    );
    expect({ status, out }).toEqual({ status: 0, out: `${hidden}\n{${hidden}}\n` });
  }, 30_000);
});

describeReal('plans', ['dash'], () => {
  test('the script of plan offline takes CPUs offline where its writes are real ones', async () => {
    const guest = 'examples/rfc-gen2-8vcpu.yaml';
    const script = join(directory, 'offline.sh');
    expect(await run(process.execPath, [cli, 'plan', 'offline', '4-7', guest, '-o', script])).toMatchObject({
      status: 0,
      out: '',
    });
    const { status, out, err } = await inShell(
      guest,
      `echo 0 2>/dev/null >/sys/devices/system/cpu/cpu5/online || echo busy; dash ${script} && cat /sys/devices/system/cpu/online`,
    );
    expect({ status, out, err }).toEqual({ status: 0, out: 'busy\n0-3\n', err: '' });
  }, 60_000);
});

describeReal('explain --irqbalance', ['irqbalance'], () => {
  test('says what irqbalance moves on a guest like the machine', async () => {
    const { status, out, err } = await run(process.execPath, [
      cli,
      'explain',
      'examples/two-node-16vcpu.yaml',
      '--irqbalance',
    ]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/What would irqbalance do\?\n {2}channel \d+ \(\w+\): /);
    expect(out).toContain('may go to CPUs 8-15, no longer ');
  }, 60_000);
});
