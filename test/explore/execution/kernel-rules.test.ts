import { describe, expect, test } from '@jest/globals';
import { sleep } from '../../../src/machine/completion.js';
import { Lock } from '../../../src/machine/lock.js';
import { memoryBarrier, MemoryWord } from '../../../src/machine/memory.js';
import { type Procedure, SharedWord } from '../../../src/machine/step.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import type { Task } from '../../../src/machine/task.js';
import { Tasklet } from '../../../src/machine/tasklet.js';
import { Machine } from '../../../src/machine/machine.js';
import { Workqueue } from '../../../src/machine/workqueue.js';
import { check, exploreShard } from '../../../src/explore/explore.js';
import type { Model, World } from '../../../src/explore/model.js';

const covering = ['dfs', 'dpor'] as const;

function model<S>(setup: (world: World) => S, outcome?: (state: S) => string): Model<S> {
  return { name: 'rules', setup, ...(outcome === undefined ? {} : { outcome }) };
}

/** The messages of all violations. */
function wrong(setup: (world: World) => unknown): string[] {
  const messages = covering.map((kind) =>
    exploreShard(model(setup), { strategy: { kind }, stopAtFirst: false })
      .violations.map(({ message }) => message)
      .sort(),
  );
  expect(messages[1]).toEqual(messages[0]);
  return messages[0];
}

function* step(word: SharedWord): Procedure<void> {
  yield word.update;
}

test('a task that is started while another one of its CPU has interrupts off may sleep', () => {
  for (const kind of ['dfs', 'dpor'] as const) {
    const report = exploreShard(
      {
        name: 'started meanwhile',
        setup(world) {
          const [x, y] = [new SharedWord('x'), new SharedWord('y')];
          const cpu = world.cpu(0);
          world.task(
            0,
            'masked',
            (function* () {
              yield x.read;
              cpu.localIrqDisable();
              yield y.read;
              cpu.localIrqEnable();
            })(),
          );
          world.task(
            1,
            'starter',
            (function* () {
              yield y.update;
              world.task(0, 'sleeper', sleep(10));
              world.task(0, 'done at once', (function* () {})());
            })(),
          );
        },
      },
      { strategy: { kind }, stopAtFirst: false },
    );
    expect(report).toMatchObject({ complete: true, violations: [] });
  }
});

describe('mistakes with interrupts are found', () => {
  test('a lock that is taken with interrupts on, and in an interrupt of the same CPU', () => {
    const locked = (masked: boolean) => (world: World) => {
      const lock = new Lock('lock');
      const cpu = world.cpu(0);
      world
        .interrupt(0, 'isr', function* () {
          yield* lock.lock();
          yield* lock.unlock();
        })
        .raise();
      world.task(
        0,
        'task',
        (function* (): Procedure<void> {
          if (masked) cpu.localIrqDisable();
          yield* lock.lock();
          yield* lock.unlock();
          if (masked) cpu.localIrqEnable();
        })(),
      );
    };
    expect(wrong(locked(false))).toEqual([
      'isr (CPU 0) waits: acquire of lock; task (CPU 0) waits: release of lock',
    ]);
    expect(wrong(locked(true))).toEqual([]);
  });

  test('interrupts or tasklets left off, or switched on too often', () => {
    const word = new SharedWord('word');
    const run =
      (body: (cpu: ReturnType<World['cpu']>) => void) =>
      (world: World): void => {
        const cpu = world.cpu(0);
        world.task(
          0,
          'task',
          (function* (): Procedure<void> {
            yield* step(word);
            body(cpu);
          })(),
        );
      };
    expect(wrong(run((cpu) => cpu.localIrqDisable()))).toEqual([
      'task ended with interrupts or tasklets disabled',
    ]);
    expect(wrong(run((cpu) => cpu.localBhDisable()))).toEqual([
      'task ended with interrupts or tasklets disabled',
    ]);
    expect(wrong(run((cpu) => cpu.localIrqEnable()))).toEqual(['interrupts of CPU 0 are not disabled']);
    expect(wrong(run((cpu) => cpu.localBhEnable()))).toEqual(['tasklets of CPU 0 are not disabled']);
  });

  test('a spin loop that nobody ends', () => {
    const messages = wrong((world) => {
      const flag = new MemoryWord('flag');
      world.task(
        0,
        'task',
        (function* (): Procedure<void> {
          yield flag.readUntil((value) => value === 1);
        })(),
      );
    });
    expect(messages).toEqual(['task (CPU 0) waits: read of flag']);
  });

  test('too many contexts', () => {
    const crowded = model((world) => {
      for (let i = 0; i < 32; i++) world.task(i, `task${i}`, step(new SharedWord('word')));
    });
    expect(() => check(crowded)).toThrow('a world holds at most 31 contexts; task31 is one more');
  });
});

