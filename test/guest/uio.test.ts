import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';

// drivers/uio/uio_hv_generic.c, drivers/hv/vmbus_drv.c and drivers/base/bus.c, as DPDK's users go through them.

const NIC = '11111111-2222-3333-4444-555555555555';
const OTHER = '21111111-2222-3333-4444-555555555555';
const NIC_CLASS = 'f8615163-df3e-46c5-913f-f2d2f965ed0e';
const DRIVERS = '/sys/bus/vmbus/drivers';

function boot(options: Partial<GuestOptions> = {}): Guest {
  const devices = [
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18], instance: NIC },
    { driver: 'storvsc', relid: 7, instance: OTHER },
  ] as const;
  return Guest.create({ cpus: 4, kernel: '6.12', devices, ...options });
}

function attempt(guest: Guest, path: string, text: string): string {
  try {
    guest.fs.writeFile(`${DRIVERS}/${path}`, text);
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** As DPDK's guide for Hyper-V has it. */
function bindByNewId(guest: Guest): void {
  expect(attempt(guest, 'uio_hv_generic/new_id', NIC_CLASS)).toBe('ok');
  expect(attempt(guest, 'hv_netvsc/unbind', NIC)).toBe('ok');
  expect(attempt(guest, 'uio_hv_generic/bind', NIC)).toBe('ok');
}

/** Relids of the channels that are open. */
const openChannels = (guest: Guest): number[] =>
  [...guest.vmbus.connection.channels()]
    .filter(({ state }) => state.kind === 'opened')
    .map(({ relid }) => relid);

describe('a network adapter for a program', () => {
  test('is bound by new_id, unbind and bind; its channel is closed until the program opens it', () => {
    const guest = boot();
    bindByNewId(guest);
    expect(guest.fs.readlink(`/sys/bus/vmbus/devices/${NIC}/driver`)).toMatch(/drivers\/uio_hv_generic$/);
    expect(openChannels(guest)).toEqual([7]);
    expect(guest.fs.readdir('/sys/class/net')).toEqual([]);
    guest.uio(13).open();
    expect(openChannels(guest)).toEqual([13, 7]);
    guest.uio(13).close();
    expect(openChannels(guest)).toEqual([7]);
  });

  test('is bound by driver_override, without new_id', () => {
    const guest = boot();
    guest.fs.writeFile(`/sys/bus/vmbus/devices/${NIC}/driver_override`, 'uio_hv_generic');
    expect(attempt(guest, 'hv_netvsc/unbind', NIC)).toBe('ok');
    expect(attempt(guest, 'hv_netvsc/bind', NIC)).toBe('ENODEV');
    guest.fs.writeFile('/sys/bus/vmbus/drivers_probe', NIC);
    expect(guest.uio(13).device.minor).toBe(0);
  });

  test('goes back to netvsc', () => {
    const guest = boot();
    const before = openChannels(guest);
    bindByNewId(guest);
    guest.uio(13).open();
    expect(attempt(guest, 'uio_hv_generic/unbind', NIC)).toBe('ok');
    expect(attempt(guest, 'hv_netvsc/bind', NIC)).toBe('ok');
    guest.run({ ms: 100 });
    expect(openChannels(guest).sort()).toEqual(before.sort());
    expect(guest.fs.readdir('/sys/class/uio')).toEqual([]);
  });

  test('shares its buffers with the host while it is bound', () => {
    const guest = boot();
    const { memory } = guest.vmbus.operations;
    expect(attempt(guest, 'hv_netvsc/unbind', NIC)).toBe('ok');
    const before = memory.blocksInUse;
    bindAgain(guest);
    expect(memory.blocksInUse).toBe(before + 2);
    guest.uio(13).open();
    expect(memory.blocksInUse).toBe(before + 3);
    expect(attempt(guest, 'uio_hv_generic/unbind', NIC)).toBe('ok');
    expect(memory.blocksInUse).toBe(before);
  });

  test('the log says that the module is there when it is first used', () => {
    const guest = boot();
    const said = (): number =>
      guest.log.filter(({ text }) => text === 'hv_vmbus: registering driver uio_hv_generic').length;
    expect(said()).toBe(0);
    bindByNewId(guest);
    expect(said()).toBe(1);
  });

  test('is taken back by the host while its program has it', () => {
    const guest = boot();
    bindByNewId(guest);
    guest.uio(13).open();
    guest.host.rescind(13);
    expect(openChannels(guest)).toEqual([7]);
    expect(() => guest.uio(13)).toThrow(RangeError);
  });
});

function bindAgain(guest: Guest): void {
  expect(attempt(guest, 'uio_hv_generic/new_id', NIC_CLASS)).toBe('ok');
}

test.each([
  ['uio_hv_generic/new_id', 'no GUID', 'EINVAL'],
  ['uio_hv_generic/bind', NIC, 'ENODEV'],
  ['uio_hv_generic/bind', 'nobody', 'ENODEV'],
  ['uio_hv_generic/unbind', NIC, 'ENODEV'],
  ['uio_hv_generic/remove_id', NIC_CLASS, 'ENODEV'],
] as const)('%s of %s is %s', (path, text, errno) => {
  expect(attempt(boot(), path, text)).toBe(errno);
});

test('a class twice is EEXIST, a device with a driver EBUSY', () => {
  const guest = boot();
  expect(attempt(guest, 'uio_hv_generic/new_id', NIC_CLASS)).toBe('ok');
  expect(attempt(guest, 'uio_hv_generic/new_id', NIC_CLASS)).toBe('EEXIST');
  expect(attempt(guest, 'uio_hv_generic/bind', NIC)).toBe('EBUSY');
  expect(attempt(guest, 'uio_hv_generic/remove_id', NIC_CLASS)).toBe('ok');
  expect(attempt(guest, 'uio_hv_generic/bind', NIC)).toBe('ENODEV');
});

test.each([
  ['6.10', 1, 0],
  ['6.12', 0, 0],
  ['7.2', 0, 0],
] as const)(
  'on %s interrupts are on or off as the driver and the program say: mask %i at first',
  (kernel, opened, enabled) => {
    const guest = boot({ kernel });
    bindByNewId(guest);
    const uio = guest.uio(13);
    const mask = (): string => guest.fs.readFile(`/sys/bus/vmbus/devices/${NIC}/channels/13/in_mask`).trim();
    uio.open();
    expect(mask()).toBe(String(opened));
    uio.irqControl(true);
    expect(mask()).toBe(String(enabled));
    guest.host.signal(13, 1);
    expect(uio.events).toBe(1);
    expect(guest.fs.readFile('/sys/class/uio/uio0/event')).toBe('1\n');
    expect(mask()).toBe(String(opened));
    uio.irqControl(false);
    expect(mask()).toBe('1');
  },
);

test('who has not opened it cannot write to it', () => {
  const guest = boot();
  bindByNewId(guest);
  expect(() => guest.uio(13).irqControl(true)).toThrow(/EBADF/);
  expect(() => guest.uio(7)).toThrow(/uio_hv_generic has no device with channel 7/);
});
