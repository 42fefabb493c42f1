import { describe, expect, test } from '@jest/globals';
import { instrument } from '../../../src/explore/sanitize/instrument.js';
import type * as Recording from '../../../src/explore/sanitize/recorder.js';
import type * as Whole from '../../../src/explore/sanitize/whole.js';
import { ownCopy } from './instrumented.js';

// Code must compute the same with and without, and tell what it touches.

type Recorder = typeof Recording & typeof Whole;

/** A recorder of this file's own: the places that are told to it would make the process one of instrumented code. */
const recorder = (await ownCopy(
  'src/explore/sanitize/recorder.ts',
  'src/explore/sanitize/whole.ts',
)) as Recorder;
const { WHOLE } = recorder;

interface Ran {
  readonly value: unknown;
  readonly accesses: readonly string[];
}

/** What a body finds by name. */
const scope = `
  const o = { a: 1, b: { c: 2, d: [3, 4] }, n: null, f(x) { return this.a + x; }, get g() { return this.a; } };
  const list = [1, 2, 3];
  const map = new Map([['k', 1]]);
  const set = new Set(['k']);
  const bytes = new Uint8Array(8);
  const words = new Uint32Array(bytes.buffer);
  const view = new DataView(bytes.buffer);
  class Counter { static made = 0; #hidden = 1; n = 0; up() { this.n += 1; return this.#hidden; } }
  const counter = new Counter();
`;

/** Runs the body of a generator function, `o`, `list`, `map` … of its scope known by name, to its end. */
function run(body: string): Ran {
  const source = `
    ${scope}
    const names = new Map(Object.entries({ o, b: o.b, d: o.b.d, list, map, set, memory: bytes.buffer }).map(([k, v]) => [v, k]));
    names.set(counter, 'counter').set(Counter, 'Counter');
    const body = function* () { ${body} };
    export const result = { names, body };
  `;
  const { code, given } = asFunction(instrument(source, { recorder: 'recorder', file: 'body.ts' }));
  const { names, body: proc } = new Function('recorder', code)(given) as {
    names: Map<object, string>;
    body: () => Generator<unknown, unknown, void>;
  };
  const accesses: string[] = [];
  const running = proc();
  recorder.openRecording(true);
  recorder.recordFor({
    accessed: (object, key, isWrite) => {
      const name = names.get(object) ?? (object instanceof recorder.Variables ? 'let' : '?');
      if (Object(object) !== object) accesses.push(`no object: ${String(object)}`);
      if (name !== '?') accesses.push(`${isWrite ? 'w' : 'r'} ${name}.${key === WHOLE ? '*' : String(key)}`);
    },
  });
  try {
    let next = running.next();
    while (next.done !== true) {
      accesses.push('yield');
      next = running.next();
    }
    return { value: next.value, accesses };
  } finally {
    recorder.recordFor(undefined);
    recorder.openRecording(false);
  }
}

/** A module's text as the body of a function that returns its `result`. */
function asFunction(text: string): { code: string; given: Recorder } {
  const code = text
    .replace(
      /^import\{(.*?)\}from"recorder";/,
      (_, names: string) => `const {${names.replaceAll(' as ', ':')}}=recorder;`,
    )
    .replace('export const result', 'const result');
  return { code: `${code}; return result;`, given: recorder };
}

/** What the body gives as it stands. */
function plain(body: string): unknown {
  const source = `
    ${scope}
    const running = (function* () { ${body} })();
    for (;;) { const next = running.next(); if (next.done) return next.value; }
  `;
  return new Function(source)();
}