describe('store buffers and interrupts', () => {
  /** Store buffering, with a barrier on CPU 1, and on CPU 0 whatever `setup` puts between its store and read. */
  function outcomes(setup: (world: World, x: MemoryWord, y: MemoryWord, r: number[]) => void): string[] {
    const seen = covering.map((kind) => {
      const { outcomes: all = [] } = exploreShard(
        model(
          (world) => {
            const [x, y] = [new MemoryWord('x'), new MemoryWord('y')];
            const r: number[] = [];
            setup(world, x, y, r);
            world.task(1, 'other', writeThenRead(y, x, r, 1, true));
            return r;
          },
          (r) => r.join(''),
        ),
        { memory: 'tso', strategy: { kind }, stopAtFirst: false },
      );
      return all.map(({ outcome }) => String(outcome));
    });
    expect(seen[1]).toEqual(seen[0]);
    return seen[0];
  }

  function* writeThenRead(
    mine: MemoryWord,
    other: MemoryWord,
    r: number[],
    at: number,
    fenced: boolean,
  ): Procedure<void> {
    yield mine.write;
    mine.store(1);
    if (fenced) yield memoryBarrier;
    yield other.read;
    r[at] = other.load();
  }

  test('a tasklet sees the stores of its interrupt’s CPU made visible by the return from it', () => {
    const found = outcomes((world, x, y, r) => {
      const tasklet = world.tasklet(0, 'tasklet', function* () {
        yield y.read;
        r[0] = y.load();
      });
      world
        .interrupt(0, 'isr', function* () {
          yield x.write;
          x.store(1);
          tasklet.schedule();
        })
        .raise();
    });
    expect(found).toEqual(['01', '10', '11']);
  });

  test('within one interrupt the read may overtake the store', () => {
    const found = outcomes((world, x, y, r) => {
      world.interrupt(0, 'isr', () => writeThenRead(x, y, r, 0, false)).raise();
    });
    expect(found).toEqual(['00', '01', '10', '11']);
  });

  test('a switch of tasks lets stores become visible first', () => {
    const found = outcomes((world, x, y, r) => {
      world.preemptible = false;
      world.task(
        0,
        'writer',
        (function* (): Procedure<void> {
          yield x.write;
          x.store(1);
        })(),
      );
      world.task(
        0,
        'reader',
        (function* (): Procedure<void> {
          yield x.readUntil((value) => value === 1);
          yield y.read;
          r[0] = y.load();
        })(),
      );
    });
    expect(found).toEqual(['01', '10', '11']);
  });
});

