// rmmod and modprobe of hv_vmbus and the drivers on it.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { designChoices, type VmbusDesign } from '../../src/vmbus/variants/design.js';
import { CHANNELMSG, decodeMessage, messageName } from '../../src/vmbus/protocol/channel-messages.js';
import { errnoOf } from '../support/errors.js';
import { brokenInvariants } from './invariants.js';

const options: GuestOptions = {
  cpus: 4,
  kernel: '6.12',
  devices: [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'netvsc', relid: 13, channels: 3, subChannels: [16, 17] },
    { driver: 'storvsc', relid: 14, subChannels: [21] },
    { driver: 'vpci', relid: 40, functions: [{ driver: 'nvme', queues: 2 }] },
  ],
};
const texts = (vm: Guest): string[] => vm.log.map(({ text }) => text);
const rows = (vm: Guest): string[] =>
  vm
    .procInterrupts()
    .split('\n')
    .filter((line) => /VMBus|PCIe/.test(line));
const isOpen = (vm: Guest, relid: number): boolean =>
  vm.vmbus.connection.relids.relid2channel(relid)?.state.kind === 'opened';
const drivers = (vm: Guest): string[] =>
  vm.vmbus.modules.names.slice(1).filter((name) => vm.vmbus.modules.isLoaded(name));

/** Messages of the guest, from now on, by name. */
function messagesOf(vm: Guest): string[] {
  const { hyperv } = vm.host;
  const sent: string[] = [];
  const postMessage = hyperv.postMessage.bind(hyperv);
  hyperv.postMessage = (bytes, connection) => {
    sent.push(messageName(decodeMessage(bytes).type));
    return postMessage(bytes, connection);
  };
  return sent;
}

describe('a module stays', () => {
  test('while others need it: all that are loaded, and no others', () => {
    const vm = Guest.create(options);
    expect(() => vm.rmmod('hv_vmbus')).toThrow(
      'EAGAIN: module hv_vmbus is in use by pci_hyperv, hid_hyperv, hyperv_keyboard, hv_netvsc, hv_storvsc, hv_utils, hv_balloon, hyperv_fb, hv_sock; unload them first',
    );
    vm.rmmod('hv_netvsc', 'hid-hyperv');
    expect(() => vm.rmmod('hv_vmbus')).toThrow('in use by pci_hyperv, hyperv_keyboard, hv_storvsc,');
    expect(vm.vmbus.isLoaded).toBe(true);
  });

  test('while a disk has I/Os, a socket is connected, or a program has a uio device open', () => {
    const vm = Guest.create({ ...options, host: { sockets: [5000] } });
    vm.disk(14).controller.submit({ cpu: 1, bytes: 4096, isWrite: false, completed: () => {} });
    expect(errnoOf(() => vm.rmmod('hv_storvsc'))).toBe('EAGAIN');
    vm.run({ ms: 10 });
    vm.rmmod('hv_storvsc');
    const relid = vm.connect(5000);
    expect(errnoOf(() => vm.rmmod('hv_sock'))).toBe('EAGAIN');
    vm.host.rescind(relid);
    vm.rmmod('hv_sock');
    const [{ instanceId }] = vm.vmbus.bus.devices.filter(({ channel }) => channel.relid === 7);
    vm.rmmod('hv_utils');
    const sys = '/sys/bus/vmbus';
    vm.writeFile(`${sys}/drivers/uio_hv_generic/new_id`, '57164f39-9115-4e78-ab55-382f3bd5422d');
    expect(vm.fs.readlink(`${sys}/devices/${instanceId}/driver`)).toContain('uio_hv_generic');
    vm.useUio(7, 'open');
    expect(errnoOf(() => vm.rmmod('uio_hv_generic'))).toBe('EAGAIN');
    vm.useUio(7, 'close');
    vm.rmmod('uio_hv_generic');
    expect(texts(vm).at(-1)).toBe('hv_vmbus: unregistering driver uio_hv_generic');
    expect(errnoOf(() => vm.rmmod('uio_hv_generic'))).toBe('ENOENT');
  });

  test('while the guest sleeps; and names that no module has are told', () => {
    const vm = Guest.create({ ...options, devices: [{ driver: 'heartbeat', relid: 7 }] });
    vm.suspend();
    expect(errnoOf(() => vm.rmmod('hv_utils'))).toBe('EBUSY');
    expect(errnoOf(() => vm.modprobe('hv_utils'))).toBe('EBUSY');
    vm.resume();
    vm.rmmod('hv_utils');
    expect(errnoOf(() => vm.rmmod('hv_utils'))).toBe('ENOENT');
    expect(() => vm.rmmod('hv_util')).toThrow('there is no module hv_util; there are hv_vmbus, pci_hyperv,');
    expect(() => vm.modprobe('hv_util')).toThrow(RangeError);
  });
});

