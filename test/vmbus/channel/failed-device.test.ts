import { describe, expect, jest, test } from '@jest/globals';
import { Guest, type GuestOptions } from 'irqlab';
import { deviceClassId } from '../../../src/vmbus/protocol/class-ids.js';
import { CHANNELMSG, decodeMessage, encodeMessage } from '../../../src/vmbus/protocol/channel-messages.js';
import { parseGuid } from '../../../src/vmbus/protocol/guid.js';

const instance = '11111111-2222-4333-8444-555555555555';

function vmOf(options: Partial<GuestOptions>): { vm: Guest; released: number[] } {
  const vm = Guest.create({ cpus: 2, ...options });
  const released: number[] = [];
  const { hyperv } = vm.host;
  const post = hyperv.postMessage.bind(hyperv);
  jest.spyOn(hyperv, 'postMessage').mockImplementation((bytes, connectionId) => {
    const message = decodeMessage(bytes);
    if (message.type === CHANNELMSG.RELID_RELEASED) released.push(message.childRelid);
    return post(bytes, connectionId);
  });
  vm.run({ ms: 100 });
  return { vm, released };
}

/** Offers a channel of its own kind that has the instance of another device, and the index of a sub-channel. */
function offerNamesake(vm: Guest, driver: string, childRelid: number): void {
  vm.host.send(
    encodeMessage({
      type: CHANNELMSG.OFFERCHANNEL,
      classId: deviceClassId(driver),
      instanceId: parseGuid(instance),
      userDefined: new Uint8Array(0),
      flags: 0,
      mmioMegabytes: 0,
      monitorId: 0xff,
      monitorAllocated: false,
      isDedicatedInterrupt: true,
      connectionId: 0x10000 + childRelid,
      childRelid,
      subChannelIndex: 1,
    }),
  );
  vm.run({ ms: 1 });
}

const relidsOf = (vm: Guest): number[] => vm.vmbus.connection.primaries.map(({ relid }) => relid);
const said = (vm: Guest, part: string): string[] =>
  vm.machine.log.lines.map(({ text }) => text).filter((text) => text.includes(part));

describe('a device that cannot be made', () => {
  const twice = { devices: [{ driver: 'heartbeat', relid: 7, instance }] } as const;

  test('because of another one of its name: the channel goes, its relid is given back', () => {
    const { vm, released } = vmOf(twice);
    offerNamesake(vm, 'kvp', 8);
    expect(relidsOf(vm)).toEqual([7]);
    expect(released).toEqual([8]);
    expect(said(vm, 'child device')).toEqual([
      'hv_vmbus: Unable to register child device',
      'hv_vmbus: unable to add child device object (relid 8)',
    ]);
    expect(said(vm, 'kobject: ')).toHaveLength(1);
    const device = vm.fs.readlink(`/sys/bus/vmbus/devices/${instance}`).replaceAll('../', '');
    expect(said(vm, 'sysfs: ')).toEqual([`sysfs: cannot create duplicate filename '/${device}'`]);
    expect(vm.procInterrupts()).not.toMatch(/VMBus +8 /);
    expect(vm.fs.readdir('/sys/bus/vmbus/devices')).toEqual([instance]);
  });

  test('removes no sysfs group that it never had, and is forgotten', () => {
    const { vm } = vmOf(twice);
    offerNamesake(vm, 'kvp', 8);
    expect(said(vm, 'kernfs')).toEqual([]);
    vm.host.send(encodeMessage({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: 8 }));
    vm.run({ ms: 1 });
    expect([...vm.refused()]).toEqual([['rescind-of-unknown-relid', 1]]);
    expect(vm.fs.readFile(`/sys/bus/vmbus/devices/${instance}/id`)).toBe('7\n');
  });

  test.each(['array', 'percpu-list', 'irqdomain-redirect'] as const)(
    'with relid map %s as well',
    (relidMap) => {
      const { vm, released } = vmOf({ ...twice, design: { relidMap } });
      offerNamesake(vm, 'timesync', 9);
      offerNamesake(vm, 'shutdown', 10);
      expect(relidsOf(vm)).toEqual([7]);
      expect(released).toEqual([9, 10]);
    },
  );

  test('has room once the first one is gone', () => {
    const { vm } = vmOf(twice);
    vm.host.rescind(7);
    vm.host.offer({ driver: 'kvp', relid: 8, instance });
    expect(relidsOf(vm)).toEqual([8]);
  });
});

describe('a channel whose interrupt has no number', () => {
  const devices = [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'shutdown', relid: 9 },
    { driver: 'timesync', relid: 10 },
    { driver: 'kvp', relid: 11 },
  ] as const;

  /** Two numbers are free for channels. */
  const maxIrqs = 26;

  test('is given up, and its relid released; the others work', () => {
    const { vm, released } = vmOf({ devices: devices.slice(0, 1), maxIrqs });
    for (const device of devices.slice(1)) vm.host.offer(device);
    expect(relidsOf(vm)).toEqual([7, 9]);
    expect(released).toEqual([10, 11]);
    vm.host.signal(9);
    expect(vm.irq(25).total).toBeGreaterThan(0);
    expect(vm.vmbus.bus.devices).toHaveLength(2);
  });

  test('may come again when a number is free', () => {
    const { vm, released } = vmOf({ devices: devices.slice(0, 2), maxIrqs });
    vm.host.offer({ driver: 'vss', relid: 12 });
    expect(released).toEqual([12]);
    vm.host.rescind(7);
    vm.host.offer({ driver: 'timesync', relid: 10 });
    expect(relidsOf(vm)).toEqual([9, 10]);
  });

  test('is no matter where channels have no interrupts', () => {
    const { vm, released } = vmOf({ devices, maxIrqs, design: { relidMap: 'array' } });
    expect(relidsOf(vm)).toEqual([7, 9, 10, 11]);
    expect(released).toEqual([]);
  });
});
