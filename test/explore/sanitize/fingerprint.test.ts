import { beforeAll, expect, test } from '@jest/globals';
import type { Model } from '../../../src/explore/model.js';
import type { Strategy } from '../../../src/explore/options.js';
import { unannouncedText } from '../../../src/explore/report/unannounced.js';
import { type Instrumented, instrumented } from './instrumented.js';

// What states are told apart by must have all that contexts go by.

const models = `
import type { Model, PlainParts } from '../../../src/explore/model.js';
import { Lock } from '../../../src/machine/lock.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import { checkpoint, type Procedure } from '../../../src/machine/step.js';

class Plain {
  flag = 0;
  lost = false;
}

class State {
  readonly plain = new Plain();
  readonly mine = new Plain();
  readonly word = new MemoryWord('word');
}

function* behind(lock: Lock, act: () => void): Procedure<void> {
  yield* lock.lock();
  act();
  yield* lock.unlock();
}

/** One sets a flag and takes it back; the other goes by it. */
function flag(fingerprint?: (state: State) => PlainParts): Model<State> {
  return {
    name: 'flag',
    setup(world) {
      const state = new State();
      const lock = new Lock('lock');
      function* setter(): Procedure<void> {
        checkpoint('sets');
        yield* behind(lock, () => { state.plain.flag = 1; });
        checkpoint('takes back');
        yield* behind(lock, () => { state.plain.flag = 0; });
        checkpoint('end');
      }
      function* other(): Procedure<void> {
        let isSet = false;
        yield* behind(lock, () => { isSet = state.plain.flag === 1; });
        checkpoint('seen');
        yield state.word.update;
        if (isSet) state.word.add(1);
      }
      world.task(0, 'setter', setter());
      world.task(1, 'other', other());
      return state;
    },
    outcome: ({ word }) => word.value,
    ...(fingerprint && { fingerprint }),
  };
}

/** One keeps a count of its own over a checkpoint. */
function count(fingerprint: (state: State) => PlainParts): Model<State> {
  return {
    name: 'count',
    setup(world) {
      const state = new State();
      function* counts(): Procedure<void> {
        yield state.word.read;
        state.mine.flag = state.word.load();
        checkpoint('counted');
        yield state.word.update;
        state.word.add(state.mine.flag);
      }
      function* adds(): Procedure<void> {
        yield state.word.update;
        state.word.add(1);
      }
      world.task(0, 'counts', counts());
      world.task(1, 'adds', adds());
      return state;
    },
    outcome: ({ word }) => word.value,
    fingerprint,
  };
}

/** A variable of the setup that two contexts use behind a lock. */
function variable(): Model<MemoryWord> {
  return {
    name: 'variable',
    setup(world) {
      let seen = 0;
      const lock = new Lock('lock');
      const word = new MemoryWord('word');
      world.task(0, 'P', behind(lock, () => { seen = 1; }));
      world.task(1, 'Q', behind(lock, () => { if (seen === 1) lock.announceRead(); }));
      return word;
    },
  };
}

export const cases: Record<string, Model<never>> = {
  'a flag that is not in the fingerprint': flag(({ word }) => ({ shared: word })),
  'a flag that is one’s own there': flag(({ word, plain }) => ({ shared: word, own: { setter: plain } })),
  'a flag that is shared there': flag(({ word, plain }) => ({ shared: [word, plain] })),
  'a flag whose value is there': flag(({ word, plain }) => ({ shared: [word, plain.flag] })),
  'a flag without a fingerprint': flag(),
  'a count that is not in the fingerprint': count(({ word }) => ({ shared: word })),
  'a count that is one’s own there': count(({ word, mine }) => ({ shared: word, own: { counts: mine } })),
  'a variable of the setup': variable(),
} as Record<string, Model<never>>;
`;

let loaded: Instrumented;
let cases: Readonly<Record<string, Model<unknown>>>;

beforeAll(async () => {
  loaded = await instrumented({ own: models });
  cases = loaded.own.cases as typeof cases;
});

/** The places found, each once. */
function found(name: string, strategy: Strategy): readonly string[] {
  const { unannounced = [] } = loaded.exploreShard(cases[name], {
    strategy,
    stopAtFirst: false,
    sanitize: true,
  });
  const all = unannounced.map((one) => `${one.isUnseen === true ? 'unseen' : 'unannounced'} ${one.location}`);
  return [...new Set(all)];
}

const strategies: readonly Strategy[] = [{ kind: 'states' }, { kind: 'dpor' }];

test.each(strategies)('what decides and is not in the fingerprint is found, $kind', (strategy) => {
  expect(found('a flag that is not in the fingerprint', strategy)).toEqual(['unseen State.plain.flag']);
  expect(found('a flag that is one’s own there', strategy)).toEqual(['unseen State.plain.flag']);
  expect(found('a count that is not in the fingerprint', strategy)).toEqual(['unseen State.mine.flag']);
});

test.each(strategies)('what is in the fingerprint is not, $kind', (strategy) => {
  for (const name of [
    'a flag that is shared there',
    'a flag whose value is there',
    'a flag without a fingerprint',
    'a count that is one’s own there',
  ])
    expect([name, ...found(name, strategy)]).toEqual([name]);
});

test('a variable that nobody outside can look into is found where states are told apart without one', () => {
  expect(found('a variable of the setup', { kind: 'states' })).toEqual([
    expect.stringMatching(/^unseen .*seen/),
  ]);
  expect(found('a variable of the setup', { kind: 'dpor' })).toEqual([]);
});

test('without it, such a fingerprint has states taken for one that are not', () => {
  const outcomes = (name: string, strategy: Strategy): unknown =>
    loaded
      .exploreShard(cases[name], { strategy, stopAtFirst: false })
      .outcomes?.map(({ outcome }) => outcome);
  const hole = 'a count that is not in the fingerprint';
  expect(outcomes(hole, { kind: 'dpor' })).toEqual([1, 2]);
  expect(outcomes(hole, { kind: 'states' })).not.toEqual([1, 2]);
  expect(outcomes('a count that is one’s own there', { kind: 'states' })).toEqual([1, 2]);
});

test('it says what to do', () => {
  const { unannounced = [] } = loaded.exploreShard(cases['a flag that is not in the fingerprint'], {
    strategy: { kind: 'states' },
    sanitize: true,
  });
  expect(unannouncedText(unannounced[0])).toMatch(
    /^BUG: state outside the fingerprint in .*\n\nread by other on CPU 1, (?:.*\n)*location: .*\.flag\nthe model’s `fingerprint` must have this: in `shared`/,
  );
});
