import { describe, expect, test } from '@jest/globals';
import { exploreShard } from '../../src/explore/explore.js';
import type { Model, World } from '../../src/explore/model.js';
import { Completion, WaitQueue } from '../../src/machine/completion.js';
import { Lock } from '../../src/machine/lock.js';
import { Machine } from '../../src/machine/machine.js';
import { MemoryWord } from '../../src/machine/memory.js';
import { RcuList, RcuNode, Srcu } from '../../src/machine/rcu.js';
import { SharedCounter, SharedVar } from '../../src/machine/shared-var.js';
import type { Procedure, Step } from '../../src/machine/step.js';
import { Tasklet } from '../../src/machine/tasklet.js';
import { Workqueue } from '../../src/machine/workqueue.js';

// Operations that look at or change what contexts share, done within a step that names something else. Reduction must
// see both orders, as plain search does.

type See = (value: unknown) => void;

function* doing(step: Step, act: () => void): Procedure<void> {
  yield step;
  act();
}

/** Two contexts whose steps name words of their own. @param put says what each does besides, and what is seen. */
function model(put: (world: World, see: See) => readonly [() => void, () => void]): Model<unknown[]> {
  return {
    name: 'unannounced',
    setup(world) {
      const seen: unknown[] = [];
      const [a, b] = [new MemoryWord('a'), new MemoryWord('b')];
      const [first, second] = put(world, (value) => seen.push(value));
      world.task(0, 'P', doing(a.read, first));
      world.task(1, 'Q', doing(b.read, second));
      return seen;
    },
    outcome: (seen) => JSON.stringify(seen),
    mayBlock: () => true,
  };
}

const nothing = function* (): Procedure<void> {};

const cases: Readonly<Record<string, Model<unknown[]>>> = {
  'Completion.isDone': model((_world, see) => {
    const done = new Completion('done');
    return [() => done.complete(), () => see(done.isDone)];
  }),
  'Completion.reinit': model((world, see) => {
    const done = new Completion('done');
    world.task(
      2,
      'waiter',
      (function* () {
        see((yield* done.waitTimeout(10)) ? 'done' : 'timeout');
      })(),
    );
    return [() => done.complete(), () => done.reinit()];
  }),
  'Completion.reinit against isDone': model((_world, see) => {
    const done = new Completion('done');
    done.complete();
    return [() => done.reinit(), () => see(done.isDone)];
  }),
  'Interrupt.isPending': model((world, see) => {
    const irq = world.interrupt(2, 'irq', nothing);
    return [() => irq.raise(), () => see(irq.isPending)];
  }),
  'SoftInterrupt.isScheduled': model((world, see) => {
    const tasklet = world.tasklet(2, 'tasklet', nothing);
    return [() => tasklet.schedule(), () => see(tasklet.isScheduled)];
  }),
  'Workqueue.isIdle': model((world, see) => {
    const machine = new Machine({ present: 3 });
    world.attach(machine);
    const queue = new Workqueue(machine, 'queue');
    return [() => queue.queue(() => doing(new MemoryWord('w').read, () => {}), 2), () => see(queue.isIdle)];
  }),
  'the order of works in a Workqueue': model((world, see) => {
    const machine = new Machine({ present: 3 });
    world.attach(machine);
    const queue = new Workqueue(machine, 'queue');
    const work = (name: string) => () => doing(new MemoryWord(name).read, () => see(name));
    return [() => queue.queue(work('first'), 2), () => queue.queue(work('second'), 2)];
  }),
  'a Tasklet that is scheduled already': model((world, see) => {
    const machine = new Machine({ present: 3 });
    world.attach(machine);
    const ran = { times: 0 };
    const tasklet = new Tasklet(
      'tasklet',
      () => {},
      () =>
        doing(new MemoryWord('t').read, () => {
          ran.times += 1;
          see(ran.times);
        }),
    );
    return [() => machine.cpu(2).taskletSchedule(tasklet), () => machine.cpu(2).taskletSchedule(tasklet)];
  }),
  'Cpu.isPending': model((_world, see) => {
    const cpu = new Machine({ present: 2 }).cpu(1);
    cpu.localIrqDisable();
    return [() => cpu.raise(32), () => see(cpu.isPending(32))];
  }),
  'Cpu.localIrqDisable against a raise from elsewhere': model((_world, see) => {
    const machine = new Machine({ present: 2 });
    machine.setVectorHandler(32, { handleInterrupt: () => see('handled') });
    const cpu = machine.cpu(1);
    return [
      () => cpu.localIrqDisable(),
      () => {
        cpu.raise(32);
        see('raised');
      },
    ];
  }),
  'what the conditions of two wait queues look at': {
    ...model(() => [() => {}, () => {}]),
    setup(world) {
      const seen: unknown[] = [];
      const flag = new SharedVar('flag', 0);
      const queues = ['P', 'Q'].map((name) => new WaitQueue(name, () => flag.get() > 0));
      for (const [cpu, queue] of queues.entries()) {
        world.task(
          cpu,
          queue.name,
          (function* () {
            yield* queue.wait();
            flag.set(0);
            seen.push(queue.name);
          })(),
        );
      }
      const wake = (): void => {
        flag.set(1);
        for (const queue of queues) queue.wakeUp();
      };
      world.task(2, 'waker', doing(new MemoryWord('w').read, wake));
      return seen;
    },
  },
  'Lock.isHeld': {
    ...model(() => [() => {}, () => {}]),
    setup(world) {
      const seen: unknown[] = [];
      const lock = new Lock('lock');
      world.task(0, 'holder', lock.lock());
      world.task(
        1,
        'looker',
        doing(new MemoryWord('b').read, () => seen.push(lock.isHeld)),
      );
      return seen;
    },
  },
  'Srcu.readers': {
    ...model(() => [() => {}, () => {}]),
    setup(world) {
      const seen: unknown[] = [];
      const srcu = new Srcu('srcu');
      world.task(0, 'reader', srcu.readLockSteps());
      world.task(
        1,
        'looker',
        doing(new MemoryWord('b').read, () => seen.push(srcu.readers)),
      );
      return seen;
    },
  },
  'RcuList.isEmpty': model((_world, see) => {
    const list = new RcuList<number>('list');
    return [() => list.addHead(new RcuNode(1)), () => see(list.isEmpty)];
  }),
  'SharedVar.value': model((_world, see) => {
    const shared = new SharedVar('var', 0);
    return [() => shared.set(1), () => see(shared.value)];
  }),
  'SharedCounter.add against get': model((_world, see) => {
    const counter = new SharedCounter('counter');
    return [() => counter.add(1), () => see(counter.get())];
  }),
  'MemoryWord.store within another step': model((_world, see) => {
    const word = new MemoryWord('x');
    return [() => word.store(1), () => see(word.load())];
  }),
  'MemoryWord.exchange within another step': model((_world, see) => {
    const word = new MemoryWord('x');
    return [() => see(word.exchange(1)), () => see(word.add(5))];
  }),
};

