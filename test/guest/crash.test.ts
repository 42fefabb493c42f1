import { describe, expect, test } from '@jest/globals';
import { dmesgText } from '../../src/view/kmsg.js';
import { Guest } from '../../src/guest/guest.js';
import { HungError } from '../../src/machine/hung.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { brokenInvariants } from './invariants.js';
import { atOnce } from '../../src/machine/turns.js';

const MS = 1_000_000;
const S = 1000 * MS;

const options: GuestOptions = {
  cpus: 4,
  kernel: '6.12',
  devices: [
    { driver: 'storvsc', relid: 14, subChannels: [21] },
    { driver: 'netvsc', relid: 13, channels: 3, subChannels: [16, 17] },
    { driver: 'kvp', relid: 8 },
  ],
};

const dropsUnload = { misbehave: [{ what: 'message', message: 'UNLOAD_RESPONSE', deed: 'drop' }] } as const;
const texts = (vm: Guest): string[] => vm.log.map(({ text }) => text);
const channels = (vm: Guest): string[] =>
  [...vm.vmbus.connection.channels()].map(
    ({ relid, state, targetCpu }) =>
      `${relid} ${state.kind} CPU ${targetCpu} VP ${vm.host.channel(relid)?.targetVp}`,
  );

describe('a panic', () => {
  test('leaves the host by polling, tells it the end of the log, and stops everything', () => {
    const vm = Guest.create(options);
    vm.panic({ cpu: 2 });
    // The first look finds nothing, the second, 10 ms later, the answer; the third sees that it was there.
    expect(vm.now % (10 * MS)).toBeLessThan(10 * MS);
    expect(texts(vm).slice(-3)).toEqual([
      'sysrq: Trigger a crash',
      'Kernel panic - not syncing: sysrq triggered crash',
      '---[ end Kernel panic - not syncing: sysrq triggered crash ]---',
    ]);
    const [{ ns: began }, , { ns: ended }] = vm.log.slice(-3);
    expect(ended - began).toBe(20 * MS);
    expect(vm.host.crashes).toHaveLength(1);
    const { message = '' } = vm.host.crashes[0];
    expect(message).toBe(dmesgText(vm.log.slice(0, -1)));
    expect([...vm.host.hyperv.allChannels()].map(({ state }) => state.kind)).toEqual([
      'offered',
      'offered',
      'offered',
    ]);
    expect(vm.host.signal(8)).toBe(0);
    const before = vm.procInterrupts();
    vm.run({ seconds: 300 });
    expect(vm.procInterrupts()).toBe(before);
    expect(() => vm.cpu(1).offline()).toThrow("the guest's kernel has stopped; nothing runs in it");
    expect(() => vm.panic()).toThrow('it cannot panic once more');
    expect(() => vm.kexec()).toThrow('nothing runs in it');
  });

  test.each(['6.1', '6.12', '7.2'] as const)('%s: waits for 100 s, and says so every 5 s', (kernel) => {
    const vm = Guest.create({ ...options, kernel, host: dropsUnload });
    const from = vm.now;
    vm.panic({ reason: 'Fatal exception' });
    expect(vm.now - from).toBe(100 * S);
    const log = vm.log.slice(-23);
    expect(log.map(({ text }) => text)).toEqual([
      'Kernel panic - not syncing: Fatal exception',
      ...new Array<string>(20).fill('hv_vmbus: Waiting for VMBus UNLOAD to complete'),
      'hv_vmbus: Continuing even though VMBus UNLOAD did not complete',
      '---[ end Kernel panic - not syncing: Fatal exception ]---',
    ]);
    expect(log[1].ns - log[0].ns).toBe(4990 * MS);
    expect(log[2].ns - log[1].ns).toBe(5 * S);
  });

  test.each([
    ['99.975', 99.99, 0],
    ['99.985', 100, 1],
    ['99.995', 100, 1],
  ])('an answer after %s s is too late from the last look on: %i s', (seconds, takes, times) => {
    const ns = Number(seconds) * S;
    const rule = { what: 'message', message: 'UNLOAD_RESPONSE', deed: 'delay', byNs: ns } as const;
    const vm = Guest.create({ ...options, host: { misbehave: [rule] } });
    const from = vm.now;
    vm.panic();
    expect(Math.round((vm.now - from) / MS)).toBe(takes * 1000);
    const late = vm.log.filter(({ text }) => text.includes('Continuing even though VMBus UNLOAD'));
    expect(late).toHaveLength(times);
  });

  test('throws other messages away on its way, one in 10 ms', () => {
    const vm = Guest.create(options);
    for (let i = 0; i < 5; i++)
      vm.host.hyperv.postRaw(new Uint8Array([24, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]));
    const from = vm.now;
    vm.machine.halt();
    atOnce(vm.machine.runHalted(vm.vmbus.panic()));
    expect(vm.now - from).toBeGreaterThan(10 * MS);
    const slow = Guest.create({ ...options, host: { latency: { messageNs: 3 * S } } });
    const before = slow.now;
    slow.panic();
    expect(slow.now - before).toBeGreaterThanOrEqual(3 * S);
    expect(slow.now - before).toBeLessThan(3 * S + 30 * MS);
  });

  test('tells its host no text if the user does not want it', () => {
    const vm = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
    vm.fs.writeFile('/proc/sys/kernel/hyperv_record_panic_msg', '0\n');
    vm.panic();
    expect(vm.host.crashes).toEqual([{ message: undefined }]);
  });

  test('of a confidential VM tells its host no text; a host of 2.4 is not asked to forget it', () => {
    const confidential = Guest.create({
      cpus: 2,
      isolation: true,
      devices: [{ driver: 'heartbeat', relid: 7 }],
    });
    confidential.panic();
    expect(confidential.host.crashes).toEqual([{ message: undefined }]);
    const old = Guest.create({ cpus: 2, host: { version: '3.0' }, devices: [{ driver: 'kvp', relid: 7 }] });
    old.panic();
    expect(old.host.crashes).toHaveLength(1);
  });

  // vmbus_wait_for_unload looks at the pages of the hypervisor's synic only.
  test.each([
    ['7.2', true, 100],
    ['7.3', true, 100],
    ['7.2', false, 0],
    ['6.18', true, 0],
  ] as const)('%s with confidential VMBus (%s) is over after %i s', (kernel, confidentialVmbus, seconds) => {
    const vm = Guest.create({
      cpus: 2,
      kernel,
      isolation: true,
      confidentialVmbus,
      devices: [{ driver: 'heartbeat', relid: 7 }],
    });
    const before = vm.now;
    vm.panic();
    expect(Math.round((vm.now - before) / S)).toBe(seconds);
    const inVain = 'hv_vmbus: Continuing even though VMBus UNLOAD did not complete';
    expect(texts(vm).includes(inVain)).toBe(seconds > 0);
  });

  test('cannot be where no kernel runs', () => {
    const vm = Guest.create({ cpus: { present: 4, possible: 8, online: [0, 1] } });
    expect(() => vm.panic({ cpu: 3 })).toThrow('CPU 3 is offline; no kernel panics there');
    expect(() => vm.panic({ cpu: 9 })).toThrow(RangeError);
  });
});

