import { afterEach, describe, expect, test } from '@jest/globals';
import { laneTable, violationText, wrapped } from '../../src/explore/report/lane-table.js';
import { conclusionOf } from '../../src/explore/report/conclusion.js';
import { violationMermaid } from '../../src/explore/report/mermaid.js';
import type { Trace, TraceStep, Violation } from '../../src/explore/report/report.js';
import { strategyText } from '../../src/explore/options.js';
import { sameFinding, sameProperty } from '../../src/explore/execution/judge.js';
import { isExempt } from '../../src/explore/sanitize/exemptions.js';
import { locationText } from '../../src/explore/sanitize/location-text.js';
import { type Conflict, Locations } from '../../src/explore/sanitize/locations.js';
import * as told from '../../src/explore/sanitize/recorder.js';
import { WHOLE } from '../../src/explore/sanitize/whole.js';

// What the small parts of the explorer promise: what is told of an access, which accesses clash, how a trace is shown.

const SITE = 7;

/** What is told while `act` runs, with the objects of `names` by name. */
function accesses(names: Readonly<Record<string, object>>, act: () => unknown, open = true): string[] {
  const all: string[] = [];
  const sites = new Set<number>();
  const nameOf = new Map(Object.entries(names).map(([name, object]) => [object, name]));
  told.openRecording(open);
  told.recordFor({
    accessed: (object, key, isWrite, site) => {
      sites.add(site);
      const what = key === WHOLE ? '*' : String(key);
      all.push(`${isWrite ? 'w' : 'r'} ${nameOf.get(object) ?? '?'}.${what}`);
    },
  });
  act();
  told.recordFor(undefined);
  told.openRecording(false);
  for (const site of sites) expect(site).toBe(SITE);
  return all;
}

afterEach(() => {
  told.recordFor(undefined);
  told.openRecording(false);
});

