import { describe, expect, test } from '@jest/globals';
import { Guest, type GuestOptions } from 'irqlab';
import { Throttle } from '../../src/host/throttle.js';
import { Clock } from '../../src/machine/clock.js';
import { Machine } from '../../src/machine/machine.js';
import { sleep } from '../../src/machine/completion.js';

const throttle = { signals: 10, withinNs: 1e9, suspendNs: 2e9 };

function vmOf(options: Partial<GuestOptions> = {}): Guest {
  const vm = Guest.create({
    cpus: 2,
    host: { throttle },
    devices: [
      { driver: 'heartbeat', relid: 7 },
      { driver: 'kvp', relid: 8 },
    ],
    ...options,
  });
  vm.run({ ms: 10 });
  return vm;
}

describe('a host that throttles', () => {
  test('suspends the guest for signals that find nothing to do', () => {
    const vm = vmOf();
    const { host } = vm;
    const { connectionId } = host.channel(7)?.offer ?? { connectionId: 0 };
    for (let i = 0; i < 9; i++) host.hyperv.signalEvent(connectionId);
    expect(host.totals.throttled).toBe(0);
    host.hyperv.signalEvent(connectionId);
    expect(host.totals.throttled).toBe(1);
    host.signal(8);
    const count = () => vm.irq(25).total;
    const before = count();
    vm.run({ seconds: 1.9 });
    expect(count()).toBe(before);
    vm.run({ seconds: 0.2 });
    expect(count()).toBe(before + 1);
  });

  test('does not mind as many in a longer time, nor signals that it needs', () => {
    const vm = vmOf();
    const { connectionId } = vm.host.channel(7)?.offer ?? { connectionId: 0 };
    for (let i = 0; i < 50; i++) {
      vm.host.hyperv.signalEvent(connectionId);
      vm.run({ ms: 200 });
    }
    expect(vm.host.totals).toMatchObject({ throttled: 0, needlessSignals: 50 });
    const linux = vmOf({ devices: [{ driver: 'storvsc', relid: 14 }] });
    expect(linux.host.totals.guestSignals).toBeGreaterThan(0);
    expect(linux.host.totals).toMatchObject({ throttled: 0, needlessSignals: 0 });
  });

  test('of signals that are never needless none is throttled, of signals at each read some are', () => {
    const run = (ringOrder: 'signal-always' | 'read-pending-write'): number => {
      const vm = vmOf({ design: { ringOrder } });
      for (let i = 0; i < 100; i++) {
        vm.host.signal(7);
        vm.run({ ms: 10 });
      }
      return vm.host.totals.throttled;
    };
    expect(run('read-pending-write')).toBe(0);
    expect(run('signal-always')).toBe(0);
  });

  test('refuses numbers that make no sense', () => {
    const of = (change: Partial<typeof throttle>) => () =>
      new Throttle(new Clock(), { ...throttle, ...change }, () => {});
    expect(of({ signals: 0 })).toThrow(RangeError);
    expect(of({ withinNs: -1 })).toThrow(RangeError);
    expect(of({ suspendNs: 0 })).toThrow('a host cannot suspend a guest for 0 ns');
  });
});

describe('a machine that is paused', () => {
  test('goes on with tasks and interrupts where they were', () => {
    const machine = new Machine({ present: 2 });
    const seen: string[] = [];
    const note = (what: string) => seen.push(`${what} at ${machine.clock.now / 1e9}`);
    machine.setVectorHandler(33, { handleInterrupt: () => note('interrupt') });
    machine.spawn(
      'sleeper',
      (function* sleeper() {
        yield* sleep(1e9);
        note('awake');
      })(),
    );
    machine.settle();
    machine.clock.after(2e8, { fire: () => machine.pause(2e9) });
    machine.clock.after(5e8, { fire: () => machine.cpus[1].raise(33) });
    machine.clock.after(1e9, { fire: () => machine.pause(2e9) });
    machine.elapse(4e9);
    expect(seen).toEqual(['interrupt at 3', 'awake at 3']);
    expect(machine.cpus.map(({ irqsDisabled }) => irqsDisabled)).toEqual([false, false]);
  });

  test('a procedure that is waited for ends after the pause', () => {
    const machine = new Machine({ present: 1 });
    machine.pause(3e9);
    const proc = (function* proc() {
      yield* sleep(1);
      return machine.clock.now;
    })();
    expect(machine.run('proc', proc)).toBeGreaterThanOrEqual(3e9);
  });
});
