import { expect, test } from '@jest/globals';
import { Execution } from '../../../src/explore/execution/execution.js';
import type { Model } from '../../../src/explore/model.js';
import { markDecisiveReads } from '../../../src/explore/report/decisive.js';
import { recordTrace } from '../../../src/explore/report/recorder.js';
import { Completion } from '../../../src/machine/completion.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import type { Procedure } from '../../../src/machine/step.js';

interface Seen {
  isLate: boolean;
  isRight: boolean;
}

/** The reader is right if the writer came before it, and the late one behind it. */
const model: Model<Seen> = {
  name: 'reader',
  setup(world) {
    const [x, z] = [new MemoryWord('x'), new MemoryWord('z')];
    const seen: Seen = { isLate: false, isRight: false };
    const late = function* (): Procedure<void> {
      yield z.write;
      seen.isLate = true;
    };
    const reader = function* (): Procedure<void> {
      yield x.read;
      seen.isRight = x.load() === 1 && !seen.isLate;
    };
    const writer = function* (): Procedure<void> {
      yield x.write;
      x.store(1);
    };
    for (const [cpu, proc] of [late, reader, writer].entries()) world.task(cpu, proc.name, proc());
    return seen;
  },
  finally: { right: ({ isRight }) => isRight },
};

/** The waiter is right if it goes on before the other one moves. */
const waiting: Model<Seen> = {
  name: 'waiter',
  setup(world) {
    const [x, z] = [new MemoryWord('x'), new MemoryWord('z')];
    const event = new Completion('event');
    const seen: Seen = { isLate: false, isRight: false };
    const waker = function* (): Procedure<void> {
      yield x.write;
      event.complete();
    };
    const waiter = function* (): Procedure<void> {
      yield* event.wait();
      seen.isRight = !seen.isLate;
    };
    const other = function* (): Procedure<void> {
      yield z.write;
      seen.isLate = true;
    };
    for (const [cpu, proc] of [waker, waiter, other].entries()) world.task(cpu, proc.name, proc());
    return seen;
  },
  finally: { right: ({ isRight }) => isRight },
};

/** The steps of the path, by their contexts, that are marked. */
function decisive(path: readonly number[], of = model): string[] {
  const execution = new Execution(of, 'sc');
  const close = execution.open();
  try {
    const finding = { kind: 'finally', property: 'right', message: 'right does not hold' } as const;
    const { steps } = markDecisiveReads(execution, finding, path, recordTrace(execution, path));
    return steps.filter((step) => step.decisive === true).map(({ context }) => context);
  } finally {
    close();
  }
}

test('a read is decisive where it and the write in the other order, all else as it was, break nothing', () => {
  expect(decisive([1, 2, 0])).toEqual(['reader']);
});

test('else the last step in whose place another one would have broken nothing', () => {
  expect(decisive([2, 0, 1])).toEqual(['late']);
});

test('in whose place one could have moved that nothing had kept waiting any more', () => {
  expect(decisive([0, 2, 1], waiting)).toEqual(['other']);
});

test('else the one with which it broke', () => {
  expect(decisive([0, 1, 2])).toEqual(['writer']);
});
