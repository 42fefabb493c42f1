import { describe, expect, test } from '@jest/globals';
import { Completion, sleep } from '../../src/machine/completion.js';
import { Machine } from '../../src/machine/machine.js';
import { MemoryWord, memoryBarrier } from '../../src/machine/memory.js';
import { type Procedure, SharedWord } from '../../src/machine/step.js';
import { Tasklet } from '../../src/machine/tasklet.js';
import { check, exploreShard, minimalViolation } from '../../src/explore/explore.js';
import { laneTable, violationText } from '../../src/explore/report/lane-table.js';
import type { Model } from '../../src/explore/model.js';
import type { Strategy } from '../../src/explore/options.js';
import { counterModel, dekker, storeBuffering, twoLocks } from './litmus.js';

const covering: readonly Strategy[] = [{ kind: 'dfs' }, { kind: 'dpor' }];

/** The different orders in which the contexts wrote their letters. */
function orders<S extends { readonly log: string[] }>(
  setup: Model<S>['setup'],
  strategy: Strategy = { kind: 'dfs' },
): string[] {
  const model: Model<S> = { name: 'orders', setup, outcome: ({ log }) => log.join('') };
  const { outcomes = [], violations } = exploreShard(model, { strategy, stopAtFirst: false });
  return [...outcomes.map(({ outcome }) => String(outcome)), ...violations.map(({ message }) => message)];
}

function writer(log: string[], word: SharedWord): (letters: string) => Procedure<void> {
  return function* (letters) {
    for (const letter of letters) {
      yield word.update;
      log.push(letter);
    }
  };
}

