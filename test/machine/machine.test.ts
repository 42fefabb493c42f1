import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ErrnoError } from '../../src/lib/errno.js';
import { Completion, sleep, WaitQueue } from '../../src/machine/completion.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import { Lock } from '../../src/machine/lock.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import { type Procedure, runAtomic } from '../../src/machine/step.js';
import type { Task } from '../../src/machine/task.js';
import { flatTopology } from '../../src/machine/topology.js';

function lab(): { machine: Machine; trace: string[]; note: (text: string) => void } {
  const machine = new Machine({ present: 2 });
  const trace: string[] = [];
  return { machine, trace, note: (text) => void trace.push(`${text}@${machine.clock.now}`) };
}

describe('a machine', () => {
  test.each<[string, MachineOptions]>([
    ['no CPU', { present: 0 }],
    ['half a CPU', { present: 1.5 }],
    ['more present than possible', { present: 4, possible: 2 }],
    ['an online CPU that is not present', { present: 2, possible: 4, online: [3] }],
    ['an online CPU that is not possible', { present: 2, online: [0, 2] }],
    ['an isolated CPU that is not possible', { present: 2, isolated: [2] }],
    ['a topology of another machine', { present: 2, topology: flatTopology(4) }],
  ])('%s is refused', (_, options) => {
    expect(() => new Machine(options)).toThrow(RangeError);
  });

  test('knows possible, present and online CPUs', () => {
    const machine = new Machine({ present: 3, possible: 5, online: [0, 2] });
    expect([[...machine.possible], [...machine.present], [...machine.online]]).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2],
      [0, 2],
    ]);
    expect(machine.cpus.map((cpu) => cpu.online)).toEqual([true, false, true, false, false]);
    expect(() => machine.cpu(5)).toThrow('there is no CPU 5: this machine has CPUs 0-4');
  });
});

describe('tasks', () => {
  test('they run in the order they were started, each to where it waits', () => {
    const { machine, trace, note } = lab();
    const task = function* (name: string): Procedure<void> {
      note(`${name}1`);
      yield* sleep(10);
      note(`${name}2`);
    };
    machine.spawn('a', task('a'));
    machine.spawn('b', task('b'));
    machine.settle();
    expect(trace).toEqual(['a1@0', 'b1@0']);
    expect(machine.liveTasks).toBe(2);
    machine.elapse(10);
    expect(trace).toEqual(['a1@0', 'b1@0', 'a2@10', 'b2@10']);
    expect(machine.liveTasks).toBe(0);
  });

  test('a task runs on its CPU; one whose CPU is offline on the first that is online', () => {
    const machine = new Machine({ present: 3 });
    const seen: number[] = [];
    const watch = function* (): Procedure<void> {
      seen.push(machine.thisCpu);
      yield* sleep(1000);
      seen.push(machine.thisCpu);
    };
    machine.spawn('bound', watch(), 2);
    machine.settle();
    machine.run('down', machine.hotplug.cpuDown(2));
    machine.elapse(1000);
    expect(seen).toEqual([2, 0]);
    expect(machine.thisCpu).toBe(0);
  });

  test('what a task starts runs when the task gives way, on the same CPU', () => {
    const { machine, trace, note } = lab();
    const child = function* (): Procedure<void> {
      note(`child on ${machine.thisCpu}`);
    };
    const parent = function* (): Procedure<void> {
      machine.spawn('child', child());
      note('parent');
      yield* sleep(0);
      note('parent again');
    };
    machine.run('parent', parent(), 1);
    expect(trace).toEqual(['parent@0', 'child on 1@0', 'parent again@0']);
  });

  test('run gives the result or the error, and the time it took has passed', () => {
    const { machine } = lab();
    const answer = function* (): Procedure<number> {
      yield* sleep(7);
      return 42;
    };
    const refusal = function* (): Procedure<number> {
      yield* sleep(3);
      throw new ErrnoError('EBUSY', 'no');
    };
    expect(machine.run('answer', answer())).toBe(42);
    expect(machine.clock.now).toBe(7);
    expect(() => machine.run('refusal', refusal())).toThrow(new ErrnoError('EBUSY', 'no'));
    expect([machine.clock.now, machine.liveTasks]).toEqual([10, 0]);
  });

  test('what cannot come any more is told by name', () => {
    const { machine } = lab();
    expect(() => machine.run('opener', new Completion('answer').wait())).toThrow(
      'opener waits for answer and nothing is left to happen',
    );
  });

  test('run inside a task is refused', () => {
    const { machine } = lab();
    const outer = function* (): Procedure<void> {
      machine.run('inner', sleep(1));
    };
    expect(() => machine.run('outer', outer())).toThrow('inner: called from within outer; use yield* there');
  });

  test('the error of a task that nobody waits for ends the run; the others go on with the next', () => {
    const { machine, trace, note } = lab();
    const bad = function* (): Procedure<void> {
      throw new TypeError('bad');
    };
    const good = function* (): Procedure<void> {
      note('good');
    };
    machine.spawn('bad', bad());
    machine.spawn('good', good());
    expect(() => machine.settle()).toThrow(new TypeError('bad'));
    expect(trace).toEqual([]);
    machine.settle();
    expect(trace).toEqual(['good@0']);
    expect(machine.liveTasks).toBe(0);
  });

  test('elapse stops at its end exactly, with all that happens up to then', () => {
    const { machine, trace, note } = lab();
    const ticker = function* (): Procedure<void> {
      for (let i = 0; i < 3; i++) {
        yield* sleep(10);
        note('tick');
      }
    };
    machine.spawn('ticker', ticker());
    machine.elapse(20);
    expect(trace).toEqual(['tick@10', 'tick@20']);
    machine.elapse(5);
    expect(machine.clock.now).toBe(25);
    for (const ns of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => machine.elapse(ns)).toThrow(RangeError);
    }
    expect(machine.clock.now).toBe(25);
  });

  test('a machine that is left with sleeping tasks is not remembered by others', () => {
    const { machine } = lab();
    const forever = sleep(1_000_000_000);
    const step = forever.next();
    machine.spawn('sleeper', sleep(1_000_000_000));
    machine.settle();
    expect(machine.liveTasks).toBe(1);
    expect(step.done === true ? undefined : step.value.object.waiters).toEqual([]);
  });

  test('sleepers wake by time, equal ones in the order they fell asleep', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { maxLength: 20 }), (delays) => {
        const { machine, trace, note } = lab();
        delays.forEach((ns, i) => {
          const task = function* (): Procedure<void> {
            yield* sleep(ns);
            note(String(i));
          };
          machine.spawn('sleeper', task());
        });
        machine.elapse(6);
        const expected = delays.map((ns, i) => ({ ns, text: `${i}@${ns}` })).sort((a, b) => a.ns - b.ns);
        expect(trace).toEqual(expected.map(({ text }) => text));
      }),
    );
  });
});

