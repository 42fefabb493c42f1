import { describe, expect, test } from '@jest/globals';
import { Guest, type GuestOptions } from 'irqlab';
import { HVMSG_NONE, HVMSG_TIMER_EXPIRED } from '../../src/vmbus/synic.js';

function vmOf(options: Partial<GuestOptions> = {}): Guest {
  const vm = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }], ...options });
  vm.run({ ms: 5 });
  return vm;
}

const hyp = (vm: Guest): number[] => {
  const [, counts] = /^HYP:((?: +\d+)+)/m.exec(vm.procInterrupts()) ?? [];
  return (counts ?? '').trim().split(/ +/).map(Number);
};

describe('stimer0 of a host without direct mode', () => {
  test('counts on HYP, on its own CPU, and is nothing to refuse', () => {
    const vm = vmOf();
    const [first, second] = hyp(vm);
    vm.host.timerExpired(0);
    vm.host.timerExpired(1, 3);
    expect(hyp(vm)).toEqual([first + 1, second + 3]);
    expect(vm.refused().size).toBe(0);
    expect(vm.vmbus.contexts.map(({ timerMessages }) => timerMessages)).toEqual([1, 3]);
    expect(vm.vmbus.contexts.map(({ message }) => message.type)).toEqual([HVMSG_NONE, HVMSG_NONE]);
  });

  test.each(['percpu', 'percpu-demux'] as const)('is counted with %s at the top level', (topLevel) => {
    const vm = vmOf({ design: { topLevel } });
    const [first] = hyp(vm);
    vm.host.timerExpired(0, 5);
    expect(hyp(vm)[0]).toBe(first + 5);
  });

  test.each([1, 1000, 20_000])('has been taken when the call returns, if an interrupt takes %i ns', (ns) => {
    const vm = vmOf({ interruptTimeNs: ns });
    vm.host.timerExpired(0, 2);
    vm.host.timerExpired(1, 2);
    expect(vm.vmbus.contexts.map(({ timerMessages }) => timerMessages)).toEqual([2, 2]);
    expect(vm.vmbus.contexts.map(({ message }) => message.type)).toEqual([HVMSG_NONE, HVMSG_NONE]);
  });

  test('a message put into the slot as a host does it', () => {
    const vm = vmOf();
    const [first] = hyp(vm);
    const { message } = vm.vmbus.contexts[0];
    message.payloadSize = 24;
    message.type = HVMSG_TIMER_EXPIRED;
    vm.vmbus.line.raise(0);
    expect(hyp(vm)[0]).toBe(first + 1);
    expect([...vm.refused()]).toEqual([]);
  });

  test('waits for the slot, and control messages wait for it', () => {
    const vm = vmOf();
    const [first] = hyp(vm);
    const cpu = vm.machine.cpu(0);
    cpu.localIrqDisable();
    vm.host.hyperv.timerExpired(0);
    vm.host.hyperv.offer({
      ...(vm.host.hyperv.devices[0]?.options ?? {}),
      relid: 9,
      instanceId: '00000000-0000-4000-8000-000000000009',
    } as never);
    vm.host.hyperv.timerExpired(0);
    vm.host.hyperv.timerExpired(0);
    cpu.localIrqEnable();
    vm.run({ ms: 5 });
    // One timer, an offer, the timer once more; what the driver of the offer has answered comes on top.
    expect(vm.vmbus.contexts[0].timerMessages).toBe(2);
    expect(hyp(vm)[0]).toBeGreaterThanOrEqual(first + 3);
    expect(vm.vmbus.connection.primaries.map(({ relid }) => relid)).toContain(9);
    expect(vm.refused().size).toBe(0);
  });

  test('nothing comes to a CPU that is offline; another type is no timer', () => {
    const vm = vmOf();
    vm.cpu(1).offline();
    vm.host.timerExpired(1, 2);
    expect(vm.vmbus.contexts[1].timerMessages).toBe(0);
    const { message } = vm.vmbus.contexts[0];
    message.type = 0x8000_0011;
    vm.vmbus.line.raise(0);
    vm.run({ ms: 1 });
    expect(vm.vmbus.contexts[0].timerMessages).toBe(0);
    expect(message.type).toBe(0);
  });
});
