import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { TraceOptions } from '../../src/guest/trace.js';
import { errnoOf } from '../support/errors.js';

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

test.each<[unknown, string]>([
  [undefined, 'TypeError: trace: expected an object such as {events: ["irq:*"]}, not nothing'],
  [{}, 'TypeError: trace.events: "events" is missing: expected a list of events such as ["irq:*", '],
  [{ events: [], bufferKB: 1 }, 'TypeError: trace: unknown key "bufferKB"; did you mean "bufferKb"?'],
  [
    { events: 'irq:*' },
    'TypeError: trace.events: expected a list of events such as ["irq:*", "hyperv:vmbus_open"], not "irq:*"',
  ],
  [{ events: [5] }, 'TypeError: trace.events[0]: expected an event such as "irq:*", not 5'],
  [
    { events: [], bufferKb: 0 },
    'RangeError: trace.bufferKb: expected a whole number from 1 to 16777216, not 0',
  ],
  [
    { events: [], bufferKb: '1' },
    'TypeError: trace.bufferKb: expected a whole number from 1 to 16777216, not "1"',
  ],
])('options that cannot be: %j', (options, error) => {
  const vm = guest();
  let thrown: unknown;
  try {
    vm.trace(options as TraceOptions);
  } catch (caught) {
    thrown = caught;
  }
  expect(String(thrown)).toContain(error);
});

/** What happened while `act` ran, as lines without task and time. */
function told(vm: Guest, events: readonly string[], act: () => void): string[] {
  const trace = vm.trace({ events });
  act();
  vm.run({ ms: 20 });
  trace.stop();
  return [...trace].map(({ event, values }) => `${event.name}: ${event.textOf(values)}`);
}

test('the works of a device that the host takes back, in a kernel whose event names the function and before', () => {
  const rescind = (kernel: '6.1' | '6.12'): string[] => {
    const disk = { class: '{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}', relid: 5 };
    const vm = Guest.create({ kernel, cpus: 2, devices: [disk] });
    return told(vm, ['workqueue'], () => vm.host.rescind(5)).map((line) =>
      line.replace(/[0-9a-f]{16}/g, 'P'),
    );
  };
  const start = 'workqueue_execute_start: work struct P: function vmbus_onmessage_work';
  const end = 'workqueue_execute_end: work struct P: function vmbus_onmessage_work';
  const queue =
    'workqueue_queue_work: work struct=P function=vmbus_onmessage_work workqueue=hv_vmbus_rescind req_cpu=0 cpu=0';
  expect(rescind('6.12')).toEqual([
    queue,
    'workqueue_activate_work: work struct P function=vmbus_onmessage_work ',
    start,
    end,
  ]);
  expect(rescind('6.1')).toEqual([queue, 'workqueue_activate_work: work struct P', start, end]);
});

