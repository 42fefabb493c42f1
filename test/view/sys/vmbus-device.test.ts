import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { outcome } from '../machine.js';

// drivers/hv/vmbus_drv.c: the attributes of vmbus_dev_groups and vmbus_chan_attrs, and target_cpu_store.

const INSTANCE = '1eccfd72-4b41-45ef-b73a-4a6e44c12924';
const DEVICE = `/sys/bus/vmbus/devices/${INSTANCE}`;

function boot(more: object = {}): Guest {
  return Guest.create({
    cpus: { present: 4, online: [0, 1, 2], isolated: [2], possible: 6 },
    kernel: '6.12',
    devices: [{ driver: 'storvsc', relid: 5, subChannels: [6], instance: INSTANCE }],
    ...more,
  });
}

const read = ({ fs }: Guest, name: string): unknown => outcome(() => fs.readFile(`${DEVICE}/${name}`));
const write = ({ fs }: Guest, name: string, text: string): unknown =>
  outcome(() => fs.writeFile(`${DEVICE}/${name}`, text));

describe('a device', () => {
  test.each([
    ['class_id', '{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}\n'],
    ['device_id', `{${INSTANCE}}\n`],
    ['device', '0x1\n'],
    ['vendor', '0x1414\n'],
    ['id', '5\n'],
    ['state', '3\n'],
    ['modalias', 'vmbus:d96361baa104294db60572e2ffb1dc7f\n'],
    ['uevent', 'DRIVER=hv_storvsc\nMODALIAS=vmbus:d96361baa104294db60572e2ffb1dc7f\n'],
    ['channel_vp_mapping', '5:0\n6:1\n'],
    ['numa_node', '0\n'],
    ['driver_override', '(null)\n'],
    ['power/control', 'auto\n'],
    ['out_read_bytes_avail', '0\n'],
    ['out_write_bytes_avail', '131072\n'],
    ['in_read_bytes_avail', '0\n'],
    ['in_write_bytes_avail', '131072\n'],
    ['out_intr_mask', '0\n'],
    ['in_intr_mask', '0\n'],
  ])('%s', (name, expected) => {
    const vm = boot();
    expect(read(vm, name)).toBe(expected);
    const writable = ['uevent', 'driver_override', 'power/control'].includes(name);
    expect(vm.fs.stat(`${DEVICE}/${name}`).mode).toBe(writable ? 0o100644 : 0o100444);
  });

  test('its rings, closed', () => {
    const vm = boot();
    const rings = vm.fs.readdir(DEVICE).filter((name) => /^(in|out)_/.test(name));
    expect(rings).toEqual(
      ['in', 'out'].flatMap((side) =>
        ['intr_mask', 'read_bytes_avail', 'read_index', 'write_bytes_avail', 'write_index'].map(
          (what) => `${side}_${what}`,
        ),
      ),
    );
    const [readAt, writeAt] = [read(vm, 'out_read_index'), read(vm, 'out_write_index')];
    expect([typeof readAt, readAt]).toEqual(['string', writeAt]);
    expect(readAt).not.toBe('0\n');
    vm.fs.writeFile('/sys/bus/vmbus/drivers/hv_storvsc/unbind', INSTANCE);
    for (const name of rings) expect(read(vm, name)).toBe('EINVAL');
    for (const name of ['in_mask', 'out_mask', 'read_avail', 'write_avail'])
      expect(read(vm, `channels/5/${name}`)).toBe('EINVAL');
    expect([read(vm, 'uevent'), vm.fs.exists(`${DEVICE}/driver`), read(vm, 'state')]).toEqual([
      'MODALIAS=vmbus:d96361baa104294db60572e2ffb1dc7f\n',
      false,
      '2\n',
    ]);
  });

  test('the class device that its driver made, with where it stands', () => {
    const vm = boot();
    const [host = ''] = vm.fs.readdir('/sys/class/scsi_host');
    expect(vm.fs.stat(`/sys/class/scsi_host/${host}`).kind).toBe('directory');
    expect(vm.fs.readlink(`/sys/class/scsi_host/${host}`)).toContain(`/${INSTANCE}/`);
    expect(vm.fs.exists('/sys/bus/vmbus/devices/99999999-0000-0000-0000-000000000000')).toBe(false);
  });

  test.each<[string, number | string]>([
    ['add', 3],
    ['change\n', 7],
    ['bind 1234', 9],
    ['nonsense', 'EINVAL'],
    ['add\n\n', 'EINVAL'],
    ['', 0],
  ])('uevent takes %p as an action or not', (text, expected) => {
    expect(write(boot(), 'uevent', text)).toBe(expected);
  });
});

