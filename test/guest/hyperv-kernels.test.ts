// What drivers/hv and its drivers of different kernels show of a guest (src/vmbus/kernel.ts).
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { DeviceOptions } from '../../src/scenario/options/devices.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import type { KernelVersion } from '../../src/scenario/options/kernel.js';
import { parseScenario } from '../../src/scenario/load.js';

function names(vm: Guest): string[] {
  return vm
    .procInterrupts()
    .split('\n')
    .flatMap((line) => /VMBus +\d+ +(.*)$/.exec(line)?.[1].trim() ?? []);
}

function log(vm: Guest): string[] {
  return vm.log.map(({ text }) => text);
}

const relids = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('the number of channels that netvsc asks for', () => {
  const nic: DeviceOptions = { driver: 'netvsc', relid: 13, subChannels: relids(14, 63) };

  test.each<[KernelVersion, GuestOptions['cpus'], number]>([
    ['6.1', 4, 4],
    ['6.10', 16, 8],
    ['6.12', 16, 16],
    ['6.18', 16, 16],
    ['6.18', 24, 16],
    ['7.2', 48, 24],
    ['7.3', { present: 48, threadsPerCore: 2 }, 16],
    ['6.12', { present: 96, threadsPerCore: 2 }, 24],
    ['6.12', { present: 160 }, 64],
    ['6.1', 160, 8],
    ['7.2', { present: 48, online: relids(0, 33) }, 17],
  ])('Linux %s with CPUs %j: %i', (kernel, cpus, channels) => {
    const vm = Guest.create({ kernel, cpus, devices: [nic] });
    expect(names(vm)).toHaveLength(channels);
  });

  test('what a scenario asks for is that', () => {
    const vm = Guest.create({ kernel: '7.2', cpus: 16, devices: [{ ...nic, channels: 3 }] });
    expect(names(vm)).toHaveLength(3);
  });
});

describe('file copy', () => {
  test.each<[KernelVersion, string[]]>([
    ['6.1', ['fcopy', 'kvp']],
    ['6.10', ['kvp']],
    ['6.12', ['kvp']],
    ['7.3', ['kvp']],
  ])('Linux %s has drivers for %j', (kernel, expected) => {
    const devices: DeviceOptions[] = [
      { driver: 'fcopy', relid: 12 },
      { driver: 'kvp', relid: 8 },
    ];
    const vm = Guest.create({ kernel, cpus: 2, devices });
    expect(names(vm)).toEqual(expected);
    expect(vm.fs.readFile(`/sys/bus/vmbus/devices/${vm.channel(12).channel.offer.instanceId}/state`)).toBe(
      expected.includes('fcopy') ? '3\n' : '2\n',
    );
  });
});

describe('what a confidential VM accepts', () => {
  test.each<[KernelVersion, boolean]>([
    ['6.1', false],
    ['6.10', true],
    ['6.12', true],
    ['7.2', true],
  ])('Linux %s, a passed-through PCI device: %s', (kernel, accepted) => {
    const vm = Guest.create({ kernel, cpus: 2, isolation: true, devices: [{ driver: 'vpci', relid: 30 }] });
    expect(vm.refused().get('offer-not-allowed-in-isolated') ?? 0).toBe(accepted ? 0 : 1);
    expect(names(vm)).toHaveLength(accepted ? 1 : 0);
  });
});

describe('the framebuffer', () => {
  test.each<[KernelVersion, string]>([
    ['6.12', 'hyperv_fb'],
    ['7.2', 'hyperv_drm'],
  ])('is served in Linux %s by %s', (kernel, driver) => {
    const vm = Guest.create({ kernel, cpus: 1, devices: [{ driver: 'framebuffer', relid: 5 }] });
    expect(log(vm)).toContain(`hv_vmbus: registering driver ${driver}`);
    expect(names(vm)).toEqual(['framebuffer']);
  });
});

describe('a host that never says that all offers are sent', () => {
  const options = (kernel: KernelVersion): GuestOptions => ({
    kernel,
    cpus: 2,
    host: { misbehave: [{ what: 'message', message: 'ALLOFFERS_DELIVERED', deed: 'drop' }] },
    devices: [
      { driver: 'heartbeat', relid: 7 },
      { driver: 'storvsc', relid: 14 },
    ],
  });
  const warning = 'hv_vmbus: timed out waiting for all boot-time offers to be delivered.';

  test.each<[KernelVersion, boolean]>([
    ['6.1', false],
    ['6.12', false],
    ['6.18', true],
    ['7.2', true],
  ])('Linux %s waits for a minute: %s', (kernel, waits) => {
    const vm = Guest.create(options(kernel));
    expect(names(vm)).toEqual(['heartbeat', 'pri@storvsc0']);
    const line = vm.log.find(({ text }) => text === warning);
    expect(line !== undefined).toBe(waits);
    const registered = vm.log.find(({ text }) => text.startsWith('hv_vmbus: registering driver'));
    expect(registered !== undefined && registered.ns >= 60e9).toBe(waits);
  });

  test('nobody waits for a host that says it', () => {
    const vm = Guest.create({ ...options('7.2'), host: {} });
    expect(log(vm)).not.toContain(warning);
    expect(vm.now).toBeLessThan(1e9);
  });
});

