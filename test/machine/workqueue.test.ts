import { expect, test } from '@jest/globals';
import { Completion, sleep } from '../../src/machine/completion.js';
import { HungError } from '../../src/machine/hung.js';
import { Lock } from '../../src/machine/lock.js';
import { Machine } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import { systemWq, type Work, WorkItem, Workqueue } from '../../src/machine/workqueue.js';

class Lab {
  readonly machine = new Machine({ present: 3 });
  readonly queue = new Workqueue(this.machine, 'ordered');
  readonly trace: string[] = [];

  work(name: string, ns = 0, more: () => void = () => {}): Work {
    const { machine, trace } = this;
    return function* (): Procedure<void> {
      trace.push(`>${name} on ${machine.thisCpu}`);
      more();
      if (ns > 0) yield* sleep(ns);
      trace.push(`<${name}`);
    };
  }
}

test('works run one after another in the order they were queued, though they sleep', () => {
  const lab = new Lab();
  const { machine, queue, trace } = lab;
  queue.queue(lab.work('a', 30));
  queue.queue(lab.work('b', 10));
  queue.queue(lab.work('c'));
  expect(queue.isIdle).toBe(false);
  machine.elapse(30);
  expect(trace.splice(0)).toEqual(['>a on 0', '<a', '>b on 0']);
  expect(queue.isIdle).toBe(false);
  machine.elapse(10);
  expect(trace.splice(0)).toEqual(['<b', '>c on 0', '<c']);
  expect(queue.isIdle).toBe(true);
  expect(machine.liveTasks).toBe(0);
});

test('each work runs on the CPU it was queued for, and the order stays', () => {
  const lab = new Lab();
  for (const [i, cpu] of [1, 1, 0, 2, 1].entries()) lab.queue.queue(lab.work(String(i), 5), cpu);
  lab.machine.elapse(100);
  const begins = lab.trace.filter((line) => line.startsWith('>'));
  expect(begins).toEqual(['>0 on 1', '>1 on 1', '>2 on 0', '>3 on 2', '>4 on 1']);
  expect(lab.trace.map((line) => line[1])).toEqual([...'0011223344']);
});

test('what a work queues runs after those that wait', () => {
  const lab = new Lab();
  const { queue } = lab;
  queue.queue(lab.work('a', 0, () => queue.queue(lab.work('c'))));
  queue.queue(lab.work('b'));
  lab.machine.settle();
  expect(lab.trace.filter((line) => line.startsWith('>'))).toEqual(['>a on 0', '>b on 0', '>c on 0']);
  queue.queue(lab.work('d'), 2);
  lab.machine.settle();
  expect(lab.trace.slice(-2)).toEqual(['>d on 2', '<d']);
});

test('max_active works run beside each other on each CPU; those behind them wait', () => {
  const lab = new Lab();
  const { machine, trace } = lab;
  const queue = new Workqueue(machine, 'bound', { maxActive: 2 });
  for (const name of ['a', 'b', 'c']) queue.queue(lab.work(name, 10), 1);
  queue.queue(lab.work('d', 10), 2);
  machine.elapse(5);
  expect(trace.splice(0)).toEqual(['>a on 1', '>b on 1', '>d on 2']);
  machine.elapse(5);
  expect(trace).toContain('>c on 1');
  expect(queue.isIdle).toBe(false);
  machine.elapse(10);
  expect(queue.isIdle).toBe(true);
  expect(machine.liveTasks).toBe(0);
});

test('max_active 1: what a work waits for must not come behind it in its queue', () => {
  const lab = new Lab();
  const { machine } = lab;
  const done = new Completion('done');
  const waits: Work = () => done.wait();
  const completes: Work = function* () {
    done.complete();
  };
  for (const [maxActive, hangs] of [
    [1, true],
    [2, false],
  ] as const) {
    const queue = new Workqueue(machine, `max_active ${maxActive}`, { maxActive });
    queue.queue(waits);
    queue.queue(completes);
    const drain = (): void => machine.run('drain', queue.drained());
    if (hangs) expect(drain).toThrow(HungError);
    else expect(drain).not.toThrow();
  }
  expect(() => new Workqueue(machine, 'none', { maxActive: 0 })).toThrow(RangeError);
});

test('an item that is queued is not queued again; one that runs is, and runs afterwards on its CPU', () => {
  const lab = new Lab();
  const { machine, trace } = lab;
  const queue = systemWq(machine);
  expect(systemWq(machine)).toBe(queue);
  const item = new WorkItem('item', lab.work('item', 10));
  expect([queue.queue(item, 1), queue.queue(item, 1)]).toEqual([true, false]);
  machine.settle();
  expect(item.isPending).toBe(false);
  expect([queue.queue(item, 2), queue.queue(item, 2)]).toEqual([true, false]);
  machine.elapse(5);
  expect(trace).toEqual(['>item on 1']);
  machine.elapse(100);
  expect(trace).toEqual(['>item on 1', '<item', '>item on 1', '<item']);
  expect(queue.isIdle).toBe(true);
});

test('flush_work waits for the run that is queued, cancel_work_sync takes it back', () => {
  const lab = new Lab();
  const { machine, queue, trace } = lab;
  const item = new WorkItem('item', lab.work('item', 10));
  machine.run('flush of nothing', queue.flush(item));
  expect(machine.clock.now).toBe(0);
  queue.queue(lab.work('before', 10));
  queue.queue(item);
  machine.run('flush', queue.flush(item));
  expect(machine.clock.now).toBe(20);
  queue.queue(item);
  expect(machine.run('cancel', queue.cancelSync(item))).toBe(false);
  expect(machine.clock.now).toBe(30);
  trace.splice(0);
  queue.queue(lab.work('before', 10));
  queue.queue(item);
  expect(machine.run('cancel', queue.cancelSync(item))).toBe(true);
  machine.run('drain', queue.drained());
  expect(trace).toEqual(['>before on 0', '<before']);
  expect(queue.queue(item)).toBe(true);
});

test('a work is not queued while somebody takes it back', () => {
  const lab = new Lab();
  const { machine, queue } = lab;
  const item: WorkItem = new WorkItem(
    'item',
    lab.work('item', 10, () => queue.queue(item)),
  );
  queue.queue(item);
  machine.settle();
  expect(item.isPending).toBe(true);
  expect(machine.run('cancel', queue.cancelSync(item))).toBe(true);
  machine.elapse(100);
  expect(lab.trace).toEqual(['>item on 0', '<item']);
});

test('cancel_work_sync with the lock that the work waits for hangs; a work that only tries for it is taken back', () => {
  const lab = new Lab();
  const { machine } = lab;
  for (const tries of [false, true]) {
    const queue = systemWq(machine);
    const lock = new Lock('rtnl_mutex');
    const item: WorkItem = new WorkItem('item', function* (): Procedure<void> {
      if (!tries) yield* lock.lock();
      else if (!(yield* lock.tryLock())) {
        queue.queue(item, 0, { gate: lock });
        return;
      }
      lab.trace.push('has the lock');
      yield* lock.unlock();
    });
    const cancels = function* (): Procedure<boolean> {
      yield* lock.lock();
      queue.queue(item);
      yield* sleep(10);
      const was = yield* queue.cancelSync(item);
      yield* lock.unlock();
      return was;
    };
    if (!tries) expect(() => machine.run('remove', cancels())).toThrow(HungError);
    else {
      expect(machine.run('remove', cancels())).toBe(true);
      machine.settle();
      expect(lab.trace).toEqual([]);
      queue.queue(item);
      machine.settle();
      expect(lab.trace).toEqual(['has the lock']);
    }
  }
});
