// A guest that powers off: kernel/reboot.c kernel_power_off, drivers/base/core.c device_shutdown.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { CHANNELMSG, decodeMessage } from '../../src/vmbus/protocol/channel-messages.js';
import { errnoOf } from '../support/errors.js';

const options: GuestOptions = {
  cpus: 4,
  devices: [
    { driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] },
    { driver: 'storvsc', relid: 14 },
    { driver: 'heartbeat', relid: 7 },
  ],
};

describe('a power-off', () => {
  test.each<KernelVersion>(['6.1', '6.12', '7.2'])(
    'Linux %s: the host is told nothing, and nothing runs any more',
    (kernel) => {
      const vm = Guest.create({ ...options, kernel });
      const { hyperv } = vm.host;
      const sent: number[] = [];
      const post = hyperv.postMessage.bind(hyperv);
      hyperv.postMessage = (bytes, connection, canSleep) => {
        sent.push(decodeMessage(bytes).type);
        return post(bytes, connection, canSleep);
      };
      const rows = vm.procInterrupts();
      vm.shutdown();
      expect(sent).not.toContain(CHANNELMSG.UNLOAD);
      expect(sent).toEqual([]);
      expect(vm.log.at(-1)?.text).toBe('reboot: Power down');
      expect(vm.host.crashes).toEqual([]);
      expect([vm.host.signal(7), vm.host.signal(16)]).toEqual([0, 0]);
      vm.run({ seconds: 1 });
      expect(vm.procInterrupts()).toBe(rows);
      expect(vm.hangs()).toEqual([]);
    },
  );

  test('is the end: nobody powers off, panics or wakes up then', () => {
    const vm = Guest.create(options);
    vm.shutdown();
    expect(() => vm.shutdown()).toThrow(RangeError);
    expect(() => vm.panic()).toThrow(RangeError);
    expect(errnoOf(() => vm.resume())).toBe('EINVAL');
  });

  test('no guest that sleeps can', () => {
    const vm = Guest.create(options);
    vm.suspend();
    expect(errnoOf(() => vm.shutdown())).toBe('EBUSY');
    vm.resume();
    vm.shutdown();
    expect(vm.log.at(-1)?.text).toBe('reboot: Power down');
  });

  test.each([
    ['netvsc', { what: 'packet', relid: 40, nth: 2, deed: 'drop' }],
    ['storvsc', { what: 'message', message: 'OPENCHANNEL_RESULT', relid: 40, deed: 'drop' }],
    ['kvp', { what: 'message', message: 'GPADL_CREATED', deed: 'drop' }],
  ] as const)('waits for a probe of %s that never ends', (driver, rule) => {
    const vm = Guest.create(options);
    vm.host.misbehave(rule);
    vm.host.offer({ driver, relid: 40 });
    expect(() => vm.shutdown()).toThrow('poweroff waits for probe');
    const waiting = vm.hangs().find(({ comm }) => comm === 'poweroff');
    expect(waiting?.functions).toEqual(['wait_for_device_probe', 'device_shutdown']);
  });

  test('in a scenario', () => {
    const scenario = parseScenario('cpus: 1\ntimeline:\n  - {at: 1s, shutdown: true}\n', 'off.yaml');
    const vm = Guest.create(scenario.guest);
    expect(runScenarioOn(vm, scenario).steps.map(({ outcome }) => outcome)).toEqual(['ok']);
    expect(vm.machine.halted).toBe(true);
  });
});
