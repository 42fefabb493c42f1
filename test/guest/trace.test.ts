import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';

const TRACING = '/sys/kernel/tracing';

function guest(): Guest {
  return Guest.create({ cpus: 2, devices: [{ class: '{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}', relid: 5 }] });
}

test('a rescind, event by event', () => {
  const vm = guest();
  const trace = vm.trace({ events: ['hyperv:*'] });
  vm.host.rescind(5);
  vm.run({ ms: 1 });
  expect([...trace].map(({ event, values }) => `${event.name}: ${event.textOf(values)}`)).toEqual([
    'vmbus_on_msg_dpc: msgtype=2',
    'vmbus_on_message: msgtype=2',
    'vmbus_onoffer_rescind: child_relid 0x5',
    'vmbus_close_internal: sending child_relid 0x5, ret 0',
    'vmbus_release_relid: sending child_relid 0x5, ret 0',
  ]);
});

test('a channel that moves, and a listener', () => {
  const vm = guest();
  const trace = vm.trace({ events: ['vmbus_send_modifychannel'] });
  const seen: unknown[] = [];
  const end = trace.on('vmbus_send_modifychannel', ({ values }) => seen.push(values));
  vm.channel(5).moveTo(1);
  end();
  vm.channel(5).moveTo(0);
  expect(seen).toEqual([{ child_relid: 5, target_vp: 1, ret: 0 }]);
  expect([...trace]).toHaveLength(2);
});

test('files and library are one tracer; off, the machine has no port', () => {
  const vm = guest();
  expect(vm.machine.tracePort).toBeUndefined();
  vm.fs.writeFile(`${TRACING}/events/hyperv/enable`, '1\n');
  expect(vm.fs.readFile(`${TRACING}/events/enable`)).toBe('X\n');
  vm.channel(5).moveTo(1);
  expect(vm.fs.readFile(`${TRACING}/trace`)).toContain(
    'vmbus_send_modifychannel: binding child_relid 0x5 to target_vp 0x1, ret 0\n',
  );
  vm.fs.open(`${TRACING}/trace`, 'write').truncate();
  expect(vm.fs.readFile(`${TRACING}/trace`)).toContain('entries-in-buffer/entries-written: 0/0   #P:2\n');
  vm.fs.open(`${TRACING}/set_event`, 'write').truncate();
  expect(vm.machine.tracePort).toBeUndefined();
});

test('each interrupt of a line has its entry and exit', () => {
  const vm = guest();
  const trace = vm.trace({ events: ['irq_handler_entry', 'irq_handler_exit', 'vmbus_chan_sched'] });
  const before = vm.channel(5).interrupts;
  vm.disk(5).submit({ count: 3 });
  vm.run({ ms: 10 });
  const names = [...trace].map(({ event }) => event.name);
  const count = vm.channel(5).interrupts - before;
  expect(count).toBeGreaterThan(0);
  for (const name of ['irq_handler_entry', 'irq_handler_exit', 'vmbus_chan_sched'])
    expect(names.filter((one) => one === name)).toHaveLength(count);
});

test('a name that no event has', () => {
  expect(() => guest().trace({ events: ['irq:nonsense'] })).toThrow('EINVAL');
});
