import { describe, expect, test } from '@jest/globals';
import { Completion, sleep, WaitQueue } from '../../src/machine/completion.js';
import { HungTaskDetector } from '../../src/machine/hung-task.js';
import { Machine } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import { device, TestGuest } from '../support/guest.js';

// A loop around msleep(1), as in vmbus_onoffer_rescind (drivers/hv/channel_mgmt.c).

const US = 1000;
const MS = 1_000_000;
const S = 1_000_000_000;

/** When a context goes on that looks each ms, if what it looks for comes after so long. */
function goesOnAt(
  afterNs: number,
  make: (machine: Machine) => { poll: () => Procedure<void>; come: () => void },
): number {
  const machine = new Machine({ present: 2 });
  const { poll, come } = make(machine);
  let at = -1;
  function* look(): Procedure<void> {
    yield* poll();
    at = machine.clock.now;
  }
  if (afterNs === 0) come();
  else machine.clock.after(afterNs, { fire: come });
  machine.spawn('looks', look());
  machine.elapse(10 * MS);
  return at;
}

const kinds = {
  completion: ({ clock }: Machine) => {
    const done = new Completion('done');
    return { poll: () => done.poll(MS, clock), come: () => done.completeAll() };
  },
  condition: ({ clock }: Machine) => {
    let holds = false;
    const queue = new WaitQueue('condition', () => holds);
    const come = (): void => {
      holds = true;
      queue.wakeUp();
    };
    return { poll: () => queue.poll(MS, clock), come };
  },
};

describe.each(['completion', 'condition'] as const)('whoever looks each ms for a %s', (kind) => {
  test.each([
    [0, 0],
    [1, MS],
    [300 * US, MS],
    [MS, MS],
    [MS + 1, 2 * MS],
    [3700 * US, 4 * MS],
  ])('that comes after %i ns goes on after %i ns', (afterNs, at) => {
    expect(goesOnAt(afterNs, kinds[kind])).toBe(at);
  });
});

test('a condition that holds between two looks only is not seen', () => {
  const machine = new Machine({ present: 2 });
  let holds = false;
  const queue = new WaitQueue('condition', () => holds);
  const set = (value: boolean, ns: number): void => {
    machine.clock.after(ns, {
      fire: () => {
        holds = value;
        queue.wakeUp();
      },
    });
  };
  set(true, 200 * US);
  set(false, 700 * US);
  set(true, 2500 * US);
  let at = -1;
  machine.spawn(
    'looks',
    (function* () {
      yield* queue.poll(MS, machine.clock);
      at = machine.clock.now;
    })(),
  );
  machine.elapse(10 * MS);
  expect(at).toBe(3 * MS);
});

test('khungtaskd does not find it, but it counts as waiting for what does not come', () => {
  const machine = new Machine({ present: 2 });
  new HungTaskDetector(machine, {
    release: '6.12.0',
    taintFlags: 19,
    saysWhenSilent: true,
    namesOwner: false,
  });
  machine.spawn('looks', new Completion('what never comes').poll(MS, machine.clock));
  machine.spawn('waits', new Completion('the same').wait());
  machine.elapse(400 * S);
  const told = machine.log.lines.filter(({ text }) => text.startsWith('INFO: task'));
  expect(told.map(({ text }) => /task ([a-z]+)/.exec(text)?.[1])).toEqual(told.map(() => 'waits'));
  expect(told.length).toBeGreaterThan(0);
  expect(machine.stuckTasks().map(({ name }) => name)).toEqual(['looks', 'waits']);
});

test.each([
  ['300 µs', 300 * US, MS],
  ['1.7 ms', 1700 * US, 2 * MS],
  ['5.2 ms', 5200 * US, 6 * MS],
])('a rescind during a probe of %s removes the device at its next look', (_, probeNs, removedNs) => {
  const removed: number[] = [];
  const guest: TestGuest = new TestGuest({
    backends: [],
    drivers: () => [
      {
        name: 'slow',
        classIds: [deviceClassId('scsi')],
        *probe() {
          yield* sleep(probeNs);
        },
        *remove() {
          removed.push(guest.machine.clock.now);
        },
      },
    ],
  }).boot();
  guest.host.offer(device('scsi', 5));
  guest.host.rescind(5);
  // The offer's message is handled first, then the rescind's, both at once.
  const from = guest.machine.clock.now;
  guest.machine.elapse(20 * MS);
  expect(removed).toEqual([from + removedNs]);
});
