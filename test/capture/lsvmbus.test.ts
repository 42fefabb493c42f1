import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { guestOfLsvmbus, type LsvmbusDevice, parseLsvmbus } from '../../src/capture/lsvmbus.js';
import { captureCases } from '../view/golden.js';

const captures = captureCases<{ id: string; text: string }>('lsvmbus');
const devicesDir = '/sys/bus/vmbus/devices';

function capture(start: string): LsvmbusDevice[] {
  const found = captures.find(({ id }) => id.startsWith(start));
  return parseLsvmbus(found?.text ?? '');
}

describe('lsvmbus', () => {
  test.each(captures.map(({ id, text }) => [id, text] as const))('%s: every device is read', (_, text) => {
    const devices = parseLsvmbus(text);
    expect(devices).toHaveLength(text.match(/^VMBUS ID/gm)?.length ?? 0);
    const relids = devices.flatMap(({ channels }) => channels.map(({ relid }) => relid));
    expect(relids).toHaveLength(text.match(/Rel_ID=/g)?.length ?? 0);
  });

  test('a device with all that -vv shows', () => {
    expect(capture('001')[14]).toEqual({
      relid: 15,
      description: 'Synthetic SCSI Controller',
      classId: 'ba6163d9-04a1-4d29-b605-72e2ffb1dc7f',
      instance: 'f8b3781a-1e82-4818-a1c3-63d806ec15bb',
      channels: [
        { relid: 15, targetCpu: 6 },
        { relid: 18, targetCpu: 1 },
      ],
    });
  });

  test('descriptions alone name the drivers', () => {
    const { devices } = guestOfLsvmbus(capture('004'), 2);
    expect(devices?.map((device) => device.driver ?? 'none')).toEqual([
      'balloon',
      'none',
      'mouse',
      'keyboard',
      'framebuffer',
      'none',
      'fcopy',
      'heartbeat',
      'kvp',
      'shutdown',
      'timesync',
      'vss',
      'none',
      'storvsc',
      'netvsc',
    ]);
  });

  test('other text is refused with its line', () => {
    expect(() => parseLsvmbus('hello\n')).toThrow('line 1, column 1: expected "VMBUS ID"');
    expect(() => parseLsvmbus('VMBUS ID  1: Unknown\n\tnonsense\n')).toThrow('line 2');
  });
});

describe('a guest built from lsvmbus -vv', () => {
  test.each(['001', '008'])('%s: same devices, relids and channels', (start) => {
    const devices = capture(start);
    const options = guestOfLsvmbus(devices);
    const { fs } = Guest.create(options);
    const instances = devices.map(({ instance }) => instance ?? '');
    expect(fs.readdir(devicesDir)).toEqual([...instances].sort());
    for (const { instance, relid, classId, channels } of devices) {
      const device = `${devicesDir}/${instance}`;
      expect(fs.readFile(`${device}/id`)).toBe(`${relid}\n`);
      expect(fs.readFile(`${device}/class_id`)).toBe(`{${classId}}\n`);
      const relids = channels.map((channel) => String(channel.relid));
      expect(fs.readdir(`${device}/channels`)).toEqual(relids.sort());
    }
  });
});
