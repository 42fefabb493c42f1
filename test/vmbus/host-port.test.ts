import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { setBit } from '../../src/lib/bitmap.js';
import {
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_INVALID_PARAMETER,
  type HostPort,
  hvPciDeviceId,
  noHost,
  RenumberedHost,
} from '../../src/vmbus/host-port.js';
import { parseGuid } from '../../src/vmbus/protocol/guid.js';
import { HVMSG_NONE, HVMSG_TIMER_EXPIRED, HvPerCpuContext } from '../../src/vmbus/synic.js';
import { Machine } from '../../src/machine/machine.js';
import { device, TestGuest } from '../support/guest.js';

// drivers/pci/controller/pci-hyperv.c hv_irq_retarget_interrupt: bytes 4 to 7 of the GUID, and the function's number.
test.each([
  ['00000000-0001-0200-0000-000000000000', 0, 0x00010200],
  ['00000000-abcd-12ff-0000-000000000000', 0, 0xabcd12f8],
  ['00000000-abcd-1207-0000-000000000000', 5, 0xabcd1205],
  ['ffffffff-8000-0000-ffff-ffffffffffff', 7, 0x80000007],
])('the id of a function on bus %s', (instance, func, expected) => {
  expect(hvPciDeviceId(parseGuid(instance), func)).toBe(expected);
});

describe('a host', () => {
  const pages = new HvPerCpuContext(new Machine({ present: 1 }).cpu(0), () => {});
  const request = { deviceId: 7, msg: { addressLo: 1, data: 2 }, vector: 0x31, vps: [0, 1, 3] };

  test('that is none takes nothing', () => {
    expect(noHost.postMessage(new Uint8Array(1), 1)).toBe(HV_STATUS_INVALID_CONNECTION_ID);
    expect(noHost.retargetInterrupt(request)).toBe(HV_STATUS_INVALID_PARAMETER);
    expect(noHost.vpIndex(3)).toBe(3);
  });

  test('whose processors have other numbers is told theirs', () => {
    const said: unknown[] = [];
    const note =
      (name: string, ret?: number) =>
      (...args: unknown[]) => {
        said.push([name, ...args]);
        return ret;
      };
    const host = {
      postMessage: note('post', 5),
      signalEvent: note('signal'),
      awaitAnswers: note('await'),
      retargetInterrupt: note('retarget', 6),
      reportCrash: note('crash'),
      enableSynic: note('enable'),
      disableSynic: note('disable'),
      endOfMessage: note('eom'),
    } as unknown as HostPort;
    const renumbered = new RenumberedHost(host, [2, 0]);
    expect([0, 1, 3].map((cpu) => renumbered.vpIndex(cpu))).toEqual([2, 0, 3]);
    const message = new Uint8Array(2);
    expect(renumbered.postMessage(message, 4, false)).toBe(5);
    expect(renumbered.retargetInterrupt(request)).toBe(6);
    renumbered.signalEvent(9);
    renumbered.awaitAnswers(8);
    renumbered.reportCrash({ message: 'x' });
    renumbered.enableSynic(0, pages);
    renumbered.disableSynic(1);
    renumbered.endOfMessage(3);
    expect(said).toEqual([
      ['post', message, 4, false],
      ['retarget', { ...request, vps: [2, 0, 3] }],
      ['signal', 9],
      ['await', 8],
      ['crash', { message: 'x' }],
      ['enable', 2, pages],
      ['disable', 0],
      ['eom', 3],
    ]);
  });
});