describe.each(covering)('the rules of a CPU, $kind', (strategy) => {
  test('an interrupt runs between any two steps of a task, and never in parts', () => {
    const found = orders((world) => {
      const log: string[] = [];
      const write = writer(log, new SharedWord('log'));
      const irq = world.interrupt(0, 'irq', () => write('12'));
      world.task(0, 'task', write('ab'));
      world.task(
        'host',
        'host',
        (function* () {
          yield new SharedWord('page').update;
          irq.raise();
        })(),
      );
      return { log };
    }, strategy);
    expect(found).toEqual(['12ab', 'a12b', 'ab12']);
  });

  test('an interrupt waits while interrupts are off', () => {
    const found = orders((world) => {
      const log: string[] = [];
      const word = new SharedWord('log');
      const write = writer(log, word);
      const irq = world.interrupt(0, 'irq', () => write('1'));
      const cpu = world.cpu(0);
      world.task(
        0,
        'task',
        (function* () {
          yield* write('a');
          cpu.localIrqDisable();
          yield* write('bc');
          cpu.localIrqEnable();
          yield* write('d');
        })(),
      );
      world.task(
        'host',
        'host',
        (function* () {
          yield word.update;
          irq.raise();
        })(),
      );
      return { log };
    }, strategy);
    expect(found).toEqual(['1abcd', 'abc1d', 'abcd1']);
  });

  test.each(['localIrqDisable', 'localBhDisable'] as const)(
    'no other task of the CPU runs behind %s',
    (off) => {
      const found = orders((world) => {
        const log: string[] = [];
        const write = writer(log, new SharedWord('log'));
        const cpu = world.cpu(0);
        world.task(
          0,
          'task',
          (function* () {
            yield* write('a');
            cpu[off]();
            yield* write('bc');
            if (off === 'localIrqDisable') cpu.localIrqEnable();
            else cpu.localBhEnable();
            yield* write('d');
          })(),
        );
        world.task(0, 'other', write('1'));
        return { log };
      }, strategy);
      expect(found).toEqual(['1abcd', 'abc1d', 'abcd1']);
    },
  );

  test('a tasklet runs after its interrupt, before the task goes on; another interrupt may come between', () => {
    const found = orders((world) => {
      const log: string[] = [];
      const word = new SharedWord('log');
      const write = writer(log, word);
      const tasklet = world.tasklet(0, 'tasklet', () => write('t'));
      const first = world.interrupt(0, 'first', function* () {
        yield* write('1');
        tasklet.schedule();
      });
      const second = world.interrupt(0, 'second', () => write('2'));
      world.task(0, 'task', write('a'));
      first.raise();
      second.raise();
      return { log };
    }, strategy);
    expect(found).toEqual(['12ta', '1t2a', '1ta2', '21ta', '2a1t', 'a12t', 'a1t2', 'a21t'].sort());
  });

  test('tasks of one CPU give way only where they may sleep if there is no preemption', () => {
    const setup = (preemptible: boolean): string[] =>
      orders((world) => {
        world.preemptible = preemptible;
        const log: string[] = [];
        const write = writer(log, new SharedWord('log'));
        world.task(0, 'one', write('ab'));
        world.task(0, 'two', write('12'));
        return { log };
      }, strategy);
    expect(setup(true)).toEqual(['12ab', '1a2b', '1ab2', 'a12b', 'a1b2', 'ab12']);
    expect(setup(false)).toEqual(['12ab', 'ab12']);
  });

  test('that is preemption unless setup says otherwise; a sleep gives way', () => {
    const found = (preemptible: boolean | undefined): string[] =>
      orders((world) => {
        if (preemptible !== undefined) world.preemptible = preemptible;
        const log: string[] = [];
        const write = writer(log, new SharedWord('log'));
        world.task(
          0,
          'one',
          (function* () {
            yield* write('a');
            yield* sleep(10);
            yield* write('b');
          })(),
        );
        world.task(0, 'two', write('12'));
        return { log };
      }, strategy);
    const all = ['12ab', '1a2b', '1ab2', 'a12b', 'a1b2', 'ab12'];
    expect(found(true)).toEqual(all);
    expect(found(undefined)).toEqual(all);
    expect(found(false)).toEqual(['12ab', 'a12b', 'ab12']);
  });

  test('all tasklets that an interrupt has scheduled run before the task goes on', () => {
    const found = orders((world) => {
      const log: string[] = [];
      const write = writer(log, new SharedWord('log'));
      const tasklets = ['s', 't'].map((letter) => world.tasklet(0, letter, () => write(letter)));
      const irq = world.interrupt(0, 'irq', function* () {
        yield* write('1');
        for (const tasklet of tasklets) tasklet.schedule();
      });
      world.task(0, 'task', write('ab'));
      irq.raise();
      return { log };
    }, strategy);
    expect(found).toEqual(['1stab', '1tsab', 'a1stb', 'a1tsb', 'ab1st', 'ab1ts']);
  });

  test('sleeping in an interrupt is found', () => {
    const found = orders((world) => {
      world.interrupt(0, 'irq', () => sleep(1)).raise();
      return { log: [] };
    }, strategy);
    expect(found).toEqual(['scheduling while atomic: irq, sleep of time']);
  });

  test('a machine that is attached has its tasks and tasklets interleaved', () => {
    const found = orders((world) => {
      const log: string[] = [];
      const word = new SharedWord('log');
      const write = writer(log, word);
      const machine = new Machine({ present: 2 });
      world.attach(machine);
      const tasklet = new Tasklet(
        't',
        () => log.push(`t${machine.thisCpu}`),
        () => write(`t${machine.thisCpu}`),
      );
      const irq = world.interrupt(1, 'irq', function* () {
        yield* write(machine.inInterrupt ? 'i' : '!');
        machine.cpu(1).taskletSchedule(tasklet);
      });
      world.task(
        0,
        'task',
        (function* () {
          yield word.update;
          machine.spawn('spawned', write('s'));
          irq.raise();
        })(),
      );
      return { log };
    }, strategy);
    expect(found).toEqual(['it1s', 'its1', 'ist1', 'sit1'].sort());
  });
});