describe.each([
  ['return o.a;', ['r o.a']],
  ["return o['a'];", ['r o.a']],
  ['o.a = 5; return o.a;', ['w o.a', 'r o.a']],
  ['o.a = yield; return o.a;', ['yield', 'w o.a', 'r o.a']],
  ['o.a += 2; return o.a;', ['w o.a', 'r o.a']],
  ['return [o.a++, --o.a];', ['w o.a', 'w o.a']],
  ['o.n ??= 3; o.n ??= 4; return o.n;', ['w o.n', 'r o.n', 'r o.n']],
  ['o.a ||= 3; o.a &&= 4; return o.a;', ['r o.a', 'w o.a', 'r o.a']],
  ['delete o.a; return Object.keys(o).length;', ['w o.a', 'r o.*']],
  ["return 'a' in o;", ['r o.a']],
  ['return o.f(2);', ['r o.f', 'r o.a']],
  ['return o.g;', ['r o.g', 'r o.a']],
  ['return o.b.d[1];', ['r o.b', 'r b.d', 'r d.1']],
  ['return o.n?.x.y.z ?? o.b?.c;', ['r o.n', 'r o.b', 'r b.c']],
  ['return o.n?.f(list.push(4)) ?? list.length;', ['r o.n', 'r list.length']],
  ['return o.f?.(1);', ['r o.f', 'r o.a']],
  ['return o?.f(2) + o.b?.d.at(1);', ['r o.f', 'r o.a', 'r o.b', 'r b.d', 'r d.*']],
  ['const { a, b: { c, d: [e] } } = o; return a + c + e;', ['r o.a', 'r o.b', 'r b.c', 'r b.d', 'r d.0']],
  ['const { a, ...rest } = o; return a + Object.keys(rest).length;', ['r o.a', 'r o.*', 'r o.a']],
  ['return (({ a }, [x]) => a + x)(o, list);', ['r o.a', 'r list.0']],
  ['return (function* ({ a }) { return a; })(o).next().value;', ['r o.a']],
  ['let sum = 0; for (const x of list) sum += x; return sum;', each(3)],
  [
    'for (const x of list) yield x; return 0;',
    [
      'r list.length',
      'r list.0',
      'yield',
      'r list.length',
      'r list.1',
      'yield',
      'r list.length',
      'r list.2',
      'yield',
      'r list.length',
      'r list.3',
    ],
  ],
  ['for (const { c } of [o.b]) return c;', ['r o.b', 'r b.c']],
  ['let c; for ({ c } of [o.b]) break; return c;', ['r o.b', 'r b.c']],
  [
    "let text = ''; for (const key in o.b) text += key + o.b[key]; return text;",
    ['r o.b', 'r b.*', 'r o.b', 'r b.c', 'r o.b', 'r b.d'],
  ],
  ['return [...list, 4].length;', each(3)],
  ['return { ...o.b }.c;', ['r o.b', 'r b.*']],
  ['return { ...o.n, ...undefined, ...1 };', ['r o.n']],
  ['list.push(4); return list.at(-1);', ['w list.length', 'w list.3', 'r list.length', 'r list.3']],
  ['list[5] = 1; list[0]++; return list;', ['w list.length', 'w list.5', 'w list.0']],
  ['return list.map((x) => x + 1).includes(4);', ['r list.*']],
  ['return list.splice(0, 1);', ['w list.*']],
  [
    "map.set('k', 2).set('x', 3); return map.get('k');",
    ['w map.k', 'w map.x', 'w map.Symbol(its entries)', 'r map.k'],
  ],
  ["map.delete('none'); return map.size;", ['r map.none', 'r map.*']],
  [
    'for (const [k, v] of map) yield k + v; return [...map.values()];',
    ['r map.*', 'yield', 'r map.*', 'r map.*', 'r map.*'],
  ],
  [
    "set.add('k').add('x'); return set.has('x');",
    ['r set.k', 'w set.x', 'w set.Symbol(its entries)', 'r set.x'],
  ],
  ['words[1] |= 3; return bytes[4];', [...bytesOf('w', 4, 4), 'r memory.4']],
  ['view.setUint16(2, 7, true); return view.getUint8(2);', ['w memory.2', 'w memory.3', 'r memory.2']],
  ['bytes.fill(1, 2, 4); return bytes;', ['w memory.2', 'w memory.3']],
  ['bytes.set([1, 2], 1); return bytes;', ['w memory.1', 'w memory.2']],
  ['bytes.set([1, 2]); return bytes;', ['w memory.0', 'w memory.1']],
  ['let i = 0; list[i++] = list[i++]; return [i, list];', ['w list.0', 'r list.1']],
  ['let n = 1; const up = () => { n += 1; }; up(); return n;', ['r let.n', 'w let.n', 'r let.n']],
  ['const n = 1; const get = () => n; return get();', []],
  ['let n; const set = () => { ({ a: n } = o); }; set(); return n;', ['r o.a', 'r let.n']],
  [
    'counter.up(); Counter.made += 1; return [counter.up(), Counter.made];',
    [
      'w counter.n',
      'r counter.#hidden',
      'w Counter.made',
      'w counter.n',
      'r counter.#hidden',
      'r Counter.made',
    ],
  ],
  ['switch (o.a) { case 1: { const x = o.b; return x.c; } default: return 0; }', ['r o.a', 'r o.b', 'r b.c']],
  [
    'outer: for (const x of list) { for (;;) { if (x === 2) break outer; continue outer; } } return list.length;',
    [...each(3).slice(0, 4), 'r list.length'],
  ],
  ['return `$' + '{o.a}` + (o.a, o.b).c + typeof o.zzz;', ['r o.a', 'r o.a', 'r o.b', 'r b.c', 'r o.zzz']],
  [
    'let n = 1; { let n = 2; n += 1; const get = () => n; o.a = get(); } return n;',
    ['r let.n', 'w let.n', 'w o.a', 'r let.n'],
  ],
  [
    'let n = 5; for (let n = 0; n < 2; n++) { const up = () => { n += 1; }; up(); } return n;',
    ['r let.n', 'r let.n', 'w let.n', 'w let.n', 'r let.n'],
  ],
  [
    'let n = 5; switch (o.a) { case 1: let n = 2; const up = () => { n += 1; }; up(); o.a = n; } return n;',
    ['r o.a', 'r let.n', 'w let.n', 'w o.a', 'r let.n'],
  ],
  ['try { throw { a: 1 }; } catch ({ a }) { return a; }', []],
  ['try { throw { a: 1 }; } catch ({ a }) { return o.a + a; }', ['r o.a']],
  [
    'let e = 5; try { throw 1; } catch (e) { const up = () => { e += 1; }; up(); o.a = e; } return e;',
    ['r let.e', 'w let.e', 'w o.a', 'r let.e'],
  ],
  ['return (o.a > 0 ? o : list).b.c;', ['r o.a', 'r o.b', 'r b.c']],
  ['const f = (x = o.a) => ({ x }); return f();', ['r o.a']],
  ['let n = 1; const f = (x = n) => x; n = 2; return f();', ['w let.n', 'r let.n']],
] as [string, string[]][])('%s', (body, accesses) => {
  test('computes the same', () => {
    expect(run(body).value).toEqual(plain(body));
  });

  test('tells what it touches', () => {
    expect(run(body).accesses).toEqual(accesses);
  });
});

