import { expect, test } from '@jest/globals';
import { sleep } from '../../src/machine/completion.js';
import { Machine } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import { type Work, Workqueue } from '../../src/machine/workqueue.js';

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
