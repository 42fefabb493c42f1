import { beforeAll, describe, expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { Model } from '../../../src/explore/model.js';
import type { ExploreOptions } from '../../../src/explore/options.js';
import { unannouncedText } from '../../../src/explore/report/unannounced.js';
import type { Report } from '../../../src/explore/report/report.js';
import { NotInstrumentedError } from '../../../src/explore/sanitize/sanitized-execution.js';
import { type Instrumented, instrumented } from './instrumented.js';

// What two contexts share, each in a step that names something of its own.

const models = `
import type { Model, World } from '../../../src/explore/model.js';
import { Completion, sleep } from '../../../src/machine/completion.js';
import { zeroedWords } from '../../../src/lib/zeroed-words.js';
import { Lock } from '../../../src/machine/lock.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import { SharedCounter, SharedVar } from '../../../src/machine/shared-var.js';
import type { Procedure, Step } from '../../../src/machine/step.js';

function* doing(step: Step, act: () => void): Procedure<void> {
  yield step;
  act();
}

function two(name: string, make: (world: World) => readonly [() => void, () => void]): Model<undefined> {
  return {
    name,
    setup(world) {
      const [p, q] = make(world);
      world.task(0, 'P', doing(new MemoryWord('p').read, p));
      world.task(1, 'Q', doing(new MemoryWord('q').read, q));
      return undefined;
    },
    mayBlock: () => true,
  };
}

class Plain {
  count = 0;
  other = 0;
  readonly list: number[] = [];
  readonly entries = new Map<string, number>();
  readonly bytes = new Uint8Array(8);
  readonly word = new MemoryWord('word of it');
  up(): void { this.count += 1; }
}

/** Models with the place that must be found in each; undefined: none. */
export const cases: Record<string, readonly [Model<undefined>, string | undefined]> = {
  'a field that one writes and one reads': [two('field', () => { const x = new Plain(); return [() => { x.count = 1; }, () => x.count]; }), 'Plain.count'],
  'a count that both raise and nobody looks at': [two('count', () => { const x = new Plain(); return [() => x.up(), () => x.up()]; }), 'Plain.count'],
  'a field that both read': [two('reads', () => { const x = new Plain(); return [() => x.count, () => x.count]; }), undefined],
  'different fields': [two('fields', () => { const x = new Plain(); return [() => { x.count = 1; }, () => { x.other = 1; }]; }), undefined],
  'different objects': [two('objects', () => { const x = new Plain(); const y = new Plain(); return [() => x.up(), () => y.up()]; }), undefined],
  'the order of a list': [two('list', () => { const x = new Plain(); return [() => x.list.push(1), () => x.list.push(2)]; }), 'Plain.list.length'],
  'an element and the whole': [two('element', () => { const x = new Plain(); x.list.push(1); return [() => { x.list[0] = 2; }, () => x.list.includes(2)]; }), 'Plain.list[0]'],
  'an entry of a map': [two('entry', () => { const x = new Plain(); return [() => x.entries.set('k', 1), () => x.entries.get('k')]; }), 'Plain.entries, entry k'],
  'different entries that were there': [two('entries', () => { const x = new Plain(); x.entries.set('a', 1).set('b', 1); return [() => x.entries.set('a', 2), () => x.entries.get('b')]; }), undefined],
  'two views of one memory': [two('views', () => { const x = new Plain(); const view = new DataView(x.bytes.buffer); return [() => view.setUint16(2, 1), () => x.bytes[3]]; }), 'byte 3'],
  'arrays beside each other in memory': [two('beside', () => { const x = zeroedWords(4); const y = zeroedWords(4); return [() => { x[3] = 1; }, () => { y[0] = 1; }]; }), undefined],
  'an array that has others beside it': [two('array', () => { zeroedWords(4); const x = { flags: zeroedWords(4) }; return [() => { x.flags[1] = 1; }, () => x.flags[1]]; }), 'Object.flags, byte 4'],
  'a variable of the setup': [two('variable', () => { let seen = 0; return [() => { seen += 1; }, () => { seen += 1; }]; }), 'variable seen'],
  'a variable of each context': [two('own variable', () => { const make = () => { let seen = 0; return () => { seen += 1; }; }; return [make(), make()]; }), undefined],
  'a SharedCounter': [two('counter', () => { const n = new SharedCounter('n'); return [() => n.add(1), () => n.add(1)]; }), undefined],
  'a SharedVar': [two('var', () => { const v = new SharedVar('v', 0); return [() => v.set(1), () => v.get()]; }), undefined],
  'a field behind a lock': [locked('locked', true), undefined],
  'a field behind a lock that one forgets': [locked('unlocked', false), 'Plain.count'],
  'what was written before complete': [handedOver(), undefined],
  'what one announces and the other forgets': [two('half', () => { const x = new Plain(); return [() => { x.word.announce(); x.count = 1; }, () => x.count]; }), 'Plain.count'],
  'memory made of a started context': [spawned(), undefined],
  'what was written before time passed': [later('virtual'), undefined],
  'what was written before somebody who sleeps as long as it likes': [later('any'), 'Plain.count'],
  'what a property looks at, and watches names': [watched('named', true), undefined],
  'what a property looks at, and watches does not name': [watched('not named', false), 'Plain.count'],
};

function watched(name: string, isNamed: boolean): Model<undefined> {
  const model: Model<Plain> = {
    name,
    setup(world) {
      const x = new Plain();
      world.task(0, 'P', doing(new MemoryWord('p').write, () => { if (isNamed) x.word.announce(); x.count += 1; }));
      world.task(1, 'Q', doing(new MemoryWord('q').write, () => {}));
      return x;
    },
    always: { small: (x) => x.count < 3 },
    watches: (x) => [x.word],
  };
  return model as unknown as Model<undefined>;
}

function locked(name: string, both: boolean): Model<undefined> {
  return {
    name,
    setup(world) {
      const x = new Plain();
      const lock = new Lock('lock');
      const side = function* (locks: boolean): Procedure<void> {
        yield new MemoryWord('own').read;
        if (locks) yield* lock.lock();
        x.up();
        if (locks) yield* lock.unlock();
      };
      world.task(0, 'P', side(true));
      world.task(1, 'Q', side(both));
      return undefined;
    },
  };
}

function handedOver(): Model<undefined> {
  return {
    name: 'handed over',
    setup(world) {
      const x = new Plain();
      const done = new Completion('done');
      world.task(0, 'P', doing(new MemoryWord('own').read, () => { x.count = 1; done.complete(); }));
      world.task(1, 'Q', (function* () { yield* done.wait(); x.count += 1; })());
      return undefined;
    },
  };
}

function later(time: 'virtual' | 'any'): Model<undefined> {
  return {
    name: 'later',
    setup(world) {
      const x = new Plain();
      world.task(0, 'P', doing(new MemoryWord('own').read, () => { x.count = 1; }), { time });
      world.task(1, 'Q', (function* () { yield* sleep(10); x.count += 1; })(), { time });
      return undefined;
    },
  };
}

function spawned(): Model<undefined> {
  return {
    name: 'spawned',
    setup(world) {
      world.task(0, 'P', doing(new MemoryWord('own').read, () => {
        const x = new Plain();
        x.up();
        world.task(1, 'Q', doing(new MemoryWord('other').read, () => x.up()));
      }));
      return undefined;
    },
  };
}
`;

let loaded: Instrumented;
let cases: Record<string, readonly [Model<unknown>, string | undefined]>;

beforeAll(async () => {
  loaded = await instrumented({ own: models });
  cases = loaded.own.cases as typeof cases;
});

function sanitized(name: string, options: ExploreOptions = {}): Report {
  return loaded.check(cases[name][0], { sanitize: true, ...options });
}

const names = [...models.matchAll(/^ {2}'(.*)': \[/gm)].map(([, name]) => name);

test.each(names)('%s', (name) => {
  const [, location] = cases[name];
  const { unannounced = [], complete, verdict } = sanitized(name);
  expect(unannounced.map((finding) => finding.location)).toEqual(
    location === undefined ? [] : [expect.stringContaining(location)],
  );
  expect({ complete, verdict }).toEqual({ complete: location === undefined, verdict: 'none' });
});

describe.each(['dfs', 'bounded', 'random'] as const)('%s', (kind) => {
  test.each(names)('%s', (name) => {
    const strategy = { kind, preemptions: 2, seed: 1, executions: 20 } as const;
    const found = (sanitized(name, { strategy }).unannounced ?? []).length > 0;
    expect(found).toBe(cases[name][1] !== undefined);
  });
});

test('a report says where, what, and which step should have announced it', () => {
  const [finding] = sanitized('what one announces and the other forgets').unannounced ?? [];
  const text = unannouncedText(finding).replace(/own\.ts:\d+/g, 'own.ts:N');
  expect(text).toContain(
    '"word of it" stands for it: "read q" of Q must announce it (yield its step, or announceRead())',
  );
  expect(text).toMatch(/^BUG: unannounced access in /);
  expect(text).toContain('read by Q on CPU 1, in its step "read q":');
  expect(text).toContain('write by P on CPU 0, in its step "read p":');
  expect(text).toContain('the step announces: read p, write word of it');
  expect(text).toContain('own.ts:N');
});

test('a word that watches must name is asked for where a property looks', () => {
  const [finding] = sanitized('what a property looks at, and watches does not name').unannounced ?? [];
  expect(unannouncedText(finding)).toContain(
    '`watches` must name a word that the step announces where it changes this',
  );
});

test('code that was loaded as it is cannot be sanitized', () => {
  const act = () => check(cases['a SharedCounter'][0], { sanitize: true });
  expect(act).toThrow(NotInstrumentedError);
  expect(act).toThrow('run it with irqlab explore --sanitize, or as node --import irqlab/sanitize FILE');
});

test('a report without sanitize has no such part', () => {
  expect(loaded.check(cases['a SharedCounter'][0])).not.toHaveProperty('unannounced');
});
