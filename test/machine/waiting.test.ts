import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/explore/explore.js';
import { mightSleep } from '../../src/machine/completion.js';
import { Machine } from '../../src/machine/machine.js';
import { SharedVar } from '../../src/machine/shared-var.js';
import { SpinWait } from '../../src/machine/spin-wait.js';
import { type Procedure, runAtomic } from '../../src/machine/step.js';
import { WaitCounter } from '../../src/machine/wait-counter.js';

describe('WaitCounter', () => {
  test('who waits for zero goes on when the last is taken back', () => {
    const machine = new Machine({ present: 1 });
    const counter = new WaitCounter('active');
    counter.add(2);
    const order: string[] = [];
    function* waiter(): Procedure<void> {
      yield* counter.waitForZero();
      order.push(`waiter at ${counter.value}`);
    }
    machine.spawn('waiter', waiter());
    machine.settle();
    counter.subtractOne();
    machine.settle();
    expect(order).toEqual([]);
    runAtomic(counter.subtractOneSteps());
    machine.settle();
    expect(order).toEqual(['waiter at 0']);
  });

  test('an explorer sees a waiter pass before and after a count', () => {
    const report = check({
      name: 'count',
      setup(world) {
        const counter = new WaitCounter('active');
        const seen = { passedAt: -1 };
        world.task(0, 'count', counter.addSteps(1));
        world.task(1, 'wait', wait());
        return seen;
        function* wait(): Procedure<void> {
          yield* counter.waitForZero();
          seen.passedAt = counter.value;
        }
      },
      outcome: ({ passedAt }) => passedAt,
      mayBlock: () => true,
    });
    expect(report.outcomes?.map(({ outcome }) => outcome)).toEqual([-1, 0]);
  });
});

describe('SpinWait', () => {
  test('spins until what it looks at has changed', () => {
    const machine = new Machine({ present: 1 });
    let isDone = false;
    const spin = new SpinWait('done', () => isDone);
    machine.spawn('spinner', spin.spin());
    machine.settle();
    expect(machine.liveTasks).toBe(1);
    isDone = true;
    spin.changed();
    machine.settle();
    expect(machine.liveTasks).toBe(0);
  });

  test('is allowed where sleeping is not', () => {
    function* spinning(cpu: { localIrqDisable(): void; localIrqEnable(): void }): Procedure<void> {
      cpu.localIrqDisable();
      yield* new SpinWait('nothing', () => true).spin();
      cpu.localIrqEnable();
    }
    const { verdict } = check({
      name: 'spin',
      setup: (world) => world.task(0, 'spinner', spinning(world.cpu(0))),
    });
    expect(verdict).toBe('none');
  });
});

test('mightSleep is refused with interrupts off, and nothing else', () => {
  function* sleeping(cpu: { localIrqDisable(): void; localIrqEnable(): void } | undefined): Procedure<void> {
    cpu?.localIrqDisable();
    yield mightSleep;
    cpu?.localIrqEnable();
  }
  const verdictOf = (isAtomic: boolean): string =>
    check({
      name: 'sleep',
      setup: (world) => world.task(0, 'sleeper', sleeping(isAtomic ? world.cpu(0) : undefined)),
    }).violations[0]?.message ?? 'none';
  expect(verdictOf(false)).toBe('none');
  expect(verdictOf(true)).toBe('sleeping function called from invalid context: sleeper');
  runAtomic(sleeping(undefined));
});

test('SharedVar.exchange gives what was there before', () => {
  const word = new SharedVar('flag', false);
  expect([
    word.exchange(true),
    word.exchange(true),
    runAtomic(word.exchangeSteps(false)),
    word.value,
  ]).toEqual([false, true, true, false]);
});