describe('a crash kernel', () => {
  test.each(['6.1', '6.12', '6.18', '7.2'] as const)(
    '%s: boots on the CPU that crashed, which is its only one, and finds the devices again',
    (kernel) => {
      const vm = Guest.create({ ...options, kernel });
      const firstLog = vm.log;
      vm.run({ seconds: 1 });
      vm.crash({ cpu: 3 });
      expect(vm.earlierLogs).toEqual([firstLog]);
      expect(texts(vm)[0]).toBe('Kernel command line: nr_cpus=1 reset_devices');
      expect(vm.log.every(({ ns }) => ns < S)).toBe(true);
      expect(vm.fs.readFile('/sys/devices/system/cpu/possible')).toBe('0\n');
      // No more channels than CPUs, and no sub-channels of the disk.
      expect(channels(vm)).toEqual([14, 13, 8].map((relid) => `${relid} opened CPU 0 VP 3`));
      expect(brokenInvariants(vm)).toEqual([]);
      const { irq } = vm.channel(8);
      const before = vm.irqCount(irq) ?? 0;
      expect(vm.host.signal(8, 2)).toBe(2);
      expect(vm.irqCount(irq)).toBe(before + 2);
      let done = false;
      vm.submitIo(14, {
        submitter: 0,
        cpus: undefined,
        bytes: 4096,
        isWrite: true,
        completed: (ok) => {
          done = ok;
        },
      });
      vm.run({ seconds: 1 });
      expect(done).toBe(true);
      expect(vm.host.hyperv.totals.lost).toBe(0);
    },
  );

  test('finds them after a host that answered no UNLOAD, on the connect CPU as on others', () => {
    for (const cpu of [0, 2]) {
      const vm = Guest.create({ ...options, host: dropsUnload });
      vm.crash({ cpu });
      expect(channels(vm)).toEqual([14, 13, 8].map((relid) => `${relid} opened CPU 0 VP ${cpu}`));
    }
  });

  test('may have more CPUs, crash itself, and be left by kexec', () => {
    const vm = Guest.create(options);
    vm.crash({ cpu: 2, cmdline: 'nr_cpus=2' });
    expect(new Set(channels(vm).map((text) => text.split(' VP ')[1]))).toEqual(new Set(['0', '2']));
    vm.crash({ cpu: 1 });
    expect(vm.machine.nrCpuIds).toBe(1);
    expect(new Set(channels(vm).map((text) => text.split(' VP ')[1]))).toEqual(new Set(['0']));
    vm.kexec();
    expect(vm.earlierLogs).toHaveLength(3);
    expect(channels(vm)).toHaveLength(3);
    expect(brokenInvariants(vm)).toEqual([]);
  });

  test('is there while the first kernel hangs', () => {
    const vm = Guest.create(options);
    vm.host.misbehave({ what: 'packet', relid: 13, deed: 'drop' });
    expect(() => vm.channel(13).setChannels(1)).toThrow(HungError);
    vm.host.behave();
    vm.crash();
    expect(vm.hangs()).toEqual([]);
    expect(vm.channel(13).state).toBe('opened');
  });
});