describe('a driver that goes', () => {
  test('says so, closes its channels, and takes what it made of its devices along', () => {
    const vm = Guest.create(options);
    const before = rows(vm);
    const sent = messagesOf(vm);
    vm.rmmod('pci_hyperv', 'hv_netvsc', 'hv_utils');
    expect(texts(vm).slice(-4)).toEqual([
      'hv_vmbus: unregistering driver hv_pci',
      'hv_vmbus: unregistering driver hv_netvsc',
      'hv_utils: De-Registered HyperV Utility Driver',
      'hv_vmbus: unregistering driver hv_utils',
    ]);
    // The host takes sub-channels back, and the RFC's interrupts last as long as the channel.
    expect(before.filter((row) => /PCIe|VMBus +1[67] /.test(row))).toHaveLength(5);
    expect(rows(vm).filter((row) => /PCIe|VMBus +1[67] /.test(row))).toEqual([]);
    expect(vm.fs.readdir('/sys/class/net')).toEqual([]);
    expect(vm.fs.exists('/sys/module/hv_netvsc')).toBe(false);
    expect(vm.fs.exists('/sys/bus/vmbus/drivers/hv_netvsc')).toBe(false);
    expect(sent.filter((name) => name === 'CLOSECHANNEL')).toHaveLength(5);
    expect(vm.vmbus.bus.devices).toHaveLength(4);
    vm.modprobe('hv_netvsc');
    expect(vm.fs.readdir('/sys/class/net')).toEqual(['eth0']);
    expect(rows(vm).filter((row) => row.endsWith('netvsc'))).toHaveLength(3);
    expect(brokenInvariants(vm)).toEqual([]);
  });
});