describe('completions', () => {
  test('complete lets one waiter go on, the eldest; complete_all every one, now and later', () => {
    const { machine, trace, note } = lab();
    const done = new Completion('done');
    const waiter = function* (name: string): Procedure<void> {
      yield* done.wait();
      note(name);
    };
    for (const name of ['a', 'b', 'c']) machine.spawn(name, waiter(name));
    machine.settle();
    done.complete();
    machine.settle();
    expect(trace).toEqual(['a@0']);
    expect(done.isDone).toBe(false);
    done.completeAll();
    machine.settle();
    machine.run('d', waiter('d'));
    expect(trace).toEqual(['a@0', 'b@0', 'c@0', 'd@0']);
    expect(done.isDone).toBe(true);
  });

  test('completions add up while nobody waits; reinit forgets them, complete_all too', () => {
    const { machine } = lab();
    const done = new Completion('done');
    const poll = (): boolean => machine.run('poll', done.waitTimeout(0));
    done.complete();
    done.complete();
    expect([poll(), poll(), poll()]).toEqual([true, true, false]);
    done.complete();
    done.reinit();
    expect(poll()).toBe(false);
    done.completeAll();
    done.complete();
    expect([poll(), poll()]).toEqual([true, true]);
    done.reinit();
    expect([done.isDone, poll()]).toEqual([false, false]);
  });

  test('a wait with a limit ends with the limit, and leaves nothing behind', () => {
    const { machine } = lab();
    const done = new Completion('done');
    expect(machine.run('wait', done.waitTimeout(50))).toBe(false);
    expect([machine.clock.now, machine.clock.pending, done.waiters.length]).toEqual([50, 0, 0]);
    done.complete();
    expect(done.isDone).toBe(true);
  });

  test('a wait that ends early takes its limit back', () => {
    const { machine } = lab();
    const done = new Completion('done');
    machine.clock.after(10, { fire: () => done.complete() });
    expect(machine.run('wait', done.waitTimeout(50))).toBe(true);
    expect([machine.clock.now, machine.clock.pending]).toEqual([10, 0]);
  });

  test.each([
    ['before', true],
    ['after', false],
  ])('complete at the very time of the limit, %s it', (order, expected) => {
    const { machine } = lab();
    const done = new Completion('done');
    const completeAt50 = (): void => machine.clock.after(50, { fire: () => done.complete() });
    if (order === 'before') completeAt50();
    const task = machine.spawn('wait', done.waitTimeout(50));
    machine.settle();
    if (order === 'after') completeAt50();
    machine.elapse(50);
    expect(task.result).toBe(expected);
    expect(done.isDone).toBe(!expected);
  });

  test('complete between the end of the limit and the task that looks is still taken', () => {
    const { machine } = lab();
    const done = new Completion('done');
    const task = machine.spawn('wait', done.waitTimeout(50));
    machine.settle();
    machine.clock.runNext();
    expect([machine.clock.now, task.state, task.timedOut]).toEqual([50, 'ready', true]);
    done.complete();
    machine.settle();
    expect([task.result, done.isDone]).toEqual([true, false]);
  });

  test('a waiter that finds it taken by another waits on, within its first limit', () => {
    const { machine, trace, note } = lab();
    const done = new Completion('done');
    const waiter = function* (name: string): Procedure<void> {
      note(`${name} ${yield* done.waitTimeout(30)}`);
    };
    machine.spawn('a', waiter('a'));
    machine.spawn('b', waiter('b'));
    machine.clock.after(20, { fire: () => done.complete() });
    machine.elapse(100);
    expect(trace).toEqual(['a true@20', 'b false@30']);
  });

  test('as many waits succeed as there were completions, the eldest first', () => {
    const plan = fc.record({ waiters: fc.nat(8), completions: fc.array(fc.nat(20), { maxLength: 10 }) });
    fc.assert(
      fc.property(plan, ({ waiters, completions }) => {
        const machine = new Machine({ present: 1 });
        const done = new Completion('done');
        const tasks = Array.from({ length: waiters }, () => machine.spawn('w', done.waitTimeout(20)));
        for (const at of completions) machine.clock.after(at, { fire: () => done.complete() });
        machine.elapse(40);
        // The limits were scheduled only when the tasks ran, so a completion at 20 comes first.
        const successes = Math.min(waiters, completions.length);
        expect(tasks.map((task) => task.result)).toEqual(tasks.map((_, i) => i < successes));
        for (let left = completions.length - successes; left > 0; left--) {
          expect(machine.run('left', done.waitTimeout(0))).toBe(true);
        }
        expect(done.isDone).toBe(false);
      }),
    );
  });
});