function each(count: number, from = 0): string[] {
  const told: string[] = [];
  for (let i = from; i <= count; i++) told.push('r list.length', `r list.${i}`);
  return told;
}

function bytesOf(kind: string, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${kind} memory.${from + i}`);
}

test('a place is named by file, line, function, and the kernel function that its comment names', () => {
  const source = `
/** Completes it (complete_all). */
export function completeAll(x) {
  x.done = 1;
}
export const result = completeAll;`;
  const { code, given } = asFunction(
    instrument(source.replace('export function', 'function'), { recorder: 'recorder', file: 'c.ts' }),
  );
  const completeAll = new Function('recorder', code)(given) as (x: object) => void;
  const sites: number[] = [];
  recorder.recordFor({ accessed: (_object, _key, _isWrite, site) => sites.push(site) });
  completeAll({});
  recorder.recordFor(undefined);
  expect(sites.map((site) => recorder.siteOf(site))).toEqual([
    { file: 'c.ts', line: 4, column: 4, func: 'completeAll (complete_all)' },
  ]);
});

test('a place in a class is named by the class and the method', () => {
  const source =
    'class Counter { up(x) { x.n = 1; } }; const Other = class { up(x) { x.n = 2; } }; export const result = [Counter, Other];';
  const { code, given } = asFunction(instrument(source, { recorder: 'recorder', file: 'c.ts' }));
  const classes = new Function('recorder', code)(given) as (new () => { up(x: object): void })[];
  const sites: number[] = [];
  recorder.recordFor({ accessed: (_object, _key, isWrite, site) => isWrite && sites.push(site) });
  for (const Each of classes) new Each().up({});
  recorder.recordFor(undefined);
  expect(sites.map((site) => recorder.siteOf(site).func)).toEqual(['Counter.up', 'class.up']);
});
