import { describe, expect, test } from '@jest/globals';
import { Guest } from 'irqlab';

type Names = 'netvsc' | 'netdev-at-open' | 'netdev-when-known';

function vmOf(netvscNames: Names): Guest {
  const vm = Guest.create({
    cpus: 4,
    design: { netvscNames },
    devices: [
      { driver: 'netvsc', relid: 13, channels: 3, subChannels: [16, 17] },
      { driver: 'netvsc', relid: 14, channels: 2, subChannels: [18] },
    ],
  });
  vm.run({ ms: 100 });
  return vm;
}

/** Names of the channels' interrupts, by relid. */
function names(vm: Guest): Record<string, string> {
  const rows = [...vm.procInterrupts().matchAll(/VMBus +(\d+) {2}(\S+)/g)];
  return Object.fromEntries(rows.map(([, relid, name]) => [relid, name]));
}

const directories = (vm: Guest, relid: number): string[] =>
  vm.fs.readdir(`/proc/irq/${vm.channel(relid).irq}`).filter((name) => name.startsWith('netvsc'));

describe("what netvsc calls its channels' interrupts", () => {
  test('is netvsc for all, as in the RFC', () => {
    const vm = vmOf('netvsc');
    expect(Object.values(names(vm))).toEqual(Array.from({ length: 5 }, () => 'netvsc'));
    expect(directories(vm, 16)).toEqual(['netvsc']);
  });

  test('cannot be the name of the interface when the primary channel is opened', () => {
    const vm = vmOf('netdev-at-open');
    expect(names(vm)).toEqual({
      13: 'netvsc:eth%d-0',
      14: 'netvsc:eth%d-0',
      16: 'netvsc:eth0-1',
      17: 'netvsc:eth0-2',
      18: 'netvsc:eth1-1',
    });
    vm.setChannels(13, 2);
    expect(names(vm)).toMatchObject({ 13: 'netvsc:eth0-0', 14: 'netvsc:eth%d-0', 16: 'netvsc:eth0-1' });
  });

  test('can be written again, but for the directory in /proc/irq', () => {
    const vm = vmOf('netdev-when-known');
    expect(names(vm)).toMatchObject({ 13: 'netvsc:eth0-0', 14: 'netvsc:eth1-0', 18: 'netvsc:eth1-1' });
    expect(directories(vm, 13)).toEqual(['netvsc:eth%d-0']);
    expect(directories(vm, 17)).toEqual(['netvsc:eth0-2']);
    vm.host.rescind(13);
    expect(names(vm)).toEqual({ 14: 'netvsc:eth1-0', 18: 'netvsc:eth1-1' });
    vm.host.offer({ driver: 'netvsc', relid: 20, channels: 1 });
    expect(names(vm)).toMatchObject({ 20: 'netvsc:eth0-0' });
  });

  test('a choice without IRQs of channels shows nowhere', () => {
    const vm = Guest.create({
      cpus: 2,
      design: { relidMap: 'array', netvscNames: 'netdev-when-known' },
      devices: [{ driver: 'netvsc', relid: 13, channels: 1 }],
    });
    vm.run({ ms: 100 });
    expect(names(vm)).toEqual({});
  });
});