describe('the interrupt of a CPU, at once and step by step', () => {
  const booted = (): TestGuest => new TestGuest({ present: 2, devices: [device('heartbeat', 3)] }).boot();
  const forms: [string, (guest: TestGuest, cpu: number) => boolean][] = [
    ['at once', ({ vmbus, machine }, cpu) => vmbus.isr.handle(machine.cpu(cpu))],
    [
      'step by step',
      ({ vmbus, machine }, cpu) => machine.run('isr', vmbus.isr.handleSteps(machine.cpu(cpu))),
    ],
  ];

  test.each(forms)(
    '%s: an expired timer is counted, its slot freed, and the host told if it has more',
    (_, handle) => {
      for (const pending of [false, true]) {
        const guest = booted();
        const [, context] = guest.vmbus.contexts;
        if (context === undefined) throw new Error('no CPU 1');
        const told: number[] = [];
        const { endOfMessage } = guest.host;
        guest.host.endOfMessage = (cpu) => void told.push(cpu);
        context.message.type = HVMSG_TIMER_EXPIRED;
        context.message.pending = pending;
        expect(handle(guest, 1)).toBe(true);
        expect([context.timerMessages, context.message.type, told]).toEqual([
          1,
          HVMSG_NONE,
          pending ? [1] : [],
        ]);
        guest.host.endOfMessage = endOfMessage;
      }
    },
  );

  test.each(forms)('%s: an event for relid 0 is cleared and counted, and nobody called', (_, handle) => {
    const guest = booted();
    const [context] = guest.vmbus.contexts;
    if (context === undefined) throw new Error('no CPU 0');
    const before = [guest.vmbus.isr.interrupts, guest.vmbus.isr.relid0Events];
    setBit(context.eventFlags, 0);
    handle(guest, 0);
    setBit(context.eventFlags, 0);
    handle(guest, 0);
    const [interrupts = 0, events = 0] = before;
    expect([guest.vmbus.isr.interrupts, guest.vmbus.isr.relid0Events]).toEqual([interrupts + 2, events + 2]);
    expect(context.eventFlags.every((word) => word === 0)).toBe(true);
  });

  // vmbus_chan_sched: for_each_set_bit; since 7.1 up to relid_hiwater, the highest relid that was ever offered.
  test.each(forms)('%s: looks for all, since 7.1 up to the highest relid that was offered', (_, handle) => {
    for (const [kernel, left] of [
      ['6.12', 0],
      ['7.2', 1 << 9],
    ] as const) {
      const devices = [3, 40].map((relid) => device('heartbeat', relid));
      const guest = new TestGuest({ present: 2, kernel, devices }).boot();
      const [context] = guest.vmbus.contexts;
      if (context === undefined) throw new Error('no CPU 0');
      for (const relid of [40, 41]) setBit(context.eventFlags, relid);
      handle(guest, 0);
      expect([...context.eventFlags.subarray(0, 3)]).toEqual([0, left, 0]);
    }
  });
});

// vmbus_wait_for_unload: 10 ms a look, a line each 5 s, 100 s at most.
describe('a kernel that panics', () => {
  const options = { cpus: 2, kernel: '6.12' as const, devices: [{ driver: 'heartbeat' as const, relid: 5 }] };

  test('leaves its host by polling', () => {
    const vm = Guest.create(options);
    vm.panic({ cpu: 1 });
    const [{ ns: began } = { ns: 0 }, , { ns: ended } = { ns: 0 }] = vm.log.slice(-3);
    expect(ended - began).toBe(20_000_000);
    expect(vm.log.map(({ text }) => text).filter((text) => text.includes('UNLOAD'))).toEqual([]);
    expect([...vm.host.hyperv.allChannels()].map(({ state }) => state.kind)).toEqual(['offered']);
  });

  test('says each 5 s that it waits, and goes on after 100 s', () => {
    const vm = Guest.create({
      ...options,
      host: { misbehave: [{ what: 'message', message: 'UNLOAD_RESPONSE', deed: 'drop' }] },
    });
    const began = vm.now;
    vm.panic();
    const lines = vm.log.filter(({ text }) => text.startsWith('hv_vmbus: '));
    const waits = lines.filter(({ text }) => text === 'hv_vmbus: Waiting for VMBus UNLOAD to complete');
    expect(waits.map(({ ns }) => Math.round((ns - began) / 1e7) / 100)).toEqual(
      Array.from({ length: 20 }, (_, nth) => 5 * (nth + 1) - 0.01),
    );
    const last = lines.at(-1);
    expect(last?.text).toBe('hv_vmbus: Continuing even though VMBus UNLOAD did not complete');
    expect(Math.round(((last?.ns ?? 0) - began) / 1e7) / 100).toBe(100);
    for (const { message } of vm.vmbus.contexts) expect(message.type).toBe(HVMSG_NONE);
  });
});