test.each(Object.keys(cases))('reduction sees both orders: %s', (name) => {
  const [plain, reduced] = (['dfs', 'dpor'] as const).map((kind) =>
    exploreShard(cases[name], { strategy: { kind }, stopAtFirst: false }),
  );
  const outcomes = (plain.outcomes ?? []).map(({ outcome }) => outcome);
  expect(outcomes.length).toBeGreaterThan(1);
  expect(plain.violations).toEqual([]);
  expect((reduced.outcomes ?? []).map(({ outcome }) => outcome)).toEqual(outcomes);
  expect(reduced).toMatchObject({ complete: true, violations: [] });
});

test('a step that reads a word and then changes it within the same step has changed it', () => {
  const flag = (): Model<unknown[]> => ({
    name: 'a change behind a read',
    setup(world) {
      const seen: unknown[] = [];
      const shared = new SharedVar('flag', 0);
      world.task(
        0,
        'P',
        doing(shared.read, () => shared.set(1)),
      );
      world.task(
        1,
        'Q',
        doing(shared.read, () => seen.push(shared.value)),
      );
      return seen;
    },
    outcome: (seen) => JSON.stringify(seen),
  });
  const { outcomes = [] } = exploreShard(flag());
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['[0]', '[1]']);
});

describe('what only the CPU itself or the setup may change', () => {
  test('interrupts are disabled on the CPU that runs', () => {
    const report = exploreShard({
      name: 'elsewhere',
      setup(world) {
        const cpu = world.cpu(1);
        world.task(
          0,
          'P',
          doing(new MemoryWord('a').read, () => cpu.localIrqDisable()),
        );
      },
    });
    expect(report.violations.map(({ message }) => message)).toEqual([
      'P runs on CPU 0 and cannot do that for CPU 1',
    ]);
  });

  test('preemption is chosen in setup', () => {
    const report = exploreShard({
      name: 'late',
      setup(world) {
        world.task(
          0,
          'P',
          doing(new MemoryWord('a').read, () => {
            world.preemptible = false;
          }),
        );
      },
    });
    expect(report.violations.map(({ message }) => message)).toEqual([
      'preemptible is for setup: a running context cannot change it',
    ]);
  });
});
