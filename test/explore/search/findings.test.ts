import { describe, expect, test } from '@jest/globals';
import { check, exploreShard, minimalViolation } from '../../../src/explore/explore.js';
import type { Model } from '../../../src/explore/model.js';
import type { Strategy } from '../../../src/explore/options.js';
import { replay } from '../../../src/explore/replay.js';
import { traceFileOf } from '../../../src/explore/report/trace-file.js';
import { Completion } from '../../../src/machine/completion.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import type { Procedure, Step } from '../../../src/machine/step.js';

// What breaks in an execution belongs to it and to those that share the steps up to there, not to its siblings.

const systematic: readonly Strategy[] = [
  { kind: 'dfs' },
  { kind: 'dpor' },
  { kind: 'bounded', preemptions: 9 },
];
const all: readonly Strategy[] = [...systematic, { kind: 'random', seed: 1, executions: 100 }];

function* doing(step: Step, act: () => void): Procedure<void> {
  yield step;
  act();
}

/** The step that breaks the property has siblings that do no harm. */
function culprit(): Model<{ bad: boolean }> {
  return {
    name: 'culprit',
    setup(world) {
      const [y, z] = [new MemoryWord('y'), new MemoryWord('z')];
      const state = { bad: false };
      world.task(
        0,
        'A',
        doing(y.write, () => y.store(1)),
      );
      world.task(
        1,
        'W',
        doing(
          y.readUntil((value) => value === 1),
          () => {
            state.bad = true;
          },
        ),
      );
      world.task(
        0,
        'B',
        doing(z.write, () => z.store(1)),
      );
      return state;
    },
    always: { 'never bad': (state) => !state.bad || 'W was here' },
  };
}

/** Two contexts, each of which breaks the same property in a way of its own. */
function everyOrder(): Model<MemoryWord> {
  return {
    name: 'every order',
    setup(world) {
      const x = new MemoryWord('x');
      world.task(
        0,
        'P',
        doing(x.update, () => x.add(10)),
      );
      world.task(
        1,
        'Q',
        doing(x.write, () => x.store(2)),
      );
      return x;
    },
    always: { small: (x) => x.value < 3 || `x is ${x.value}` },
  };
}

/** One execution breaks two properties, the second one only after the first. */
function twoProperties(): Model<MemoryWord> {
  return {
    name: 'two properties',
    setup(world) {
      const x = new MemoryWord('x');
      world.task(
        0,
        'P',
        doing(x.update, () => x.add(1)),
      );
      world.task(
        1,
        'Q',
        doing(x.update, () => x.add(1)),
      );
      return x;
    },
    always: {
      'x is 0': (x) => x.value === 0 || `x is ${x.value}`,
      'x is below 2': (x) => x.value < 2 || `x is ${x.value}`,
    },
    finally: { 'x ends odd': (x) => x.value % 2 === 1 || `x ends as ${x.value}` },
  };
}

/** Both contexts throw, so an execution has two errors. */
function twoErrors(): Model<MemoryWord> {
  const fail = (who: string) => () => {
    throw new Error(`${who} fails`);
  };
  return {
    name: 'two errors',
    setup(world) {
      const [x, y] = [new MemoryWord('x'), new MemoryWord('y')];
      world.task(0, 'P', doing(x.write, fail('P')));
      world.task(1, 'Q', doing(y.write, fail('Q')));
      return x;
    },
  };
}

/** An execution breaks a property on the way and ends in a deadlock; another one does neither. */
function brokenThenStuck(): Model<MemoryWord> {
  return {
    name: 'broken, then stuck',
    setup(world) {
      const x = new MemoryWord('x');
      const done = new Completion('done');
      world.task(
        0,
        'P',
        doing(x.write, () => x.store(1)),
      );
      world.task(
        1,
        'Q',
        (function* () {
          yield x.read;
          if (x.load() === 0) done.complete();
          else {
            yield x.write;
            x.store(5);
          }
          yield* done.wait();
        })(),
      );
      return x;
    },
    always: { 'x is below 5': (x) => x.value < 5 || 'x is 5' },
    outcome: (x) => x.value,
  };
}

/** The property is broken before the first step. */
function fromTheStart(): Model<MemoryWord> {
  return {
    ...everyOrder(),
    name: 'from the start',
    always: { negative: (x) => x.value < 0 || 'not negative' },
  };
}

interface Case {
  readonly model: Model<never>;
  readonly messages: readonly string[];
}

const cases: readonly Case[] = [
  { model: culprit() as Model<never>, messages: ['W was here'] },
  { model: everyOrder() as Model<never>, messages: ['x is 10', 'x is 12'] },
  { model: twoProperties() as Model<never>, messages: ['x ends as 2', 'x is 1', 'x is 2'] },
  { model: twoErrors() as Model<never>, messages: ['P fails', 'Q fails'] },
  { model: brokenThenStuck() as Model<never>, messages: ['Q (CPU 1) waits: wait of done', 'x is 5'] },
  { model: fromTheStart() as Model<never>, messages: ['not negative'] },
];

describe.each(cases)('$model.name', ({ model, messages }) => {
  test.each(all)(
    'all violations are found, once each, and each trace breaks what it says: $kind',
    (strategy) => {
      const report = exploreShard(model, { strategy, stopAtFirst: false });
      expect(report.violations.map(({ message }) => message).sort()).toEqual(messages);
      for (const violation of report.violations) {
        const again = replay(model, traceFileOf(report, violation));
        expect(again.divergence).toBeUndefined();
        expect(again.violation?.message).toBe(violation.message);
      }
    },
  );

  test.each(systematic)('what is called minimal breaks something: $kind', (strategy) => {
    const report = check(model, { strategy });
    const [violation] = report.violations;
    expect(replay(model, traceFileOf(report, violation)).divergence).toBeUndefined();
    expect(minimalViolation(model)?.minimal).toBe(true);
  });
});

test('asked for all violations, check leaves none out for the minimal one', () => {
  const { violations } = check(everyOrder(), { stopAtFirst: false });
  expect(violations.map(({ message, minimal }) => `${message} ${minimal}`)).toEqual([
    'x is 10 true',
    'x is 12 false',
  ]);
});

test('an outcome is not lost to the sibling of a step that broke something', () => {
  const { outcomes } = exploreShard(brokenThenStuck(), { strategy: { kind: 'dfs' }, stopAtFirst: false });
  expect(outcomes).toEqual([{ outcome: 1, count: 2 }]);
});

test('a model that does not do the same each time is told so, and shows no trace that breaks nothing', () => {
  let setups = 0;
  const model: Model<MemoryWord> = {
    ...everyOrder(),
    name: 'moody',
    always: { small: (x) => x.value < 3 || setups > 1 || `x is ${x.value}` },
    setup(world) {
      setups += 1;
      return everyOrder().setup(world);
    },
  };
  expect(() => exploreShard(model)).toThrow(
    'moody: a violation was found, but its trace breaks nothing, or something else, when it is run again: ' +
      'expected after 1 of 1 steps: always "small": x is 10; actual: no property is broken. ' +
      'A model must do the same in every execution',
  );
});
