import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MemoryModel, Model } from '../../../src/explore/model.js';
import { type Unannounced, unannouncedText } from '../../../src/explore/report/unannounced.js';
import type { Race } from '../../../src/races/race.js';
import { arbitraryPrograms, type programsModel } from '../programs.js';
import type { Litmus } from '../litmus.js';
import type { acts, beside } from './acts.js';
import { type Instrumented, instrumented } from './instrumented.js';
import { runs as runsOf } from '../../support/long.js';

// What announces all that it shares. EXPLORE_RUNS=2000 runs more random programs, and all pairs of acts.

const runs = Number(process.env.EXPLORE_RUNS ?? runsOf(60, 15));

interface Own {
  readonly acts: typeof acts;
  readonly beside: typeof beside;
  readonly programsModel: typeof programsModel;
  readonly litmusTests: readonly Litmus[];
  readonly ownRace: Race;
}

let loaded: Instrumented;
let own: Own;

beforeAll(async () => {
  loaded = await instrumented({
    own: `
      export * from './acts.js';
      export { default as ownRace } from '../../../examples/own-race/race.js';
      export { litmusTests } from '../litmus.js';
      export { programsModel } from '../programs.js';
    `,
  });
  own = loaded.own as unknown as Own;
});

function unannounced(
  model: Model<unknown>,
  memory: MemoryModel = 'sc',
  maxExecutions = 40,
): readonly Unannounced[] {
  const options = { memory, sanitize: true, stopAtFirst: false, maxExecutions, maxSteps: 200 };
  return loaded.exploreShard(model, options).unannounced ?? [];
}

/** A model of whatever state, which nobody here looks into. */
function forget<S>(model: Model<S>): Model<unknown> {
  return model as unknown as Model<unknown>;
}

/** Acts that cannot be beside themselves: one of the two is an error of its caller. */
const onlyOnce: readonly string[] = ['free the irq', 'list delete'];

const PARTS = 10;

test.each(Array.from({ length: PARTS }, (_, part) => part))(
  'acts of the kernel beside each other, part %i',
  (part) => {
    const names = Object.keys(own.acts);
    const reach = runs > 60 ? names.length : 4;
    const found = names.flatMap((one, at) => {
      if (at % PARTS !== part) return [];
      return names
        .slice(at, at + reach)
        .filter((two) => one !== two || !onlyOnce.includes(one))
        .flatMap((two) => unannounced(forget(own.beside(one, two)), 'sc', 15));
    });
    expect(found.map(unannouncedText)).toEqual([]);
  },
);

describe.each(['sc', 'tso'] as const)('%s', (memory) => {
  test('litmus tests', () => {
    const found = own.litmusTests.flatMap(({ model }) => unannounced(forget(model), memory));
    expect(found.map(unannouncedText)).toEqual([]);
  });

  test('the example', () => {
    const found = own.ownRace.variants.flatMap(({ model }) => unannounced(model(), memory));
    expect(found.map(unannouncedText)).toEqual([]);
  });

  test('random programs', () => {
    for (const programs of fc.sample(arbitraryPrograms, { numRuns: runs, seed: 7 })) {
      const found = unannounced(forget(own.programsModel(programs)), memory, 20);
      expect(found.map(unannouncedText)).toEqual([]);
    }
  });
});