describe('instrumented code tells', () => {
  class Base {
    own = 1;
    method(): number {
      return this.own;
    }
  }
  const call = (object: object, key: string, ...args: readonly unknown[]): unknown =>
    told.call(SITE, object as never, key, ...args);

  test.each<[string, () => object, (x: never) => unknown, string[], unknown]>([
    ['a member that is read', () => ({ a: 1 }), (x: { a: number }) => told.r(SITE, x, 'a').a, ['r x.a'], 1],
    ['one that is not there', () => ({}), (x: object) => told.r(SITE, x, 'a'), ['r x.a'], undefined],
    ['one of a prototype', () => new Base(), (x: Base) => told.r(SITE, x, 'method').own, [], 1],
    ['a field of an instance', () => new Base(), (x: Base) => told.r(SITE, x, 'own').own, ['r x.own'], 1],
    ['a member that is written', () => ({ a: 1 }), (x: object) => told.w(SITE, x, 'a'), ['w x.a'], undefined],
    ['a number as a key', () => ({ 5: 1 }), (x: object) => told.r(SITE, x, 5), ['r x.5'], undefined],
    [
      'a member that gets a value',
      () => ({ a: 1 }),
      (x: Record<string, number>) => told.set(SITE, x, 'a', 4),
      ['w x.a'],
      4,
    ],
    ['in', () => ({ a: 1 }), (x: object) => told.has(SITE, 'a', x), ['r x.a'], true],
    ['in, of nothing', () => ({ a: 1 }), (x: object) => told.has(SITE, 'b', x), ['r x.b'], false],
    ['all of it', () => ({ a: 1 }), (x: object) => told.all(SITE, x), ['r x.*'], undefined],
    ['??= of nothing', () => ({ a: null }), (x: object) => told.l(SITE, x, 'a', '??='), ['w x.a'], undefined],
    ['??= of something', () => ({ a: 0 }), (x: object) => told.l(SITE, x, 'a', '??='), ['r x.a'], undefined],
    [
      '??= of what is not there',
      () => ({}),
      (x: object) => told.l(SITE, x, 'a', '??='),
      ['w x.a'],
      undefined,
    ],
    ['||= of nothing', () => ({ a: 0 }), (x: object) => told.l(SITE, x, 'a', '||='), ['w x.a'], undefined],
    ['||= of something', () => ({ a: 1 }), (x: object) => told.l(SITE, x, 'a', '||='), ['r x.a'], undefined],
    ['&&= of nothing', () => ({ a: 0 }), (x: object) => told.l(SITE, x, 'a', '&&='), ['r x.a'], undefined],
    ['&&= of something', () => ({ a: 1 }), (x: object) => told.l(SITE, x, 'a', '&&='), ['w x.a'], undefined],
    [
      'a function of an object',
      () => ({ f: (n: number) => n + 1 }),
      (x: object) => call(x, 'f', 2),
      ['r x.f'],
      3,
    ],
    ['a method of a prototype', () => new Base(), (x: Base) => call(x, 'method'), [], 1],
    [
      'a variable that is read',
      () => told.env('a.ts'),
      (x: object) => told.vr(SITE, x, 'n'),
      ['r x.n'],
      undefined,
    ],
    [
      'a variable that is written',
      () => told.env('a.ts'),
      (x: object) => told.vw(SITE, x, 'n', 3),
      ['w x.n'],
      3,
    ],
    ['an array by index', () => [1, 2], (x: number[]) => told.r(SITE, x, 1)[1], ['r x.1'], 2],
    ['an array by text', () => [1, 2], (x: number[]) => told.r(SITE, x, '1'), ['r x.1'], undefined],
    [
      'an array by what is no index',
      () => [1],
      (x: number[]) => told.r(SITE, x, '1x'),
      ['r x.1x'],
      undefined,
    ],
    ['an array by a negative index', () => [1], (x: number[]) => told.r(SITE, x, -1), ['r x.-1'], undefined],
    ['its length', () => [1, 2], (x: number[]) => told.r(SITE, x, 'length').length, ['r x.length'], 2],
    ['its length, written', () => [1, 2], (x: number[]) => told.w(SITE, x, 'length'), ['w x.*'], undefined],
    ['an element', () => [1, 2], (x: number[]) => told.w(SITE, x, 1), ['w x.1'], undefined],
    [
      'an element behind the last',
      () => [1, 2],
      (x: number[]) => told.w(SITE, x, 2),
      ['w x.length', 'w x.2'],
      undefined,
    ],
    ['push', () => [1, 2], (x: number[]) => call(x, 'push', 9), ['w x.length', 'w x.2'], 3],
    ['at', () => [1, 2], (x: number[]) => call(x, 'at', 0), ['r x.length', 'r x.0'], 1],
    ['at from the end', () => [1, 2], (x: number[]) => call(x, 'at', -1), ['r x.length', 'r x.1'], 2],
    ['includes', () => [1, 2], (x: number[]) => call(x, 'includes', 2), ['r x.*'], true],
    ...['pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'].map(
      (name): [string, () => object, (x: never) => unknown, string[], unknown] => [
        name,
        () => [2, 1],
        (x: object) => void call(x, name, ...(name === 'copyWithin' ? [0, 1] : [])),
        ['w x.*'],
        undefined,
      ],
    ),
    ['values of an array', () => [1], (x: number[]) => void call(x, 'values'), [], undefined],
    ['get', () => new Map([['k', 1]]), (x: object) => call(x, 'get', 'k'), ['r x.k'], 1],
    ['has', () => new Set(['k']), (x: object) => call(x, 'has', 'n'), ['r x.n'], false],
    [
      'set of a known key',
      () => new Map([['k', 1]]),
      (x: object) => void call(x, 'set', 'k', 2),
      ['w x.k'],
      undefined,
    ],
    [
      'set of a new key',
      () => new Map(),
      (x: object) => void call(x, 'set', 'k', 2),
      ['w x.k', 'w x.Symbol(its entries)'],
      undefined,
    ],
    [
      'add of what is there',
      () => new Set(['k']),
      (x: object) => void call(x, 'add', 'k'),
      ['r x.k'],
      undefined,
    ],
    [
      'add of what is new',
      () => new Set(),
      (x: object) => void call(x, 'add', 'k'),
      ['w x.k', 'w x.Symbol(its entries)'],
      undefined,
    ],
    ['delete of what is there', () => new Set(['k']), (x: object) => call(x, 'delete', 'k'), ['w x.k'], true],
    ['delete of nothing', () => new Set(), (x: object) => call(x, 'delete', 'k'), ['r x.k'], false],
    ['clear', () => new Set(['k']), (x: object) => void call(x, 'clear'), ['w x.*'], undefined],
    ['forEach', () => new Set(['k']), (x: object) => void call(x, 'forEach', () => {}), ['r x.*'], undefined],
    ['keys of a map', () => new Map(), (x: object) => void call(x, 'keys'), [], undefined],
    [
      'size',
      () => new Map([['k', 1]]),
      (x: Map<string, number>) => told.r(SITE, x, 'size').size,
      ['r x.*'],
      1,
    ],
    ['other members of a map', () => new Map(), (x: object) => told.r(SITE, x, 'get'), [], undefined],
  ])('%s', (_, make, act, expected, value) => {
    const x = make();
    let given: unknown;
    expect(accesses({ x }, () => (given = act(x as never)))).toEqual(expected);
    if (value !== undefined) expect(given).toBe(value);
    expect(accesses({ x }, () => told.r(SITE, 5, 'a'))).toEqual([]);
    expect(accesses({ x }, () => told.r(SITE, null, 'a'))).toEqual([]);
  });

  test.each<[string, (memory: ArrayBuffer) => unknown, string[]]>([
    [
      'an element of a typed array',
      (m) => told.r(SITE, new Uint32Array(m), 1),
      ['4', '5', '6', '7'].map((at) => `r m.${at}`),
    ],
    ['one by its offset', (m) => told.w(SITE, new Uint16Array(m, 2), 1), ['w m.4', 'w m.5']],
    ['one behind the last', (m) => told.r(SITE, new Uint8Array(m), 8), []],
    ['fill', (m) => call(new Uint16Array(m), 'fill', 1, 1, 2), ['w m.2', 'w m.3']],
    ['fill from the end', (m) => call(new Uint16Array(m), 'fill', 1, -1), ['w m.6', 'w m.7']],
    ['fill of nothing', (m) => call(new Uint16Array(m), 'fill', 1, 3, 2), []],
    ['slice', (m) => call(new Uint8Array(m), 'slice', 6, 100), ['r m.6', 'r m.7']],
    ['set of a list', (m) => call(new Uint16Array(m), 'set', [1], 1), ['r ?.*', 'w m.2', 'w m.3']],
    ['subarray', (m) => call(new Uint8Array(m), 'subarray', 1), []],
    ['includes', (m) => call(new Uint8Array(m, 6), 'includes', 1), ['r m.6', 'r m.7']],
    ['reverse', (m) => call(new Uint8Array(m, 6), 'reverse'), ['w m.6', 'w m.7']],
    ['getUint16', (m) => call(new DataView(m), 'getUint16', 2), ['r m.2', 'r m.3']],
    ['setUint32', (m) => call(new DataView(m, 1), 'setUint32', 2, 7), ['w m.3', 'w m.4', 'w m.5', 'w m.6']],
    [
      'getUint8 that may not be called',
      (m) => told.opt(SITE, new DataView(m, 6), 'getUint8'),
      ['r m.6', 'r m.7'],
    ],
  ])('%s', (_, act, expected) => {
    const m = new ArrayBuffer(8);
    expect(accesses({ m }, () => act(m))).toEqual(expected);
  });

  test('many bytes as all of the memory', () => {
    const m = new ArrayBuffer(65_537);
    expect(accesses({ m }, () => call(new Uint8Array(m), 'includes', 1))).toEqual(['r m.*']);
    const l = new ArrayBuffer(65_536);
    expect(accesses({ l }, () => call(new Uint8Array(l), 'includes', 1))).toHaveLength(65_536);
  });

  test('loops round by round, while they may go on in a later step', () => {
    const x = [4, 5];
    const go = (open: boolean) =>
      accesses(
        { x },
        () => {
          for (const each of told.each(SITE, x)) if (each === 5) break;
        },
        open,
      );
    expect(go(true)).toEqual(['r x.length', 'r x.0', 'r x.length', 'r x.1']);
    expect(go(false)).toEqual([]);
    const map = new Map([['k', { a: 1 }]]);
    expect(accesses({ map }, () => [...told.each(SITE, map)])).toEqual(['r map.*', 'r map.*']);
    expect(
      accesses({ map }, () => [...(told.iterator(SITE, map as never, 'values') as Iterable<unknown>)]),
    ).toEqual(['r map.*', 'r map.*']);
    const inner = { a: 1, b: 2 };
    expect(accesses({ inner }, () => [...told.eachOf(SITE, [inner], ['a'])])).toEqual([
      'r ?.length',
      'r ?.0',
      'r inner.a',
      'r ?.length',
      'r ?.1',
    ]);
    function* others(): Generator<number> {
      yield 1;
    }
    const given = others();
    told.openRecording(true);
    expect(told.each(SITE, given)).toBe(given);
  });

  test('what a pattern takes apart', () => {
    const b = { c: 2 };
    const x = { a: 1, b };
    expect(accesses({ x, b }, () => told.destructured(SITE, x, ['a', ['b', ['c']], '*']))).toEqual([
      'r x.a',
      'r x.b',
      'r b.c',
      'r x.*',
    ]);
    expect(accesses({ x }, () => expect(told.apart(SITE, x, ['a']) in x).toBe(false))).toEqual(['r x.a']);
    expect(accesses({ x }, () => told.destructured(SITE, 'text', ['length']))).toEqual([]);
  });

  test('nothing while nobody listens, and of no place that there is not', () => {
    const x = { a: 1 };
    expect([told.r(SITE, x, 'a'), told.w(SITE, x, 'a'), told.l(SITE, x, 'a', '??=')]).toEqual([x, x, x]);
    expect([told.opt(SITE, x, 'a'), told.all(SITE, x), told.destructured(SITE, x, ['a'])]).toEqual([x, x, x]);
  });
});

