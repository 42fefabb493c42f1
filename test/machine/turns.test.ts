import { beforeEach, describe, expect, test } from '@jest/globals';
import { Completion, sleep } from '../../src/machine/completion.js';
import { HungError } from '../../src/machine/hung.js';
import { Machine } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import { elapseInTurns, type Turns } from '../../src/machine/turns.js';

const MS = 1_000_000;

let machine: Machine;
let events: number;

/** Something happens on the machine each ms. */
beforeEach(() => {
  machine = new Machine({ present: 1 });
  events = 0;
  const fire = (): void => {
    events += 1;
    machine.clock.after(MS, { fire });
  };
  machine.clock.after(MS, { fire });
});

function* wait(ns: number): Procedure<string> {
  yield* sleep(ns);
  return 'slept';
}

/** How many events have happened after each turn, and what comes at the end. */
function turnByTurn<T>(turns: Turns<T>): { after: number[]; result: T } {
  const after: number[] = [];
  for (;;) {
    const next = turns.next();
    if (next.done) return { after, result: next.value };
    after.push(events);
  }
}

describe('calls', () => {
  test('are done at once, unless their work was asked for in turns', () => {
    expect(machine.call('wait', wait(2.5 * MS))).toBe('slept');
    expect(events).toBe(2);
    const turns = machine.calls.inTurnsOf(() => machine.call('wait', wait(2.8 * MS)));
    expect(machine.liveTasks).toBe(0);
    // The event that ends the sleep is one as well.
    expect(turnByTurn(turns)).toEqual({ after: [3, 4, 5, 5], result: undefined });
    expect([machine.clock.now, machine.liveTasks]).toEqual([5.3 * MS, 0]);
  });

  test('that take no time give their value; what they throw is thrown', () => {
    expect(turnByTurn(machine.calls.inTurnsOf(() => 7))).toEqual({ after: [], result: 7 });
    const refused = machine.calls.inTurnsOf(() => {
      throw new RangeError('no');
    });
    expect(() => refused.next()).toThrow('no');
    function* fails(): Procedure<void> {
      yield* sleep(1);
      throw new RangeError('too late');
    }
    const failing = machine.calls.inTurnsOf(() => machine.call('fails', fails()));
    expect(failing.next()).toEqual({ done: false, value: undefined });
    expect(() => failing.next()).toThrow('too late');
    // Whoever calls next is not in turns.
    expect(machine.call('wait', wait(1))).toBe('slept');
  });

  test('can be made of others', () => {
    function* twice(): Turns<string> {
      yield* machine.calls.inTurnsOf(() => machine.call('first', wait(MS / 2)));
      yield* machine.calls.inTurnsOf(() => machine.call('second', wait(MS)));
      return 'both';
    }
    expect(machine.calls.finish(twice())).toBe('both');
    expect([machine.clock.now, events]).toEqual([1.5 * MS, 1]);
    const turns = machine.calls.inTurnsOf(() => machine.calls.finish(twice()));
    expect(turnByTurn(turns).after).toEqual([2, 2, 3, 3]);
    expect(machine.clock.now).toBe(3 * MS);
  });

  test('two of them go on side by side, and one may be what the other waits for', () => {
    const done = new Completion('done');
    const waiter = machine.calls.inTurnsOf(() => machine.call('waiter', done.wait()));
    for (let i = 0; i < 3; i++) expect(waiter.next().done).toBe(false);
    function* completes(): Procedure<void> {
      yield* sleep(1);
      done.complete();
    }
    turnByTurn(machine.calls.inTurnsOf(() => machine.call('completes', completes())));
    expect(waiter.next().done).toBe(true);
  });

  test('that wait for what never comes end after an hour of virtual time', () => {
    const never = new Completion('never');
    const { clock } = machine;
    expect(() => machine.call('waiter', never.wait())).toThrow(HungError);
    expect(clock.now).toBeLessThan(3_600_002 * MS);
  });
});

test('time goes by in turns of an event', () => {
  expect(turnByTurn(elapseInTurns(machine, 2.5 * MS)).after).toEqual([1]);
  expect(machine.clock.now).toBe(2.5 * MS);
});
