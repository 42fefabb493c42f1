import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { completeDesign, type DesignSetting } from '../../../src/scenario/options/design.js';
import type { DeviceOptions } from '../../../src/scenario/options/devices.js';
import type { KernelVersion } from '../../../src/scenario/options/kernel.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';

const nic = { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] } as const;
const disk = { driver: 'storvsc', relid: 14, subChannels: [20, 21] } as const;
const relids = [13, 16, 17, 18];

function guestWith(design: DesignSetting, more: Partial<GuestOptions> = {}): Guest {
  const guest = Guest.create({ cpus: 4, design, devices: [nic], ...more });
  guest.run({ ms: 10 });
  return guest;
}

function cpusOf(guest: Guest): number[] {
  return relids.map((relid) => guest.channel(relid).cpu);
}

describe('presets', () => {
  test('rfc is the default, and single axes override a preset', () => {
    expect(completeDesign('rfc')).toEqual(completeDesign());
    expect(completeDesign({ preset: 'mainline', lifetime: 'get-put' })).toEqual({
      ...completeDesign('mainline'),
      lifetime: 'get-put',
    });
    expect(completeDesign({ relidMap: 'array' })).toEqual({ ...completeDesign('rfc'), relidMap: 'array' });
  });

  test.each<[KernelVersion, string]>([
    ['6.1', 'refuse'],
    ['6.10', 'refuse'],
    ['6.12', 'refuse'],
    ['6.18', 'migrate'],
    ['7.2', 'migrate'],
  ])('what becomes of channels on a CPU that goes is the kernel’s: %s', (kernel, offlinePolicy) => {
    for (const preset of ['rfc', 'mainline'] as const)
      expect(completeDesign(preset, kernel)).toMatchObject({ offlinePolicy });
    expect(completeDesign({ preset: 'mainline', offlinePolicy: 'rfc-idea' }, kernel)).toMatchObject({
      offlinePolicy: 'rfc-idea',
    });
  });

  test.each(['mainline', '5.7'] as const)('%s: channels have no IRQs, HYP counts them', (preset) => {
    const guest = guestWith(preset);
    expect(relids.map((relid) => guest.channel(relid).irq)).toEqual([0, 0, 0, 0]);
    expect(guest.procInterrupts()).not.toContain('VMBus');
    expect(guest.host.signal(16, 3)).toBe(3);
    expect(guest.channel(16).interrupts).toBeGreaterThanOrEqual(3);
  });

  test('a scenario names one, alone or beside axes', () => {
    const designOf = (text: string) => parseScenario(`cpus: 2\n${text}\n`, 'x.yaml').guest.design;
    expect(designOf('design: mainline')).toBe('mainline');
    expect(designOf('design: "5.7"')).toBe('5.7');
    expect(designOf('design: {preset: mainline, relidMap: irqdomain}')).toEqual({
      preset: 'mainline',
      relidMap: 'irqdomain',
    });
    expect(() => designOf('design: main')).toThrow(/expected one of rfc, mainline, 5\.7/);
    expect(() => designOf('design: {preset: mainline, topLevel: percpu-nostat-hidden}')).toThrow(
      /percpu-nostat-hidden/,
    );
  });
});