describe('wait queues', () => {
  test('a waiter goes on when its condition holds at a wake-up, not before', () => {
    const { machine } = lab();
    let value = 0;
    const queue = new WaitQueue('value', () => value >= 2);
    const task = machine.spawn('wait', queue.wait());
    machine.settle();
    for (const next of [1, 2]) {
      value = next;
      expect(task.state).toBe('blocked');
      queue.wakeUp();
      machine.settle();
    }
    expect(task.state).toBe('done');
  });

  test('a limit ends the wait; what holds at its end counts though nobody woke the waiter', () => {
    const { machine } = lab();
    let value = false;
    const queue = new WaitQueue('value', () => value);
    expect(machine.run('wait', queue.waitTimeout(5))).toBe(false);
    machine.clock.after(3, {
      fire: () => {
        value = true;
      },
    });
    expect(machine.run('wait', queue.waitTimeout(5))).toBe(true);
    expect(machine.clock.now).toBe(10);
  });
});

describe('locks', () => {
  test('one holder at a time, first come first served', () => {
    const { machine, trace, note } = lab();
    const lock = new Lock('lock');
    const holder = function* (name: string): Procedure<void> {
      yield* lock.lock();
      note(name);
      yield* sleep(10);
      yield* lock.unlock();
    };
    for (const name of ['a', 'b', 'c']) machine.spawn(name, holder(name));
    machine.elapse(100);
    expect(trace).toEqual(['a@0', 'b@10', 'c@20']);
    expect(lock.isHeld).toBe(false);
  });

  test('giving back what is not held is a defect', () => {
    const { machine } = lab();
    expect(() => machine.run('unlock', new Lock('lock').unlock())).toThrow(
      'unlock of a lock that is not held: lock=lock',
    );
  });
});

describe('atomic code', () => {
  test('runs what does not block', () => {
    const lock = new Lock('lock');
    const section = function* (): Procedure<string> {
      yield* lock.lock();
      yield* lock.unlock();
      return 'done';
    };
    expect(runAtomic(section())).toBe('done');
  });

  test('must not sleep, wait or take a lock that another holds', () => {
    const lock = new Lock('held');
    runAtomic(lock.lock());
    expect(() => runAtomic(lock.lock())).toThrow('scheduling while atomic: acquire of held');
    expect(() => runAtomic(sleep(0))).toThrow('scheduling while atomic: sleep of time');
    expect(() => runAtomic(new Completion('done').wait())).toThrow('scheduling while atomic: wait of done');
  });
});

describe('setCpusAllowed', () => {
  const cpus = (...list: number[]): CpuMask => CpuMask.of(4, list);

  /** Where a task of CPU 0 runs after each of the masks. */
  function path(masks: readonly CpuMask[], options: Partial<MachineOptions> = {}): number[] {
    const machine = new Machine({ present: 4, ...options });
    const seen: number[] = [];
    function* walk(): Procedure<void> {
      for (const mask of masks) {
        yield* machine.setCpusAllowed(task, mask);
        seen.push(machine.thisCpu);
        yield* sleep(10);
        seen.push(machine.thisCpu);
      }
    }
    const task: Task = machine.spawn('task', walk(), 0);
    machine.elapse(100);
    expect(machine.thisCpu).toBe(machine.online.first());
    return seen;
  }

  test('moves the task at once, and only if it must', () => {
    expect(path([cpus(2, 3), cpus(1, 2), cpus(1)])).toEqual([2, 2, 2, 2, 1, 1]);
  });

  test('not to a CPU that is offline; nowhere if there is none', () => {
    expect(path([cpus(1, 3), cpus(1), cpus()], { online: [0, 2, 3] })).toEqual([3, 3, 3, 3, 3, 3]);
  });
});
