import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { ErrnoError } from '../../../src/lib/errno.js';

const instance = '1eccfd72-4b41-45ef-b73a-4a6e44c12924';
const classId = 'f912ad6d-2b17-48ea-bd65-f927a61c7684';
const bus = '/sys/bus/vmbus';
const device = `${bus}/devices/${instance}`;
const driver = `${bus}/drivers/hyperv_keyboard`;

const boot = () => Guest.create({ cpus: 2, devices: [{ driver: 'keyboard', relid: 4, instance }] });

/** What write() gives: bytes, or the name of the errno. */
function write({ fs }: Guest, path: string, text: string): number | string {
  try {
    return fs.writeFile(path, text);
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}

const isBound = ({ fs }: Guest) => fs.exists(`${device}/driver`);

describe('/sys/bus/vmbus', () => {
  test('a device has links to its bus and driver, and says what its uevents say', () => {
    const { fs } = boot();
    expect(fs.readFile(`${device}/uevent`)).toBe(
      'DRIVER=hyperv_keyboard\nMODALIAS=vmbus:6dad12f9172bea48bd65f927a61c7684\n',
    );
    expect(fs.readdir(`${device}/driver/`)).toEqual(
      [instance, 'bind', 'module', 'new_id', 'remove_id', 'uevent', 'unbind'].sort(),
    );
    expect(fs.readFile(`${device}/subsystem/devices/${instance}/driver/${instance}/id`)).toBe('4\n');
    expect(fs.readdir(bus)).toEqual([
      'devices',
      'drivers',
      'drivers_autoprobe',
      'drivers_probe',
      'hibernation',
      'uevent',
    ]);
  });

  test('the monitor files are hidden while no monitor is allocated', () => {
    const { fs } = boot();
    const names = [...fs.readdir(device), ...fs.readdir(`${device}/channels/4`)];
    expect(names.filter((name) => /monitor|pending|latency/.test(name))).toEqual([]);
  });

  test('unbind closes the channel, bind opens it again; its interrupt is free only when the channel goes', () => {
    const guest = boot();
    const { irq } = guest.channel(4);
    expect(write(guest, `${driver}/unbind`, `${instance}\n`)).toBe(37);
    expect([isBound(guest), guest.channel(4).state]).toEqual([false, 'open']);
    expect(write(guest, `${driver}/unbind`, instance)).toBe('ENODEV');
    expect(write(guest, `${driver}/bind`, instance)).toBe(36);
    expect([isBound(guest), guest.channel(4).state, guest.channel(4).irq]).toEqual([true, 'opened', irq]);
    expect(guest.procInterrupts()).toContain('keyboard');
    expect(write(guest, `${driver}/bind`, instance)).toBe('EBUSY');
    expect(write(guest, `${bus}/drivers/hv_balloon/bind`, instance)).toBe('ENODEV');
    expect(write(guest, `${driver}/bind`, 'nothing')).toBe('ENODEV');
  });

  test('driver_override names the only driver that may serve the device', () => {
    const guest = boot();
    expect(guest.fs.readFile(`${device}/driver_override`)).toBe('(null)\n');
    write(guest, `${driver}/unbind`, instance);
    expect(write(guest, `${device}/driver_override`, 'hv_sock\n')).toBe(8);
    expect(guest.fs.readFile(`${device}/driver_override`)).toBe('hv_sock\n');
    expect(write(guest, `${driver}/bind`, instance)).toBe('ENODEV');
    expect(write(guest, `${device}/driver_override`, '\n')).toBe(1);
    expect(write(guest, `${bus}/drivers_probe`, instance)).toBe(36);
    expect(isBound(guest)).toBe(true);
    expect(write(guest, `${device}/driver_override`, 'x'.repeat(4095))).toBe('EINVAL');
    expect(write(guest, `${bus}/drivers_probe`, 'nothing')).toBe('EINVAL');
  });

  test('new_id and remove_id give a driver one more class', () => {
    const guest = boot();
    const other = `${bus}/drivers/hid_hyperv`;
    write(guest, `${driver}/unbind`, instance);
    expect(write(guest, `${other}/bind`, instance)).toBe('ENODEV');
    expect(write(guest, `${driver}/new_id`, 'no guid')).toBe('EINVAL');
    expect(write(guest, `${driver}/new_id`, classId)).toBe(36);
    expect(isBound(guest)).toBe(true);
    expect(write(guest, `${driver}/new_id`, `${classId}\n`)).toBe('EEXIST');
    expect(write(guest, `${driver}/remove_id`, classId)).toBe(36);
    expect(write(guest, `${driver}/remove_id`, classId)).toBe('ENODEV');
    expect(isBound(guest)).toBe(true);
  });

  test('without drivers_autoprobe new devices stay without a driver', () => {
    const guest = boot();
    expect(guest.fs.readFile(`${bus}/drivers_autoprobe`)).toBe('1\n');
    write(guest, `${bus}/drivers_autoprobe`, '0');
    guest.host.offer({ driver: 'mouse', relid: 9 });
    expect(guest.channel(9).state).toBe('open');
    write(guest, `${bus}/drivers_autoprobe`, '1');
    guest.host.offer({ driver: 'balloon', relid: 10 });
    expect(guest.channel(10).state).toBe('opened');
  });

  test.each([
    ['add', 3],
    ['change\n', 7],
    ['add 12345678-1234-1234-1234-123456789012 A=1', 44],
    ['hello', 'EINVAL'],
  ])('uevent: %j gives %p', (text, result) => {
    expect(write(boot(), `${device}/uevent`, text)).toBe(result);
  });
});

describe('the kernel log of a boot', () => {
  test('version, unknown devices, drivers, and what the services agree on', () => {
    const { log } = Guest.create({
      cpus: 2,
      devices: [
        { driver: 'heartbeat', relid: 7 },
        { driver: 'balloon', relid: 1 },
        { class: 'dde9cbc0-5060-4436-9448-ea1254a5d177', relid: 2 },
        // Meant for Windows: dropped without a word.
        { class: 'f8e65716-3cb3-4a06-9a60-1889c5cccab5', relid: 3 },
      ],
    });
    expect(log.map(({ text }) => text)).toEqual([
      'hv_vmbus: Vmbus version:5.3',
      'hv_vmbus: Unknown GUID: dde9cbc0-5060-4436-9448-ea1254a5d177',
      'hv_vmbus: registering driver hv_pci',
      'hv_vmbus: registering driver hid_hyperv',
      'hv_vmbus: registering driver hyperv_keyboard',
      'hv_vmbus: registering driver hv_netvsc',
      'hv_vmbus: registering driver hv_storvsc',
      'hv_utils: Registering HyperV Utility Driver',
      'hv_vmbus: registering driver hv_utils',
      'hv_vmbus: registering driver hv_balloon',
      'hv_vmbus: registering driver hyperv_fb',
      'hv_vmbus: registering driver hv_sock',
      'hv_utils: Heartbeat IC version 3.0',
      'hv_balloon: Using Dynamic Memory protocol version 2.0',
    ]);
  });
});