describe('confidential VMBus', () => {
  const confidential: GuestOptions = {
    kernel: '7.2',
    cpus: 2,
    isolation: true,
    confidentialVmbus: true,
    devices: [
      { driver: 'netvsc', relid: 13, encrypted: 'rings' },
      { driver: 'storvsc', relid: 14, encrypted: 'all' },
      { driver: 'heartbeat', relid: 7 },
    ],
  };

  test('is said in the log, and takes encrypted channels and others', () => {
    const vm = Guest.create(confidential);
    expect(log(vm).slice(0, 2)).toEqual([
      'hv_vmbus: Establishing connection to the confidential VMBus',
      'hv_vmbus: Vmbus version:6.0',
    ]);
    expect(names(vm)).toEqual(['netvsc', 'pri@storvsc0', 'heartbeat']);
  });

  test.each<[string, Partial<GuestOptions>]>([
    ['without a paravisor that offers it', { confidentialVmbus: false }],
    ['a host of 5.3', { host: { version: '5.3' } }],
  ])('encrypted channels are refused: %s', (_, change) => {
    const vm = Guest.create({ ...confidential, ...change });
    expect(names(vm)).toEqual(['heartbeat']);
    expect(log(vm)).toContain('hv_vmbus: Invalid offer relid=13: no support for confidential VMBus');
    expect(vm.refused().get('offer-not-confidential')).toBe(2);
  });

  test('kernels before 6.19 look at no such bit', () => {
    const vm = Guest.create({ ...confidential, kernel: '6.18' });
    expect(names(vm)).toEqual(['netvsc', 'pri@storvsc0', 'heartbeat']);
    expect(log(vm)[0]).toBe('hv_vmbus: Vmbus version:5.3');
  });

  test('encrypted memory without encrypted rings is refused, and counts as an offer in progress for ever', () => {
    const vm = Guest.create({
      ...confidential,
      devices: [{ driver: 'heartbeat', relid: 7 }],
      host: {
        misbehave: [{ what: 'message', message: 'OFFERCHANNEL', deed: 'corrupt', field: 'flags', value: 4 }],
      },
    });
    expect(log(vm)).toContain("hv_vmbus: Invalid offer relid=7: the ring buffer isn't encrypted");
    expect(vm.refused().get('offer-without-encrypted-ring')).toBe(1);
    expect(vm.vmbus.connection.offers.count).toBe(1);
  });
});

describe('events of relids that were never offered', () => {
  const strayBit = (kernel: KernelVersion): Guest => {
    const vm = Guest.create({ kernel, cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
    vm.vmbus.contexts[1].eventFlags[3] |= 1 << 4;
    vm.vmbus.isr.handle(vm.machine.cpu(1));
    return vm;
  };

  test.each<KernelVersion>(['6.1', '6.12', '6.18'])('Linux %s clears their flags', (kernel) => {
    const vm = strayBit(kernel);
    expect(vm.refused().get('event-without-channel')).toBe(1);
    vm.cpu(1).offline();
  });

  test.each<KernelVersion>(['7.2', '7.3'])('Linux %s does not look there, until a CPU is to go', (kernel) => {
    const vm = strayBit(kernel);
    expect(vm.refused().get('event-without-channel')).toBeUndefined();
    expect(() => vm.cpu(1).offline()).toThrow(/EBUSY/);
    // A channel beyond them, and they are looked at again.
    vm.offer({ driver: 'kvp', relid: 200 });
    vm.run({ seconds: 1 });
    vm.vmbus.isr.handle(vm.machine.cpu(1));
    expect(vm.refused().get('event-without-channel')).toBe(1);
    vm.cpu(1).offline();
  });
});

test('a scenario says the same', () => {
  const { guest } = parseScenario(
    `kernel: "7.2"
cpus: 2
isolation: true
confidentialVmbus: true
host: {version: "6.0"}
devices: [{driver: kvp, relid: 8, encrypted: rings}]
`,
    'confidential.yaml',
  );
  expect(guest).toMatchObject({
    confidentialVmbus: true,
    host: { version: '6.0' },
    devices: [{ driver: 'kvp', encrypted: 'rings' }],
  });
});
