import { describe, expect, test } from '@jest/globals';
import { exploreShard } from '../../src/explore/explore.js';
import type { Model, World } from '../../src/explore/model.js';
import { Completion, WaitQueue } from '../../src/machine/completion.js';
import { Machine } from '../../src/machine/machine.js';
import { MemoryWord } from '../../src/machine/memory.js';
import { SharedCounter } from '../../src/machine/shared-var.js';
import type { Procedure } from '../../src/machine/step.js';
import { Tasklet } from '../../src/machine/tasklet.js';
import { Workqueue } from '../../src/machine/workqueue.js';

// What tells another context to go on has a locked instruction in Linux, so that a store before it is seen behind it.

interface Seen {
  readonly values: (number | boolean)[];
}

/** CPU 0 stores and tells CPU 1, which reads. @param put makes the reader's context. @returns how it is told. */
function model(
  put: (world: World, read: () => Procedure<void>, machine: Machine) => () => void,
): Model<Seen> {
  return {
    name: 'told',
    setup(world) {
      const x = new MemoryWord('x');
      const seen: Seen = { values: [] };
      const machine = new Machine({ present: 2 });
      world.attach(machine);
      const tell = put(
        world,
        function* () {
          yield x.read;
          seen.values.push(x.load());
        },
        machine,
      );
      world.task(
        0,
        'P',
        (function* () {
          yield x.write;
          x.store(1);
          tell();
        })(),
      );
      return seen;
    },
    outcome: ({ values }) => values.join(),
  };
}

function* inTurn(...procs: readonly Procedure<unknown>[]): Procedure<void> {
  for (const proc of procs) yield* proc;
}

const told: Readonly<Record<string, Model<Seen>>> = {
  'complete: the lock of its wait queue': model((world, read) => {
    const done = new Completion('done');
    world.task(1, 'Q', inTurn(done.wait(), read()));
    return () => done.complete();
  }),
  'complete_all: the lock of its wait queue': model((world, read) => {
    const done = new Completion('done');
    world.task(1, 'Q', inTurn(done.wait(), read()));
    return () => done.completeAll();
  }),
  'wake_up: the lock of the wait queue': model((world, read) => {
    const state = { told: false };
    const queue = new WaitQueue('queue', () => state.told);
    world.task(1, 'Q', inTurn(queue.wait(), read()));
    return () => {
      state.told = true;
      queue.wakeUp();
    };
  }),
  'an interrupt: a fence before the ICR is written': model((world, read) => {
    const irq = world.interrupt(1, 'irq', read);
    return () => irq.raise();
  }),
  'a tasklet of the world: test_and_set_bit': model((world, read) => {
    const tasklet = world.tasklet(1, 'tasklet', read);
    return () => tasklet.schedule();
  }),
  'tasklet_schedule: test_and_set_bit': model((_world, read, machine) => {
    const tasklet = new Tasklet('tasklet', () => {}, read);
    return () => machine.cpu(1).taskletSchedule(tasklet);
  }),
  'queue_work: test_and_set_bit': model((_world, read, machine) => {
    const queue = new Workqueue(machine, 'queue');
    return () => queue.queue(read, 1);
  }),
  'kthread_run: the pi_lock of the task': model((_world, read, machine) => () => {
    machine.spawn('thread', read(), 1);
  }),
};

describe.each(Object.keys(told))('%s', (name) => {
  test.each(['dfs', 'dpor'] as const)('the store is seen: %s', (kind) => {
    const report = exploreShard(told[name], { memory: 'tso', strategy: { kind }, stopAtFirst: false });
    expect(report).toMatchObject({ complete: true, violations: [] });
    expect(report.outcomes?.map(({ outcome }) => outcome)).toEqual(['1']);
  });
});

test.each(['dfs', 'dpor'] as const)(
  'a store may be seen before the locked instruction, or with it: %s',
  (kind) => {
    const report = exploreShard(
      {
        name: 'two looks',
        setup(world) {
          const [x, y] = [new MemoryWord('x'), new MemoryWord('y')];
          const done = new Completion('done');
          const seen: Seen = { values: [] };
          world.task(
            0,
            'P',
            (function* () {
              yield x.write;
              x.store(1);
              yield y.read;
              done.complete();
            })(),
          );
          world.task(
            1,
            'Q',
            (function* () {
              yield x.read;
              seen.values.push(x.load());
              yield x.read;
              seen.values.push(x.load(), done.isDone);
            })(),
          );
          return seen;
        },
        outcome: ({ values }) => values.join(),
      } satisfies Model<Seen>,
      { memory: 'tso', strategy: { kind } },
    );
    expect(report.outcomes?.map(({ outcome }) => outcome)).toEqual([
      '0,0,false',
      '0,1,false',
      '0,1,true',
      '1,1,false',
      '1,1,true',
    ]);
  },
);

test('atomic_add is a fence, reinit_completion is none', () => {
  const storeBuffering = (between: () => void): Model<Seen> => ({
    name: 'store buffering',
    setup(world) {
      const [x, y] = [new MemoryWord('x'), new MemoryWord('y')];
      const seen: Seen = { values: [] };
      const context = function* (mine: MemoryWord, other: MemoryWord): Procedure<void> {
        yield mine.write;
        mine.store(1);
        between();
        yield other.read;
        seen.values.push(other.load());
      };
      world.task(0, 'P', context(x, y));
      world.task(1, 'Q', context(y, x));
      return seen;
    },
    outcome: ({ values }) => values.join(),
  });
  const outcomes = (between: () => void): unknown[] | undefined =>
    exploreShard(storeBuffering(between), { memory: 'tso' }).outcomes?.map(({ outcome }) => outcome);
  const counter = new SharedCounter('counter');
  const done = new Completion('done');
  expect(outcomes(() => counter.add(1))).not.toContain('0,0');
  expect(outcomes(() => done.reinit())).toContain('0,0');
});