describe('kexec', () => {
  test('starts a kernel on all CPUs, whose host has forgotten the first one', () => {
    const vm = Guest.create({ ...options, cmdline: 'threadirqs' });
    vm.cpu(2).online();
    const before = channels(vm);
    vm.host.signal(8, 3);
    vm.kexec();
    expect(vm.earlierLogs[0].at(-1)?.text).toBe('kexec_core: Starting new kernel');
    expect(texts(vm)[0]).toBe('Kernel command line: threadirqs');
    expect(channels(vm)).toEqual(before);
    expect(brokenInvariants(vm)).toEqual([]);
    vm.kexec({ cmdline: '' });
    expect(channels(vm)).toEqual(before);
  });

  test('hangs with a host that does not answer, as in Linux', () => {
    const vm = Guest.create({ ...options, host: dropsUnload });
    expect(() => vm.kexec()).toThrow('kexec waits for answer to UNLOAD and nothing is left to happen');
    vm.run({ seconds: 250 });
    expect(
      texts(vm).some((text) => /^INFO: task kexec:\d+ blocked for more than 120 seconds\.$/.test(text)),
    ).toBe(true);
  });
});

describe('in a scenario', () => {
  const head = 'cpus: 4\nkernel: "6.12"\ndevices: [{driver: kvp, relid: 8}, {driver: storvsc, relid: 14}]\n';
  const run = (timeline: string) => {
    const scenario = parseScenario(`${head}timeline:\n${timeline}`, 'crash.yaml');
    const guest = Guest.create(scenario.guest);
    return { guest, result: runScenarioOn(guest, scenario) };
  };

  test('steps after a crash are those of the crash kernel, and a panic ends them', () => {
    const { guest, result } = run(`
  - {at: 1s, signal: 8, times: 2}
  - {crash: {cpu: 3}}
  - {read: /sys/devices/system/cpu/online, expect: "0"}
  - {signal: 8, times: 5}
  - {kexec: true}
  - {panic: true}
  - {at: 100s, signal: 8, expect: EIO}
`);
    expect(result.steps.map(({ message }) => message)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      expect.stringContaining('the host has no open channel with relid 8'),
    ]);
    expect(guest.machine.halted).toBe(true);
    expect(guest.host.crashes).toHaveLength(2);
  });

  test('a CPU that there is not is an error of the file; a kernel that has stopped, of the step', () => {
    expect(() => parseScenario(`${head}timeline: [{panic: {cpu: 7}}]`, 'x.yaml')).toThrow();
    const { result } = run('  - {panic: true}\n  - {crash: true}\n  - {offline: 1}\n');
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['ok', 'failed', 'failed']);
    expect(result.steps[2].message).toContain("the guest's kernel has stopped");
  });
});