describe('accesses of steps', () => {
  const locations = new Locations();
  const object = {};
  const step = (pid: number, at: number, kinds: readonly [unknown, boolean][], isNew = true) => {
    for (const [key, isWrite] of kinds) locations.accessed(object, key, isWrite, at);
    return locations
      .endStep(at, pid, isNew)
      .map(
        ({ key, first, second }) =>
          `${key === WHOLE ? '*' : String(key)} ${first.at}${first.isWrite ? 'w' : 'r'} ${second.at}${second.isWrite ? 'w' : 'r'}`,
      );
  };

  test('clash if they are of different contexts, and one writes', () => {
    locations.begin();
    expect(step(0, 0, [['a', false]])).toEqual([]);
    expect(step(1, 1, [['a', false]])).toEqual([]);
    expect(step(1, 2, [['a', true]])).toEqual(['a 0r 2w']);
    expect(step(0, 3, [['a', false]])).toEqual(['a 2w 3r']);
    expect(step(0, 4, [['b', true]])).toEqual([]);
    expect(
      step(1, 5, [
        ['b', true],
        ['b', false],
      ]),
    ).toEqual(['b 4w 5w']);
    expect(
      step(0, 6, [
        ['b', false],
        ['b', true],
      ]),
    ).toEqual(['b 5w 6w']);
  });

  test('all of an object clashes with each part, either way', () => {
    locations.begin();
    step(0, 0, [['a', true]]);
    expect(step(1, 1, [[WHOLE, false]])).toEqual(['a 0w 1r']);
    expect(step(0, 2, [['b', true]])).toEqual(['* 1r 2w']);
    expect(step(2, 3, [[WHOLE, true]])).toEqual(['a 0w 3w', '* 1r 3w', 'b 2w 3w']);
  });

  test('of one context clash where it reads what it has written', () => {
    locations.begin();
    expect(step(0, 0, [['a', false]])).toEqual([]);
    expect(step(0, 1, [['a', true]])).toEqual([]);
    expect(step(0, 2, [['a', false]])).toEqual(['a 1w 2r']);
    expect(step(0, 3, [['a', true]])).toEqual([]);
  });

  test('of a step that was looked at before are taken down only', () => {
    locations.begin();
    step(0, 0, [['a', true]]);
    expect(step(1, 1, [['a', true]], false)).toEqual([]);
    expect(step(2, 2, [['a', false]])).toEqual(['a 0w 2r', 'a 1w 2r']);
    locations.begin();
    expect(step(1, 3, [['a', true]])).toEqual([]);
    expect([...locations.objects()]).toEqual([object]);
  });

  test('that write are known while the step is being done', () => {
    locations.begin();
    locations.accessed(object, 'a', false, 1);
    locations.accessed(object, 'b', true, 2);
    locations.accessed(object, 'a', true, 3);
    expect([...locations.written()]).toEqual([
      { object, key: 'a', site: 3 },
      { object, key: 'b', site: 2 },
    ]);
    locations.endStep(0, 0, true);
    expect([...locations.written()]).toEqual([]);
  });
});

