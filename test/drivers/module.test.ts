import { expect, test } from '@jest/globals';
import { Container } from 'inversify';
import { builtinDrivers, defaultDeviceParameters, VpciDriver } from '../../src/drivers/index.js';
import { driversModule } from '../../src/drivers/module.js';
import { ChannelOperations } from '../../src/vmbus/channel/open.js';
import { VMBUS_DRIVER } from '../../src/vmbus/driver.js';
import { device, TestGuest } from '../support/guest.js';

test('the module binds every driver, in the order in which they stand, each once', () => {
  const { operations } = new TestGuest({}).vmbus;
  const container = new Container();
  container.bind(ChannelOperations).toConstantValue(operations);
  container.load(driversModule(defaultDeviceParameters));
  const drivers = container.getAll(VMBUS_DRIVER);
  expect(drivers.map(({ name }) => name)).toEqual([
    'uio_hv_generic',
    'hv_sock',
    'hyperv_fb',
    'hv_balloon',
    'hv_utils',
    'hv_storvsc',
    'hv_netvsc',
    'hyperv_keyboard',
    'hid_hyperv',
    'hv_pci',
  ]);
  expect(drivers.map((driver) => driver.constructor)).toEqual(builtinDrivers);
  expect(container.getAll(VMBUS_DRIVER)).toEqual(drivers);
});

test('drivers are given the operations and the parameters of devices', () => {
  const guest = new TestGuest({
    devices: [device('pci', 4)],
    drivers: (operations) => {
      const container = new Container();
      container.bind(ChannelOperations).toConstantValue(operations);
      container.load(driversModule({ ...defaultDeviceParameters, vpciDomain: () => 0x1234 }));
      return container.getAll(VMBUS_DRIVER);
    },
  }).boot();
  expect(guest.channel(4).irqName).toBe('vpci:1234');
});

test('a driver made by hand needs no container', () => {
  const guest = new TestGuest({
    devices: [device('pci', 4)],
    drivers: (operations) => [new VpciDriver(operations, defaultDeviceParameters)],
  }).boot();
  expect(guest.channel(4).irqName).toBe('vpci:0004');
});