describe('a channel', () => {
  test.each([
    ['cpu', '0\n', '1\n'],
    ['subchannel_id', '0\n', '1\n'],
    ['in_mask', '0\n', '0\n'],
    ['out_mask', '0\n', '0\n'],
    ['read_avail', '0\n', '0\n'],
    ['write_avail', '131072\n', '131072\n'],
    ['intr_in_full', '0\n', '0\n'],
    ['out_full_first', '0\n', '0\n'],
    ['out_full_total', '0\n', '0\n'],
  ])('%s', (name, primary, sub) => {
    const vm = boot();
    expect([read(vm, `channels/5/${name}`), read(vm, `channels/6/${name}`)]).toEqual([primary, sub]);
    expect(vm.fs.stat(`${DEVICE}/channels/5/${name}`).mode).toBe(name === 'cpu' ? 0o100644 : 0o100444);
  });

  test('counts what is signalled either way', () => {
    const vm = boot();
    const counts = () =>
      ['interrupts', 'events', 'intr_out_empty'].map((name) =>
        [5, 6].reduce((sum, relid) => sum + Number(read(vm, `channels/${relid}/${name}`)), 0),
      );
    const before = counts();
    vm.disk(5).submit({ count: 1 });
    vm.run({ ms: 10 });
    const [interrupts = 0, events = 0, empty = 0] = before;
    expect(counts()).toEqual([interrupts + 1, events + 1, empty + 1]);
  });

  test.each<[string, number | string, string]>([
    ['1', 1, '1\n'],
    ['1\n', 2, '1\n'],
    [' 1', 2, '1\n'],
    ['0', 1, '0\n'],
    ['3', 'EINVAL', '0\n'],
    ['2', 'EINVAL', '0\n'],
    ['6', 'EINVAL', '0\n'],
    ['5', 'EINVAL', '0\n'],
    ['x', 'EIO', '0\n'],
    ['', 0, '0\n'],
  ])('goes to CPU %p or not', (text, expected, cpu) => {
    const vm = boot();
    expect([write(vm, 'channels/5/cpu', text), read(vm, 'channels/5/cpu')]).toEqual([expected, cpu]);
    expect(read(vm, 'channel_vp_mapping')).toBe(`5:${cpu}6:1\n`);
  });

  test('what refuses a CPU says why', () => {
    const vm = boot();
    const why = (text: string): string => {
      try {
        vm.fs.writeFile(`${DEVICE}/channels/5/cpu`, text);
        return '';
      } catch (error) {
        return String(error);
      }
    };
    expect(why('3')).toMatch(/EINVAL: channel 5 \(.*\) cannot go to CPU 3, which is offline/);
    expect(why('2')).toMatch(/EINVAL: channel 5 \(.*\) cannot go to CPU 2, which is isolated/);
    expect(why('6')).toMatch(/EINVAL: there is no CPU 6: the machine has CPUs 0-5/);
    expect(why('x')).toMatch(/EIO: "x" is no CPU number/);
    vm.fs.writeFile('/sys/bus/vmbus/drivers/hv_storvsc/unbind', INSTANCE);
    expect(why('1')).toMatch(/EIO: channel 5 \(.*\) is not open; the host moves open channels only/);
  });

  test('on a host before VMBus 4.1 goes nowhere', () => {
    const vm = boot({ host: { version: '4.0' } });
    expect(write(vm, 'channels/5/cpu', '1')).toBe('EIO');
    expect(write(boot({ host: { version: '4.1' } }), 'channels/5/cpu', '1')).toBe(1);
  });
});
