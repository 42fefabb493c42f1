import { describe, expect, test } from '@jest/globals';
import {
  deviceClassNamed,
  deviceClassOf,
  isUnsupportedDevice,
  unknownDeviceClass,
  unsupportedDevices,
  vmbusDeviceClasses,
  vmbusDeviceTypes,
} from '../../../src/vmbus/protocol/class-ids.js';
import { parseGuid } from '../../../src/vmbus/protocol/guid.js';

const namesOf = (wanted: (entry: (typeof vmbusDeviceClasses)[number]) => boolean): string[] =>
  vmbusDeviceClasses.filter(wanted).map(({ name }) => name);

describe('device classes', () => {
  test('every type of the kernel but HV_UNKNOWN has a class, in the order of the numbers', () => {
    expect([...vmbusDeviceClasses.map(({ type }) => type), 'HV_UNKNOWN']).toEqual([...vmbusDeviceTypes]);
    expect(vmbusDeviceClasses.map(({ typeNumber }) => typeNumber)).toEqual(
      vmbusDeviceClasses.map((_, i) => i),
    );
    expect(unknownDeviceClass.typeNumber).toBe(16);
  });

  test('no id or name appears twice', () => {
    const ids = [
      ...vmbusDeviceClasses.map(({ guid }) => guid),
      ...unsupportedDevices.map(({ guid }) => guid),
    ];
    expect(new Set(ids).size).toBe(20);
    expect(new Set(vmbusDeviceClasses.map(({ name }) => name)).size).toBe(16);
  });

  test('interrupts are spread for storage and network only', () => {
    expect(namesOf(({ perfDevice }) => perfDevice)).toEqual(['ide', 'scsi', 'fc', 'nic', 'nd']);
  });

  test('a confidential VM accepts the devices with hardened drivers only', () => {
    expect(namesOf(({ allowedInIsolated }) => allowedInIsolated)).toEqual([
      'scsi',
      'nic',
      'pci',
      'timesync',
      'heartbeat',
      'shutdown',
    ]);
  });

  test('interrupt names are those of the drivers', () => {
    const irqName = (name: string): string | undefined => deviceClassNamed(name)?.irqName;
    expect(['ide', 'scsi', 'fc'].map(irqName)).toEqual(['storvsc', 'storvsc', 'storvsc']);
    expect(['nic', 'nd', 'pci', 'vss', 'balloon'].map(irqName)).toEqual([
      'netvsc',
      'netdirect',
      'vpci',
      'vss',
      'balloon',
    ]);
    expect(unknownDeviceClass.irqName).toBeUndefined();
  });

  test('classes are found by id', () => {
    const nic = parseGuid('{F8615163-DF3E-46C5-913F-F2D2F965ED0E}');
    expect(deviceClassOf(nic).type).toBe('HV_NIC');
    for (const known of vmbusDeviceClasses) expect(known.guid && deviceClassOf(known.guid)).toBe(known);
    expect(deviceClassOf(parseGuid('00000000-0000-0000-0000-000000000001'))).toBe(unknownDeviceClass);
    expect(deviceClassNamed('floppy')).toBeUndefined();
  });

  test("Windows' own devices are unsupported and have no class", () => {
    expect(unsupportedDevices.map(({ name }) => name)).toEqual(['avma1', 'avma2', 'rdv', 'imc']);
    for (const { guid } of unsupportedDevices) {
      expect(isUnsupportedDevice(guid)).toBe(true);
      expect(deviceClassOf(guid)).toBe(unknownDeviceClass);
    }
    for (const { guid } of vmbusDeviceClasses) expect(guid && isUnsupportedDevice(guid)).toBe(false);
  });
});
