import { describe, expect, test } from '@jest/globals';
import { errnoValue } from '../../src/lib/errno.js';
import { sleep } from '../../src/machine/completion.js';
import type { Procedure } from '../../src/machine/step.js';
import { errnoOf } from '../support/errors.js';
import { device, TestGuest } from '../support/guest.js';

// kernel/module/main.c: init_module, delete_module; modprobe loads what a module needs first.

/** A guest with its modules, and how often the one of the bus is loaded. */
function booted() {
  const guest = new TestGuest({ present: 2, devices: [device('kvp', 3), device('heartbeat', 4)] }).boot();
  const { vmbus } = guest;
  const load = vmbus.load.bind(vmbus);
  let loads = 0;
  let answer: number | undefined;
  vmbus.load = function* () {
    loads += 1;
    return answer ?? (yield* load());
  };
  return { guest, modules: vmbus.modules, loads: () => loads, fails: (ret: number) => (answer = ret) };
}

/** A guest whose boot has loaded the bus, and waits for offers before it loads drivers. */
function busLoaded() {
  const guest = new TestGuest({ present: 2, devices: [device('kvp', 3)] });
  const { machine, vmbus, connection } = guest;
  machine.spawn('boot', vmbus.init());
  for (let us = 0; us < 100 && connection.state.kind !== 'connected'; us++) machine.elapse(1000);
  expect([vmbus.isLoaded, vmbus.bus.drivers]).toEqual([true, []]);
  return { guest, modules: vmbus.modules };
}

describe('modules', () => {
  test('the bus is loaded once, however many drivers are loaded and unloaded', () => {
    const { guest, modules, loads } = booted();
    expect([loads(), modules.isLoaded('hv_utils'), guest.device(3).driver?.name]).toEqual([
      0,
      true,
      'hv_utils',
    ]);
    guest.run(modules.remove('hv-utils'));
    expect([modules.isLoaded('hv_utils'), guest.device(3).driver]).toEqual([false, undefined]);
    guest.run(modules.load('hv_utils'));
    guest.settle();
    expect([loads(), modules.isLoaded('hv-utils'), guest.device(3).driver?.name]).toEqual([
      0,
      true,
      'hv_utils',
    ]);
    guest.run(modules.load('hv_vmbus'));
    expect(loads()).toBe(0);
  });

  test('a driver brings the bus along, or fails with it', () => {
    const { guest, modules, loads, fails } = booted();
    expect(errnoOf(() => guest.run(modules.remove('hv_vmbus')))).toBe('EAGAIN');
    for (const name of modules.names)
      if (name !== 'hv_vmbus' && modules.isLoaded(name)) guest.run(modules.remove(name));
    guest.run(modules.remove('hv_vmbus'));
    expect(errnoOf(() => guest.run(modules.remove('hv_vmbus')))).toBe('ENOENT');
    fails(errnoValue('ENODEV'));
    expect(errnoOf(() => guest.run(modules.load('hv_utils')))).toBe('ENODEV');
    expect([loads(), modules.isLoaded('hv_vmbus')]).toEqual([1, false]);
  });

  test('a driver whose bus goes while it waits for its own end is not loaded: nobody has its symbols any more', () => {
    const { guest, modules } = booted();
    const { machine } = guest;
    for (const name of modules.names)
      if (name !== 'hv_vmbus' && name !== 'hv_utils' && modules.isLoaded(name))
        guest.run(modules.remove(name));
    const rmmod = machine.start(
      'rmmod',
      (function* () {
        for (const name of ['hv_utils', 'hv_vmbus']) yield* modules.remove(name);
      })(),
    );
    const modprobe = machine.start('modprobe', modules.load('hv_utils'));
    expect([rmmod.state, modprobe.state]).toEqual(['blocked', 'blocked']);
    machine.elapse(1_000_000_000);
    expect([rmmod.state, modprobe.state, rmmod.failed]).toEqual(['done', 'done', false]);
    expect(modprobe.error).toMatchObject({ code: 'ENOENT' });
    expect([modules.isLoaded('hv_utils'), modules.isLoaded('hv_vmbus'), machine.liveTasks]).toEqual([
      false,
      false,
      0,
    ]);
  });

  test('a boot whose bus is unloaded before the drivers loads none, until somebody loads the bus again', () => {
    const { guest, modules } = busLoaded();
    const { machine } = guest;
    // Drivers are loaded after a second at the latest, while the host has not answered UNLOAD.
    guest.host.faults.add({ what: 'message', nth: 1, times: 100, deed: 'delay', byNs: 2_000_000_000 });
    const rmmod = machine.start('rmmod', modules.remove('hv_vmbus'));
    const modprobe = machine.start('modprobe', modules.load('hv_utils'));
    machine.elapse(20_000_000_000);
    expect([rmmod.state, modprobe.state, machine.liveTasks]).toEqual(['done', 'done', 0]);
    expect(guest.device(3).driver?.name).toBe('hv_utils');
    guest.host.faults.stop();
    guest.host.offer(device('heartbeat', 4));
    machine.elapse(1_000_000_000);
    expect(guest.device(4).driver?.name).toBe('hv_utils');
  });

  test('a boot whose bus goes for good ends', () => {
    const { guest, modules } = busLoaded();
    const { machine } = guest;
    machine.start('rmmod', modules.remove('hv_vmbus'));
    machine.elapse(20_000_000_000);
    expect([guest.vmbus.bus.drivers.length, machine.liveTasks]).toEqual([0, 0]);
  });

  test('what messages have queued ends before the channels go, also what the last of them queues', () => {
    const { connection, machine } = new TestGuest({ present: 2 }).boot();
    const { workQueue, primaryChannelQueue, subChannelQueue } = connection;
    const ended: string[] = [];
    const work = (name: string, next?: () => void) =>
      function* (): Procedure<void> {
        yield* sleep(1_000_000);
        ended.push(name);
        next?.();
      };
    const primary = work('primary', () => subChannelQueue.queue(work('sub-channel')));
    workQueue.queue(work('offer', () => primaryChannelQueue.queue(primary)));
    const drain = machine.start('rmmod', connection.drainWork());
    machine.elapse(2_500_000);
    expect([ended, drain.state]).toEqual([['offer', 'primary'], 'blocked']);
    machine.elapse(1_000_000);
    expect([ended, drain.state]).toEqual([['offer', 'primary', 'sub-channel'], 'done']);
  });
});