describe('hv_vmbus goes and comes back', () => {
  test.each([
    ['6.1', true],
    ['6.10', false],
    ['6.12', true],
    ['6.18', false],
    ['7.2', false],
  ] as const)('%s: the host is told: %j', (kernel, isTold) => {
    const vm = Guest.create({ ...options, kernel });
    const before = rows(vm).map((row) => row.replace(/^ *\d+:[ \d]+ /, ''));
    vm.rmmod(...drivers(vm));
    const sent = messagesOf(vm);
    vm.rmmod('hv_vmbus');
    const released = Array.from({ length: 4 }, () => 'RELID_RELEASED');
    expect(sent.splice(0)).toEqual(isTold ? ['UNLOAD', ...released] : released);
    expect(rows(vm)).toEqual([]);
    expect(vm.fs.readdir('/sys/bus')).not.toContain('vmbus');
    expect(vm.fs.exists('/sys/module/hv_vmbus')).toBe(false);
    expect(vm.fs.readFile('/sys/devices/system/cpu/hotplug/states')).not.toContain('vmbus');
    expect([...vm.irqCore.descs()].filter(({ data }) => data.chip.name === 'VMBus')).toEqual([]);
    expect(vm.vmbus.connection.memory.blocksInUse).toBe(0);
    // No CPU is the connect CPU of anything.
    vm.cpu(3).offline();
    vm.cpu(3).online();
    vm.modprobe('hv_storvsc', 'hv_netvsc', 'hv_utils', 'pci_hyperv');
    expect(sent.filter((name, i) => name !== sent[i - 1]).slice(0, 2)).toEqual([
      'INITIATE_CONTACT',
      'REQUESTOFFERS',
    ]);
    expect(texts(vm)).toContain('hv_utils: Registering HyperV Utility Driver');
    expect(
      rows(vm)
        .map((row) => row.replace(/^ *\d+:[ \d]+ /, ''))
        .sort(),
    ).toEqual(before.sort());
    expect(vm.fs.readFile('/sys/devices/system/cpu/hotplug/states')).toContain('hyperv/vmbus:online');
    expect(brokenInvariants(vm)).toEqual([]);
    const { irq } = vm.channel(16);
    const counted = vm.irqCount(irq) ?? 0;
    vm.host.signal(16);
    expect(vm.irqCount(irq)).toBe(counted + 1);
    vm.rmmod(...drivers(vm), 'hv_vmbus');
    expect(vm.vmbus.isLoaded).toBe(false);
  });

  test.each<Partial<VmbusDesign>>([
    ...designChoices.relidMap.map((relidMap) => ({ relidMap })),
    ...designChoices.topLevel.map((topLevel) => ({ topLevel })),
    { lifetime: 'get-put-completed' },
  ])('under design %j', (design) => {
    const vm = Guest.create({ ...options, design });
    for (let round = 0; round < 2; round++) {
      const loaded = drivers(vm);
      vm.rmmod(...loaded, 'hv_vmbus');
      expect(rows(vm)).toEqual([]);
      expect(vm.fs.exists('/sys/kernel/debug/irq/domains/hv-vmbus')).toBe(
        design.relidMap === 'irqdomain-global',
      );
      vm.modprobe(...loaded);
      for (const relid of [13, 16, 21]) expect(isOpen(vm, relid)).toBe(true);
      expect(texts(vm).filter((text) => /WARNING|BUG/.test(text))).toEqual([]);
    }
  });

  test('devices that come and go meanwhile are found, or not', () => {
    const vm = Guest.create(options);
    vm.rmmod(...drivers(vm), 'hv_vmbus');
    vm.host.rescind(14);
    vm.host.offer({ driver: 'kvp', relid: 50 });
    vm.run({ seconds: 1 });
    expect(vm.vmbus.bus.devices).toEqual([]);
    vm.modprobe('hv_utils');
    expect([...vm.vmbus.connection.channels()].map(({ relid }) => relid).sort((a, b) => a - b)).toEqual([
      7, 13, 40, 50,
    ]);
    expect(isOpen(vm, 50)).toBe(true);
  });

  test('a host that does not answer UNLOAD keeps rmmod waiting for ever', () => {
    const vm = Guest.create(options);
    vm.rmmod(...drivers(vm));
    vm.host.misbehave({ what: 'message', message: 'UNLOAD_RESPONSE', deed: 'drop' });
    expect(() => vm.rmmod('hv_vmbus')).toThrow(/rmmod waits for answer to UNLOAD/);
    expect(vm.hangs().map(({ functions }) => functions.slice(0, 2))).toEqual([
      ['vmbus_initiate_unload', 'vmbus_exit'],
    ]);
  });

  test('arm64 leaves the interrupt requested, and is not loaded again', () => {
    const { devices = [] } = options;
    const vm = Guest.create({ ...options, arch: 'arm64', devices: devices.slice(0, 3) });
    vm.rmmod(...drivers(vm), 'hv_vmbus');
    const row = /^ *(\d+):.*Hyper-V VMbus$/m.exec(vm.procInterrupts());
    const irq = row?.[1];
    expect(texts(vm)).toContain(`percpu IRQ ${irq} still enabled on CPU0!`);
    expect(rows(vm)).toEqual([]);
    expect(errnoOf(() => vm.modprobe('hv_netvsc'))).toBe('EBUSY');
    expect(texts(vm).at(-1)).toBe(`hv_vmbus: Can't request Hyper-V VMbus IRQ ${irq}, Err -16`);
    expect(vm.vmbus.isLoaded).toBe(false);
  });

  test('a crash, a kexec and a suspend find nothing to leave', () => {
    const without = (): Guest => {
      const vm = Guest.create({ ...options, devices: [{ driver: 'heartbeat', relid: 7 }] });
      vm.rmmod(...drivers(vm), 'hv_vmbus');
      return vm;
    };
    for (const next of ['crash', 'kexec'] as const) {
      const vm = without();
      const sent = messagesOf(vm);
      vm[next]();
      expect(sent).not.toContain(messageName(CHANNELMSG.UNLOAD));
      expect(isOpen(vm, 7)).toBe(true);
    }
    const asleep = without();
    asleep.suspend();
    asleep.resume();
    asleep.modprobe('hv_utils');
    expect(rows(asleep)).toEqual([expect.stringMatching(/VMBus .* heartbeat$/)]);
  });
});
