import { expect, test } from '@jest/globals';
import { sleep } from '../../src/machine/completion.js';
import { HungError } from '../../src/machine/hung.js';
import { Machine } from '../../src/machine/machine.js';
import { RwSemaphore } from '../../src/machine/rw-semaphore.js';
import type { Procedure } from '../../src/machine/step.js';

const machine = new Machine({ present: 2 });
const semaphore = new RwSemaphore('cpu_hotplug_lock');
const trace: string[] = [];

function* reader(name: string, ns: number): Procedure<void> {
  yield* semaphore.readLock();
  trace.push(`>${name}`);
  yield* sleep(ns);
  trace.push(`<${name}`);
  yield* semaphore.readUnlock();
}

function* writer(): Procedure<void> {
  yield* semaphore.writeLock();
  trace.push('>writer');
  yield* sleep(10);
  trace.push('<writer');
  yield* semaphore.writeUnlock();
}

test('readers go together; a writer waits for them, and readers that come later wait for it', () => {
  machine.spawn('a', reader('a', 10));
  machine.spawn('b', reader('b', 20));
  machine.spawn('writer', writer());
  machine.spawn('c', reader('c', 0));
  machine.elapse(100);
  expect(trace).toEqual(['>a', '>b', '<a', '<b', '>writer', '<writer', '>c', '<c']);
});

test('a reader that reads again while a writer waits waits for ever', () => {
  const again = function* (): Procedure<void> {
    yield* semaphore.readLock();
    machine.spawn('writer', writer());
    yield* sleep(10);
    yield* semaphore.readLock();
  };
  expect(() => machine.run('reader', again())).toThrow(HungError);
});

test('what is not held cannot be given back', () => {
  const free = new RwSemaphore('free');
  expect(() => machine.run('unlock', free.readUnlock())).toThrow('nobody reads');
  expect(() => machine.run('unlock', free.writeUnlock())).toThrow('without a writer');
});