describe('a place in words', () => {
  class Line {
    readonly list = [1];
    readonly map = new Map<unknown, unknown>([['k', 1]]);
    readonly bytes = new Uint8Array(4);
  }
  class Named {
    readonly name = 'desc 5';
    readonly parts = [1];
  }
  const line = new Line();
  const named = new Named();
  const conflict = (object: object, key: unknown): Conflict => ({
    object,
    key,
    first: { at: 0, pid: 0, isWrite: true, site: 0 },
    second: { at: 1, pid: 1, isWrite: true, site: 0 },
  });

  test.each<[object, unknown, object[], string]>([
    [line, 'n', [], 'Line.n'],
    [named, 'n', [line], 'Named "desc 5".n'],
    [line.list, 0, [line.list, line], 'Line.list[0]'],
    [line.list, 0, [], 'Array[0]'],
    [line.list, WHOLE, [line], 'Line.list, all of it'],
    [line.map, 'k', [line], 'Line.map, entry k'],
    [line.map, line, [line], 'Line.map, entry Line'],
    [line.bytes.buffer, 3, [line], 'Line.bytes, byte 3'],
    [named.parts, 0, [named], 'Named "desc 5".parts[0]'],
    [told.env('a.ts'), 'x', [], 'variable x of a.ts'],
    [Line, 'made', [], 'class Line.made'],
    [line, 'n', [new Map([['q', line]])], 'Map, entry q.n'],
    [line, 'n', [new Set([line])], 'Line.n'],
    [line, 'n', [[line]], 'Array[0].n'],
    [Object.create(null) as object, 'n', [], 'object.n'],
  ])('%#', (object, key, touched, expected) => {
    expect(locationText(conflict(object, key), touched)).toBe(expected);
  });

  test.each([
    ['src/machine/step.ts', 'nextObjectId'],
    ['src/machine/memory.ts', 'running'],
  ])('of %s, %s needs no announcement', (file, key) => {
    expect(isExempt(conflict(told.env(file), key))).toBe(true);
  });
});

