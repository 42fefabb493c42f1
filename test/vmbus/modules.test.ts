import { describe, expect, test } from '@jest/globals';
import { errnoValue } from '../../src/lib/errno.js';
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
});