test('a CPU that may not go, and one that goes', () => {
  const vm = guest();
  vm.channel(5).moveTo(1);
  const fails = told(vm, ['cpuhp'], () => expect(() => vm.cpu(1).offline()).toThrow('EBUSY'));
  expect(fails).toEqual([
    'cpuhp_enter: cpu: 0001 target: 145 step: 236 (cpuhp_kick_ap_work)',
    'cpuhp_enter: cpu: 0001 target: 145 step: 192 (hv_synic_cleanup)',
    'cpuhp_exit:  cpu: 0001  state: 191 step: 192 ret: -16',
    'cpuhp_exit:  cpu: 0001  state: 145 step: 236 ret: -16',
  ]);
  vm.channel(5).moveTo(0);
  const goes = told(vm, ['cpuhp', 'irq_matrix'], () => vm.cpu(1).offline());
  expect(goes.map((line) => line.replace(/: .*(\(|ret)/, ' $1'))).toEqual([
    'cpuhp_enter (cpuhp_kick_ap_work)',
    'cpuhp_enter (hv_synic_cleanup)',
    'cpuhp_exit ret: 0',
    'cpuhp_exit ret: 0',
    'cpuhp_enter (takedown_cpu)',
    expect.stringContaining('irq_matrix_offline: online_maps=1 '),
    'cpuhp_exit ret: 0',
    'cpuhp_enter (finish_cpu)',
    'cpuhp_exit ret: 0',
  ]);
});

test('a vector that is taken, left and cleaned up', () => {
  const vm = Guest.create({ cpus: 2, interrupts: [{ irq: 20, chip: 'IO-APIC', flow: 'edge', name: 'nic' }] });
  const lines = told(vm, ['irq_vectors', 'irq_matrix'], () => {
    vm.irq(20).setAffinity('1');
    for (let i = 0; i < 2; i++) vm.irq(20).raise(); // the first one moves, the second one comes to the new vector
  });
  const names = lines.map((line) => line.replace(/:.*/, ''));
  expect(names).toEqual([
    'irq_matrix_alloc',
    'vector_alloc',
    'vector_update',
    'vector_config',
    'vector_free_moved',
    'irq_matrix_free',
  ]);
  expect(lines[2]).toMatch(/^vector_update: irq=20 vector=\d+ cpu=1 prev_vector=\d+ prev_cpu=0$/);
  expect(lines[3]).toMatch(/^vector_config: irq=20 vector=\d+ cpu=1 apicdest=0x00000001$/);
});

describe('a kernel that is started in place of the first one', () => {
  const start: Readonly<Record<string, (vm: Guest) => void>> = {
    kexec: (vm) => vm.kexec(),
    crash: (vm) => vm.crash(),
  };

  test.each(Object.keys(start).flatMap((how) => [undefined, 1024].map((bufferKb) => ({ how, bufferKb }))))(
    'is traced from its start, by $how into $bufferKb',
    ({ how, bufferKb }) => {
      const vm = guest();
      const trace = vm.trace({ events: ['hyperv:*'], ...(bufferKb !== undefined && { bufferKb }) });
      let heard = 0;
      trace.on('vmbus_negotiate_version', () => (heard += 1));
      vm.channel(5).moveTo(1);
      vm.run({ ms: 5 });
      const before = [...trace].length;
      expect(before).toBeGreaterThan(0);
      const sinceBoot = vm.now - vm.machine.bootNs;
      start[how](vm);
      const after = [...trace].slice(before);
      // The new kernel's boot: it connects, and is offered the device.
      for (const name of ['vmbus_negotiate_version', 'vmbus_onversion_response', 'vmbus_onoffer'])
        expect(after.map(({ event }) => event.name)).toContain(name);
      expect(heard).toBeGreaterThan(0);
      const times = [...trace].map(({ ns }) => ns);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const connects = after.find(({ event }) => event.name === 'vmbus_negotiate_version');
      expect(connects?.ns).toBeGreaterThanOrEqual(sinceBoot);
      expect(trace.text().split('\n').filter(Boolean)).toHaveLength(times.length);
      expect(vm.fs.readFile(`${TRACING}/events/hyperv/enable`)).toBe('1\n');
      const dat = Buffer.from(trace.file('dat')).toString('latin1');
      expect(dat).toContain('options  ');
    },
  );

  test('is not traced once the trace was stopped', () => {
    const vm = guest();
    const trace = vm.trace({ events: ['hyperv:*'] });
    trace.stop();
    vm.kexec();
    expect([...trace]).toEqual([]);
    expect(vm.fs.readFile(`${TRACING}/events/hyperv/enable`)).toBe('0\n');
  });
});

test.each([
  ['tracing_on', ' 1', 'EINVAL'],
  ['tracing_on', '1 \n', 'EINVAL'],
  ['tracing_on', '+1\n', undefined],
  ['events/irq/enable', '1 ', 'EINVAL'],
  ['buffer_size_kb', '64 ', 'EINVAL'],
  ['options/markers', ' 0', 'EINVAL'],
  ['trace_clock', ' mono ', undefined],
])('%s takes %j: %s', (name, text, code) => {
  const guest = Guest.create({ cpus: 1, devices: [] });
  expect(errnoOf(() => guest.fs.writeFile(`/sys/kernel/tracing/${name}`, text))).toBe(code);
});

test('error_log has the last eight errors', () => {
  const { fs } = Guest.create({ cpus: 1, devices: [] });
  const filter = '/sys/kernel/tracing/events/irq/irq_handler_entry/filter';
  for (let n = 0; n < 10; n++) expect(errnoOf(() => fs.writeFile(filter, `nofield==${n}`))).toBe('EINVAL');
  const commands = [...fs.readFile('/sys/kernel/tracing/error_log').matchAll(/Command: nofield==(\d)/g)];
  expect(commands.map(([, n]) => n).join('')).toBe('23456789');
});