describe('time', () => {
  function latency(hostNs: number): string[] {
    return orders((world) => {
      const log: string[] = [];
      const word = new SharedWord('word');
      world.task(0, 'guest', then(sleep(20), writer(log, word)('g')), { time: 'virtual' });
      world.task('host', 'host', then(sleep(hostNs), writer(log, word)('h')), { time: 'virtual' });
      return { log };
    });
  }

  test('virtual time decides which of two sleeps ends first; equal ones in any order', () => {
    expect(latency(19)).toEqual(['hg']);
    expect(latency(20)).toEqual(['gh', 'hg']);
    expect(latency(21)).toEqual(['gh']);
  });

  test('otherwise sleeps end in any order', () => {
    const found = orders((world) => {
      const log: string[] = [];
      const word = new SharedWord('word');
      world.task(0, 'guest', then(sleep(20), writer(log, word)('g')));
      world.task(1, 'other', then(sleep(1000), writer(log, word)('o')));
      return { log };
    });
    expect(found).toEqual(['go', 'og']);
  });

  test('a wait with a time limit ends by either', () => {
    const setup = (time: 'free' | 'virtual', hostNs: number): string[] =>
      orders((world) => {
        const log: string[] = [];
        const done = new Completion('done');
        function* guest(): Procedure<void> {
          log.push((yield* done.waitTimeout(20)) ? 'done' : 'timeout');
        }
        function* host(): Procedure<void> {
          yield* sleep(hostNs);
          done.complete();
        }
        world.task(0, 'guest', guest(), { time });
        world.task('host', 'host', host(), { time });
        return { log };
      });
    expect(setup('free', 10)).toEqual(['done', 'timeout']);
    expect(setup('virtual', 10)).toEqual(['done']);
    expect(setup('virtual', 30)).toEqual(['timeout']);
  });
});

function* then(...procs: readonly Procedure<unknown>[]): Procedure<void> {
  for (const proc of procs) yield* proc;
}

describe('properties', () => {
  test('an always property is looked at after every step', () => {
    const model: Model<{ x: MemoryWord; y: MemoryWord }> = {
      name: 'always',
      setup(world) {
        const x = new MemoryWord('x');
        const y = new MemoryWord('y');
        const set = function* (word: MemoryWord): Procedure<void> {
          yield word.write;
          word.store(1);
        };
        world.task(0, 'P0', set(x));
        world.task(1, 'P1', set(y));
        return { x, y };
      },
      always: { 'y after x': ({ x, y }) => y.value <= x.value || `x=${x.value} y=${y.value}` },
    };
    for (const strategy of covering) {
      for (const watches of [undefined, ({ x, y }: { x: MemoryWord; y: MemoryWord }) => [x, y]]) {
        const report = check({ ...model, watches }, { strategy });
        expect(report.violations.map(({ message, trace }) => [message, trace.steps.length])).toEqual([
          ['x=0 y=1', 1],
        ]);
      }
    }
  });

  test('errors of the code under test are violations, with their message', () => {
    const report = check({
      name: 'error',
      setup(world) {
        world.task(
          0,
          'P0',
          (function* () {
            yield new SharedWord('x').read;
            throw new RangeError('there is no CPU 7');
          })(),
        );
        return null;
      },
    });
    expect(report.violations[0]).toMatchObject({
      kind: 'error',
      message: 'there is no CPU 7',
      minimal: true,
    });
  });

  test('an error in setup is the caller’s', () => {
    expect(() =>
      check({
        name: 'bad setup',
        setup() {
          throw new TypeError('no such variant');
        },
      }),
    ).toThrow(new TypeError('no such variant'));
  });

  test('contexts may stay blocked if the model says so', () => {
    const waiting: Model<null> = {
      name: 'waiting',
      setup(world) {
        world.task(0, 'kworker', new Completion('never').wait());
        return null;
      },
    };
    expect(check(waiting).violations[0]?.message).toBe('kworker (CPU 0) waits: wait of never');
    expect(check({ ...waiting, mayBlock: () => true }).verdict).toBe('none');
  });

  test('witnesses that nothing reaches are told', () => {
    const report = check({ ...dekker(true), sometimes: { never: () => false, ever: () => true } });
    expect(report.witnesses).toEqual([
      { name: 'never', reached: false },
      { name: 'ever', reached: true },
    ]);
  });
});