describe('a machine that is attached', () => {
  test('has its workqueues interleaved, one work after the other', () => {
    const found = exploreShard(
      model(
        (world) => {
          const log: string[] = [];
          const machine = new Machine({ present: 2 });
          world.attach(machine);
          const word = new SharedWord('log');
          const queue = new Workqueue(machine, 'events');
          function* write(letter: string): Procedure<void> {
            yield word.update;
            log.push(letter + machine.thisCpu);
          }
          queue.queue(() => write('a'), 0);
          queue.queue(() => write('b'), 0);
          world.task(1, 'task', write('t'));
          return log;
        },
        (log) => log.join(' '),
      ),
      { stopAtFirst: false },
    );
    expect(found.outcomes?.map(({ outcome }) => outcome)).toEqual(['a0 b0 t1', 'a0 t1 b0', 't1 a0 b0']);
  });

  test('runs a tasklet on one CPU at a time, and what has no steps at once', () => {
    const found = exploreShard(
      model(
        (world) => {
          const log: string[] = [];
          const machine = new Machine({ present: 2 });
          world.attach(machine);
          const word = new SharedWord('log');
          const tasklet = new Tasklet(
            'tasklet',
            () => log.push('!'),
            function* () {
              yield word.update;
              log.push(`<${machine.thisCpu}`);
              yield word.update;
              log.push('>');
            },
          );
          const plain = new Tasklet('plain', () => log.push('p'));
          for (const cpu of [0, 1]) {
            world
              .interrupt(cpu, `isr${cpu}`, function* () {
                yield word.update;
                machine.cpu(cpu).taskletSchedule(tasklet);
                if (cpu === 0) machine.cpu(cpu).taskletSchedule(plain);
              })
              .raise();
          }
          return log;
        },
        (log) => log.filter((entry) => entry !== 'p').join(''),
      ),
      { stopAtFirst: false },
    );
    expect(found.outcomes?.map(({ outcome }) => outcome)).toEqual(['<0>', '<0><1>', '<1>', '<1><0>']);
  });

  test('keeps interrupts away where its code switches them off', () => {
    for (const kind of covering) {
      const { outcomes = [] } = exploreShard(
        model(
          (world) => {
            const log: string[] = [];
            const machine = new Machine({ present: 1 });
            world.attach(machine);
            const word = new SharedWord('log');
            function* write(letter: string): Procedure<void> {
              yield word.update;
              log.push(letter);
            }
            world.interrupt(0, 'isr', () => write('i')).raise();
            world.task(
              0,
              'task',
              (function* (): Procedure<void> {
                yield* write('a');
                machine.cpu(0).localIrqDisable();
                yield* write('b');
                machine.cpu(0).localIrqEnable();
              })(),
            );
            return log;
          },
          (log) => log.join(''),
        ),
        { strategy: { kind }, stopAtFirst: false },
      );
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['abi', 'iab']);
    }
  });
});

describe('a task that moves to another CPU', () => {
  /** A task that stores, moves from CPU 0 to CPU 1 and loads; an interrupt and a task there, which the order is told of. */
  function moves(world: World, preemptible: boolean, isMasked: boolean) {
    world.preemptible = preemptible;
    const machine = new Machine({ present: 2 });
    world.attach(machine);
    const [x, y, order] = [new MemoryWord('x'), new MemoryWord('y'), new SharedWord('order')];
    const state = { order: [] as string[], x: -1, y: -1, cpus: [] as number[] };
    function* note(who: string): Procedure<void> {
      yield order.update;
      state.order.push(`${who}@${machine.thisCpu}`);
    }
    function* moving(): Procedure<void> {
      yield x.write;
      x.store(1);
      state.cpus.push(machine.thisCpu);
      yield* machine.setCpusAllowed(task, CpuMask.of(2, [1]));
      state.cpus.push(machine.thisCpu);
      yield* note('mover');
      yield y.read;
      state.y = y.load();
    }
    function* other(): Procedure<void> {
      if (isMasked) world.cpu(1).localIrqDisable();
      yield y.write;
      y.store(1);
      yield* note('other');
      yield x.read;
      state.x = x.load();
      if (isMasked) world.cpu(1).localIrqEnable();
    }
    const task: Task = machine.spawn('mover', moving(), 0);
    world.task(1, 'other', other());
    world.interrupt(1, 'irq', () => note('irq')).raise();
    return state;
  }

  test.each([
    [true, false],
    [false, false],
    [true, true],
  ])('preemptible %s, masked %s: reduction sees all that plain search sees', (preemptible, isMasked) => {
    for (const memory of ['sc', 'tso'] as const) {
      const [all, reduced] = covering.map((kind) => {
        const report = exploreShard(
          {
            name: 'moves',
            setup: (world) => moves(world, preemptible, isMasked),
            outcome: ({ order, x, y }) => `${order.join(' ')} x=${x} y=${y}`,
            finally: {
              'it goes on where it moved': ({ cpus, order }) =>
                (cpus.join() === '0,1' && order.includes('mover@1')) || `${cpus.join()} ${order.join()}`,
            },
          },
          { strategy: { kind }, memory, stopAtFirst: false },
        );
        expect(report.violations).toEqual([]);
        return report.outcomes?.map(({ outcome }) => outcome).sort();
      });
      expect(reduced).toEqual(all);
      expect(all?.length).toBeGreaterThan(3);
    }
  });
});
