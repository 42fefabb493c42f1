// Several disks behind one storage controller, which share its channels and its hardware queues.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { vstorRangeBytes } from '../../src/host/protocols/storage.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

const options: GuestOptions = {
  cpus: 4,
  kernel: '6.12',
  devices: [
    { driver: 'storvsc', relid: 14, luns: [0, 1, 5], subChannels: [21, 22] },
    {
      driver: 'storvsc',
      relid: 15,
      controller: 'ide',
      instance: '00000000-0001-8899-0000-000000000000',
    },
    { driver: 'storvsc', relid: 16 },
  ],
};
const SYS = '/sys/class/scsi_device';

describe('the disks of a controller', () => {
  test('are its LUNs, in sysfs below their target; that of an IDE disk is in its GUID', () => {
    const vm = Guest.create(options);
    expect(vm.disk(14).luns).toEqual([0, 1, 5]);
    expect(vm.fs.readdir(SYS)).toEqual(['0:0:0:0', '0:0:0:1', '0:0:0:5', '1:0:1:0', '2:0:0:0']);
    const { instanceId } = vm.vmbus.bus.devices[0];
    expect(vm.fs.readlink(`${SYS}/0:0:0:5`)).toBe(
      `../../devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/${instanceId}/host0/target0:0:0/0:0:0:5/scsi_device/0:0:0:5`,
    );
    expect(vm.fs.readlink(`${SYS}/0:0:0:5/device`)).toBe('../../../0:0:0:5');
    expect(vm.fs.readdir(`${SYS}/0:0:0:5/device/..`)).toEqual(['0:0:0:0', '0:0:0:1', '0:0:0:5']);
    expect(vm.fs.readdir(`/sys/bus/vmbus/devices/${instanceId}/host0`)).toEqual(['scsi_host', 'target0:0:0']);
    expect(vm.fs.exists(`${SYS}/0:0:0:5/subsystem/1:0:1:0`)).toBe(true);
    vm.rmmod('hv_storvsc');
    expect(vm.fs.readdir(SYS)).toEqual([]);
  });

  test('are named in each request, and take the channels that the CPU has', () => {
    const vm = Guest.create(options);
    const { operations } = vm.vmbus;
    const sendPacket = operations.sendPacket.bind(operations);
    const sent: [number, number][] = [];
    operations.sendPacket = (channel, payload, ...rest) => {
      sent.push([channel.relid, payload[vstorRangeBytes(4096) + 19]]);
      sendPacket(channel, payload, ...rest);
    };
    for (const lun of [5, 1, undefined, 0]) vm.disk(14).submit({ cpu: 2, ...(lun !== undefined && { lun }) });
    const relid = vm.disk(14).channelFor(2);
    expect(sent).toEqual([5, 1, 0, 0].map((lun) => [relid, lun]));
    expect(() => vm.disk(14).submit({ lun: 2 })).toThrow('there is no LUN 2; there are 0, 1, 5');
    expect(() => vm.disk(16).submit({ lun: 1 })).toThrow(RangeError);
    vm.run({ ms: 10 });
    expect(vm.disk(14).completed).toBe(4);
  });
});

describe('a hardware queue', () => {
  /** I/Os with the host after each step of `ios`: CPU, LUN and how many more are submitted. */
  function outstanding(
    luns: readonly number[],
    ios: readonly (readonly [number, number, number])[],
  ): number[] {
    const vm = Guest.create({
      ...options,
      devices: [{ driver: 'storvsc', relid: 14, luns }],
      cmdline: 'hv_storvsc.storvsc_ringbuffer_size=4096',
    });
    const { queueDepth } = vm.disk(14).controller;
    expect(queueDepth).toBe(9);
    let before = 0;
    return ios.map(([cpu, lun, count]) => {
      vm.disk(14).submit({ cpu, lun, count, bytes: 0 });
      const grown = vm.disk(14).outstanding - before;
      before += grown;
      return grown;
    });
  }

  test.each([
    ['one disk has all of it', [0], [[0, 0, 20]], [9]],
    ['a disk alone with others has all of it, too', [0, 1], [[0, 0, 20]], [9]],
    [
      'two that use it have half of it each, as long as there are tags',
      [0, 1],
      [
        [0, 0, 1],
        [0, 1, 20],
        [0, 0, 20],
      ],
      [1, 5, 3],
    ],
    [
      'three have four tags each, though that is more than there are thirds',
      [0, 1, 5],
      [
        [0, 0, 1],
        [0, 1, 1],
        [0, 5, 20],
      ],
      [1, 1, 4],
    ],
    [
      'who uses another one does not share it',
      [0, 1],
      [
        [1, 0, 1],
        [2, 1, 20],
      ],
      [1, 9],
    ],
  ] as const)('%s', (_, luns, ios, expected) => {
    expect(outstanding(luns, ios)).toEqual(expected);
  });

  test('is a disk’s alone again when the others have had nothing to do for 5 s', () => {
    const vm = Guest.create({
      ...options,
      devices: [{ driver: 'storvsc', relid: 14, luns: [0, 1] }],
      cmdline: 'hv_storvsc.storvsc_ringbuffer_size=4096',
    });
    const burst = (lun: number): number => {
      vm.disk(14).submit({ lun, count: 20, bytes: 0 });
      const { outstanding: now } = vm.disk(14);
      vm.run({ ms: 100 });
      expect(vm.disk(14).queued).toBe(0);
      return now;
    };
    expect([burst(0), burst(1), burst(0)]).toEqual([9, 5, 5]);
    vm.run({ seconds: 4 });
    expect(burst(0)).toBe(5);
    vm.run({ seconds: 6 });
    expect(burst(0)).toBe(9);
  });
});

describe('in a scenario', () => {
  const run = (device: string, workload: string) => {
    const text = `cpus: 2\ndevices: [{driver: storvsc, relid: 14${device}}]\nworkload: [{disk: 14${workload}, outstanding: 4, ios: 100}]\nrun: 1s`;
    const scenario = parseScenario(text, 'luns.yaml');
    return runScenarioOn(Guest.create(scenario.guest), scenario);
  };

  test.each([
    ['', ', lun: 0', 100, 0],
    [', luns: [3, 4]', '', 100, 0],
    [', luns: [3, 4]', ', lun: 4', 100, 0],
    [', luns: [3, 4]', ', lun: 0', 0, 4],
  ])('%j with %j: %d I/Os, %d without a disk', (device, workload, sent, unsent) => {
    expect(run(device, workload).workload[0]).toMatchObject({ sent, unsent });
  });

  test.each([
    [', luns: []', 'expected one LUN or more'],
    [', luns: [1, 1]', 'each once'],
    [', luns: [255]', 'expected a whole number from 0 to 254'],
    [', controller: ide, luns: [0]', 'an IDE controller has one disk'],
  ])('%j is refused', (device, message) => {
    expect(() => run(device, '')).toThrow(message);
  });
});