describe('a trace', () => {
  const at = (lane: number, action: string, more: Partial<TraceStep> = {}): TraceStep =>
    ({ lane, context: `task${lane}`, action, ...more }) as TraceStep;
  const trace = {
    lanes: ['CPU 0', 'idle', 'CPU 1'],
    steps: [
      at(0, 'write flag', { buffered: true }),
      at(2, 'read flag', { value: 0, decisive: true, label: 'reader' }),
      at(0, 'flush flag', { flush: 'delayed' }),
      at(2, 'write x', { buffered: true }),
      at(2, 'flush x', { flush: 'at once' }),
    ],
  } as unknown as Trace;
  const violation: Violation = {
    kind: 'always',
    property: 'x is 1',
    message: 'x is 0; not <1>',
    trace,
    minimal: true,
  } as unknown as Violation;

  test('is a table with a column for each lane that does something', () => {
    expect(laneTable(trace)).toBe(
      [
        '#  CPU 0                         CPU 1',
        '-  ----------------------------  ---------------------------------------',
        '1  task0: write flag (buffered)',
        '2                                reader: read flag = 0 <== decides',
        '3  flush flag',
        '4                                task2: write x',
      ]
        .join('\n')
        .replace('-'.repeat(39), '-'.repeat('reader: read flag = 0 <== decides'.length)),
    );
  });

  test('is made to fit', () => {
    expect(
      laneTable(trace, { width: 40 })
        .split('\n')
        .every((line) => line.length <= 40),
    ).toBe(true);
    expect(wrapped('one two three', 8)).toEqual(['one two', '  three']);
    expect(wrapped('abcdefghijkl', 5)).toEqual(['abcde', '  fgh', '  ijk', '  l']);
    expect(wrapped('short', 5)).toEqual(['short']);
  });

  test('says what decided it', () => {
    expect(conclusionOf(violation)).toBe(
      "Step 2 decides (reader on CPU 1: read flag): with the 0 that it reads on the other side of another lane's write, all would be well. " +
        'After the last step it does not hold that x is 1: x is 0; not <1>.',
    );
    const steps = trace.steps.map((step) => ({ ...step, decisive: false }));
    const other = { ...violation, trace: { ...trace, steps } };
    expect(conclusionOf({ ...other, message: 'x is 1 does not hold' })).toBe(
      'After the last step it does not hold that x is 1.',
    );
    expect(conclusionOf({ ...other, kind: 'finally' })).toBe(
      'When nothing can go on, it does not hold that x is 1: x is 0; not <1>.',
    );
    expect(conclusionOf({ ...other, kind: 'deadlock' })).toBe('Nothing can go on then: x is 0; not <1>.');
    expect(conclusionOf({ ...other, kind: 'error' })).toBe('The last step fails: x is 0; not <1>.');
  });

  test('stands in a Mermaid diagram', () => {
    const text = violationMermaid(violation);
    expect(text.split('\n').slice(0, 7)).toEqual([
      'sequenceDiagram',
      '%% x is 1: x is 0#59; not #60;1#62;',
      '  participant L0 as CPU 0',
      '  participant L2 as CPU 1',
      '  Note over L0: 1. task0: write flag (buffered)',
      '  rect rgb(255, 226, 204)',
      '    Note over L2: 2. reader: read flag = 0 #60;== decides',
    ]);
    expect(text).toContain('  Note over L0,L2: Step 2 decides');
    const single = { ...violation, trace: { ...trace, steps: trace.steps.slice(0, 1) } };
    expect(violationMermaid(single)).toContain('  Note over L0: After the last step');
    expect(violationMermaid({ ...violation, trace: { ...trace, steps: [] } })).toContain(
      '  Note over L0: After',
    );
  });

  test('in words', () => {
    expect(violationText(violation)).toMatch(/^x is 1: x is 0; not <1>\nA minimal interleaving:\n\n#/);
    expect(
      violationText({ ...violation, kind: 'deadlock', property: 'deadlock', minimal: false } as Violation),
    ).toMatch(/^x is 0; not <1>\nAn interleaving \(not known to be minimal\):\n\n#/);
  });
});

test.each([
  [{ kind: 'dfs' }, 'depth first'],
  [{ kind: 'dpor' }, 'depth first with partial-order reduction and sleep sets'],
  [{ kind: 'bounded', preemptions: 2 }, 'depth first with at most 2 preemptions'],
  [{ kind: 'random', seed: 5, executions: 9 }, 'random, seed 5'],
  [{ kind: 'pct', depth: 3, seed: 5, executions: 9 }, 'random priorities (PCT), depth 3, seed 5'],
] as const)('a strategy in words: %p', (strategy, text) => expect(strategyText(strategy)).toBe(text));

test('findings are the same by kind and property, errors by what they say', () => {
  const a = { kind: 'always', property: 'p', message: 'x' } as const;
  expect([sameProperty(a, { ...a }), sameFinding(a, { ...a, message: 'y' })]).toEqual([true, true]);
  expect([sameProperty(a, { ...a, kind: 'finally' }), sameFinding(a, { ...a, property: 'q' })]).toEqual([
    false,
    false,
  ]);
  const error = { kind: 'error', property: 'error', message: 'x' } as const;
  expect([sameFinding(error, { ...error, message: 'y' }), sameFinding(error, { ...error })]).toEqual([
    false,
    true,
  ]);
  expect(sameProperty(error, { ...error })).toBe(true);
});