describe('a CPU goes offline while channels are bound to it', () => {
  test.each<[KernelVersion, DesignSetting]>([
    [
      '6.18',
      { relidMap: 'array', modifyChannel: 'wait-in-setter', offlineGuard: 'none', topLevel: 'percpu' },
    ],
    ['6.18', 'mainline'],
    ['7.2', 'rfc'],
    ['7.3', { preset: 'mainline', relidMap: 'irqdomain' }],
    ['6.10', { offlinePolicy: 'rfc-idea' }],
    ['6.10', { preset: 'mainline', offlinePolicy: 'rfc-idea' }],
  ])('%s %j: they move, and no event is lost', (kernel, design) => {
    const guest = guestWith(design, { kernel });
    for (const cpu of [3, 1, 2]) {
      guest.cpu(cpu).offline();
      expect(cpusOf(guest).every((target) => guest.machine.online.has(target))).toBe(true);
    }
    expect(cpusOf(guest)).toEqual([0, 0, 0, 0]);
    guest.run({ ms: 1 });
    for (const relid of relids) guest.host.signal(relid, 2);
    expect(guest.host.hyperv.totals.lost).toBe(0);
    if (guest.channel(16).irq === 0) return;
    for (const relid of relids)
      expect(guest.fs.readFile(`/proc/irq/${guest.channel(relid).irq}/effective_affinity_list`)).toBe('0\n');
  });

  test('below 5.3 nobody could wait for the host, so they keep it: EBUSY', () => {
    const guest = guestWith('mainline', { kernel: '7.2', host: { version: '5.2' } });
    expect(() => guest.cpu(3).offline()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    expect(guest.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-3\n');
  });

  test('a closed channel cannot be moved and keeps it: EIO, as its cpu file says', () => {
    const guest = Guest.create({
      cpus: 4,
      kernel: '7.2',
      design: 'mainline',
      devices: [
        { driver: 'netvsc', relid: 5, channels: 1, subChannels: [] },
        { class: 'f8615163-df3e-46c5-913f-f2d2f965ed0f', relid: 6 },
        { driver: 'netdirect', relid: 7 },
      ],
    });
    const { cpu, state } = guest.channel(7);
    expect({ cpu, state }).toEqual({ cpu: 1, state: 'open' });
    expect(() => guest.cpu(1).offline()).toThrow(expect.objectContaining({ code: 'EIO' }));
  });

  test('mainline of 6.12 refuses, whatever the host', () => {
    const guest = guestWith('mainline', { kernel: '6.12' });
    expect(() => guest.cpu(3).offline()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
  });
});

describe('mainline: a write to a cpu file waits for the host', () => {
  // send_modifychannel_with_ack gives channel_mutex back while it waits, and vmbus_rescind_cleanup wakes who waits.
  test.each<[KernelVersion, DesignSetting, DeviceOptions, number, number]>([
    ['6.10', 'mainline', nic, 13, 16],
    ['6.1', 'mainline', nic, 13, 18],
    ['6.12', 'mainline', nic, 13, 13],
    ['7.2', 'mainline', disk, 14, 21],
    ['6.18', 'mainline', disk, 14, 14],
    ['7.3', { preset: 'rfc', modifyChannel: 'wait-in-setter', relidMap: 'array' }, disk, 14, 20],
    ['6.12', 'mainline', { driver: 'kvp', relid: 8 }, 8, 8],
  ])(
    '%s %j: a rescind of %j ends the wait when the response is lost',
    (kernel, design, device, gone, moved) => {
      const guest = guestWith(design, { kernel, devices: [device] });
      guest.host.misbehave({ what: 'message', message: 'MODIFYCHANNEL_RESPONSE', deed: 'drop' });
      guest.host.misbehave({
        what: 'message',
        message: 'RESCIND_CHANNELOFFER',
        deed: 'delay',
        byNs: 5_000_000,
      });
      guest.host.hyperv.rescind(gone);
      const from = guest.now;
      guest.channel(moved).setCpu(guest.channel(moved).cpu === 0 ? 1 : 0);
      expect(guest.now - from).toBeLessThan(6_000_000);
      guest.run({ ms: 50 });
      expect(guest.vmbus.connection.primaries).toEqual([]);
      expect([...guest.vmbus.refused()]).toEqual([]);
    },
  );

  test.each([0xc0000001, 1, 5])('status %p: EIO, and the CPU stays', (value) => {
    const guest = guestWith('mainline');
    const before = cpusOf(guest);
    guest.host.misbehave({
      what: 'message',
      message: 'MODIFYCHANNEL_RESPONSE',
      deed: 'corrupt',
      field: 'status',
      value,
    });
    expect(() => guest.channel(16).setCpu(0)).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(cpusOf(guest)).toEqual(before);
  });

  test.each<[string, string, string]>([
    ['5.3', 'the CPU that it has, closed', 'EIO'],
    ['4.0', 'any CPU', 'EIO'],
  ])('host %s: %s', (version, what, code) => {
    const guest = Guest.create({
      cpus: 4,
      design: 'mainline',
      host: { version: version as '5.3' },
      devices: [{ driver: 'netdirect', relid: 7 }],
    });
    const { path } = guest.channel(7);
    expect(what).not.toBe('');
    expect(() => guest.fs.writeFile(`${path}/cpu`, '0')).toThrow(expect.objectContaining({ code }));
  });

  test('what is wrong with the CPU is looked at before what is wrong with the channel', () => {
    const guest = Guest.create({
      cpus: { present: 4, isolated: [2] },
      design: 'mainline',
      devices: [{ driver: 'netdirect', relid: 7 }],
    });
    guest.cpu(3).offline();
    const { path } = guest.channel(7);
    const write = (text: string) => () => guest.fs.writeFile(`${path}/cpu`, text);
    for (const text of ['9', '2', '3', '4294967298'])
      expect(write(text)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    for (const text of ['x', '+1', '-1', '0', '1', '4294967296'])
      expect(write(text)).toThrow(expect.objectContaining({ code: 'EIO' }));
  });
});