describe('limits are told, and nothing limited is complete', () => {
  const endless: Model<null> = {
    name: 'endless',
    setup(world) {
      const word = new SharedWord('word');
      world.task(
        0,
        'P0',
        (function* () {
          for (;;) yield word.read;
        })(),
      );
      return null;
    },
  };

  test.each<Strategy>([
    { kind: 'dfs' },
    { kind: 'dpor' },
    { kind: 'random', seed: 1, executions: 1 },
    { kind: 'pct', depth: 2, seed: 1, executions: 1 },
  ])('of steps: $kind', (strategy) => {
    const { complete, limits, depth } = check(endless, { maxSteps: 10, strategy });
    expect(complete).toBe(false);
    expect(limits).toContain('1 execution cut at 10 steps');
    expect(depth).toBe(10);
  });

  test('of the look for a minimal interleaving: then any is shown, and said not to be known as minimal', () => {
    const report = check(counterModel(false, 3), { minimiseExecutions: 2 });
    expect(report.verdict).toBe('found');
    expect(report.violations[0].minimal).toBe(false);
    expect(violationText(report.violations[0])).toContain('An interleaving (not known to be minimal):');
    expect(check(counterModel(false, 3), { minimiseExecutions: 0 }).violations[0].minimal).toBe(false);
  });

  test('one execution is enough to look for a minimal interleaving where each breaks something', () => {
    const model = { ...counterModel(true), finally: { 'nothing holds': () => false } };
    expect(minimalViolation(model, { minimiseExecutions: 1 })?.property).toBe('nothing holds');
    expect(minimalViolation(model, { minimiseExecutions: 0 })).toBeUndefined();
  });

  test('of executions', () => {
    const options = { strategy: { kind: 'dfs' }, maxExecutions: 3 } as const;
    expect(check(counterModel(true, 3), options)).toMatchObject({
      complete: false,
      executions: 3,
      limits: ['stopped after 3 executions'],
    });
  });

  test('of preemptions', () => {
    const bounded = (preemptions: number): unknown => {
      const { verdict, complete, limits } = check(counterModel(false), {
        strategy: { kind: 'bounded', preemptions },
      });
      return { verdict, complete, limits };
    };
    expect(bounded(0)).toEqual({ verdict: 'none', complete: false, limits: ['at most 0 preemptions'] });
    expect(bounded(1)).toMatchObject({ verdict: 'found' });
    const { complete, limits } = check(counterModel(true), { strategy: { kind: 'bounded', preemptions: 9 } });
    expect({ complete, limits }).toEqual({ complete: true, limits: [] });
  });

  test('of preemptions and stores that reach memory late, which count as much', () => {
    const bounded = (preemptions: number): unknown[] =>
      (
        exploreShard(storeBuffering.model, {
          memory: 'tso',
          strategy: { kind: 'bounded', preemptions },
          stopAtFirst: false,
        }).outcomes ?? []
      ).map(({ outcome }) => outcome);
    const { sc, tso } = storeBuffering.outcomes;
    const late = tso.filter((outcome) => !sc.includes(outcome));
    expect(late).toEqual(['00']);
    expect(bounded(0)).not.toContain('00');
    expect(bounded(4)).toEqual(tso);
  });

  test('plain search begins with whoever has moved last, as far as that can go on', () => {
    const done: string[] = [];
    const model: Model<string[]> = {
      name: 'waiter and waker',
      setup(world) {
        const log: string[] = [];
        const write = writer(log, new SharedWord('log'));
        const event = new Completion('event');
        world.task(
          0,
          'waiter',
          (function* () {
            yield* event.wait();
            yield* write('w');
          })(),
        );
        world.task(
          1,
          'waker',
          (function* () {
            yield* write('a');
            event.complete();
            yield* write('bc');
          })(),
        );
        return log;
      },
      finally: {
        noted: (log) => {
          done.push(log.join(''));
          return true;
        },
      },
    };
    check(model, { strategy: { kind: 'dfs' }, maxExecutions: 2 });
    expect(done).toEqual(['abcw', 'abwc']);
  });

  test('on request, with progress on the way', () => {
    let ms = 0;
    const seen: unknown[] = [];
    const report = check(counterModel(false, 5), {
      strategy: { kind: 'dfs' },
      stopAtFirst: false,
      minimiseExecutions: 0,
      nowMs: () => (ms += 500),
      onProgress: (progress) => seen.push(progress),
      shouldStop: () => seen.length === 2,
    });
    expect(report.limits).toEqual(['stopped on request']);
    expect(report.executions).toBe(2048);
    expect(seen).toMatchObject([
      { executions: 1024, seconds: 0.5 },
      { executions: 2048, seconds: 1 },
    ]);
    expect(report.seconds).toBe(2);
  });

  test('a random sample never is', () => {
    const { complete, limits } = check(counterModel(true), {
      strategy: { kind: 'random', seed: 7, executions: 50 },
    });
    expect({ complete, limits }).toEqual({ complete: false, limits: ['a random sample of 50 executions'] });
  });
});

describe('the minimal interleaving', () => {
  const strategies: readonly Strategy[] = [
    { kind: 'dfs' },
    { kind: 'dpor' },
    { kind: 'bounded', preemptions: 3 },
    { kind: 'random', seed: 3, executions: 500 },
    { kind: 'pct', depth: 3, seed: 3, executions: 500 },
  ];

  test.each(strategies)('is the same whatever found the violation: $kind', (strategy) => {
    const { violations } = check(dekker(false), { strategy, memory: 'tso' });
    expect(violations).toHaveLength(1);
    expect(violationText(violations[0])).toBe(
      [
        'at most one is inside: at most one is inside does not hold',
        'A minimal interleaving:',
        '',
        '#  CPU 0                           CPU 1',
        '-  ------------------------------  ------------------------------',
        '1  P0: write flag0 = 1 (buffered)',
        '2  P0: read flag1 = 0 <== decides',
        '3                                  P1: write flag1 = 1',
        '4                                  P1: read flag0 = 0 <== decides',
        '5  flush flag0 = 1',
        '',
      ].join('\n'),
    );
  });

  test('has one preemption for a lost update, and marks the reads that were too early', () => {
    const [violation] = check(counterModel(false)).violations;
    expect(laneTable(violation.trace)).toBe(
      [
        '#  CPU 0                           CPU 1',
        '-  ------------------------------  ------------------------------',
        '1  P0: read count = 0 <== decides',
        '2                                  P1: read count = 0 <== decides',
        '3                                  P1: write count = 1',
        '4  P0: write count = 1',
      ].join('\n'),
    );
  });

  test('of a deadlock ends where nothing can go on', () => {
    const [violation] = check(twoLocks(false)).violations;
    expect(violation.trace.steps.map(({ context, action }) => `${context} ${action}`)).toEqual([
      'P0 acquire a',
      'P1 acquire b',
    ]);
  });
});

test('a barrier keeps nothing but its own CPU waiting', () => {
  const found = orders((world) => {
    const log: string[] = [];
    const word = new SharedWord('log');
    world.task(
      0,
      'P0',
      (function* () {
        yield memoryBarrier;
        yield* writer(log, word)('a');
      })(),
    );
    world.task(1, 'P1', writer(log, word)('b'));
    return { log };
  });
  expect(found).toEqual(['ab', 'ba']);
});

test('a report is plain data', () => {
  const report = check(dekker(false), { memory: 'tso', stopAtFirst: false });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('who raises an interrupt or schedules a tasklet can see whether it is pending', () => {
  const seen: boolean[] = [];
  check({
    name: 'pending',
    setup(world) {
      const tasklet = world.tasklet(0, 'tasklet', () => sleepless());
      const irq = world.interrupt(0, 'irq', () => sleepless());
      seen.push(tasklet.isScheduled, irq.isPending);
      tasklet.schedule();
      irq.raise();
      seen.push(tasklet.isScheduled, irq.isPending);
      return null;
    },
  });
  expect(seen.slice(0, 4)).toEqual([false, false, true, true]);
});

function* sleepless(): Procedure<void> {
  yield new SharedWord('word').read;
}
