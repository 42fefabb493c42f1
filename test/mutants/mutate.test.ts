import { describe, expect, test } from '@jest/globals';
import { edited, inOrder, mutantsOf, withMutant } from '../../tools/mutants/mutate.js';
import { twinsOf } from '../../tools/twins/plain-form.js';

/** What `source` becomes by each of its mutants. */
function changed(source: string): string[] {
  return mutantsOf(source).mutants.map((mutant) => withMutant(source, mutant));
}

/** What the function `f` of a source gives for `args`, with mutant `active` switched on in the compiled-in form. */
function resultOf(source: string, active: number, ...args: unknown[]): unknown {
  const text = edited(source, mutantsOf(source).edits);
  const make = new Function('__mutant', `${text}\nreturn f;`);
  return make((id: number) => id === active)(...args);
}

describe('what is changed', () => {
  test.each([
    ['x(a < b);', [';', 'x((a <= b));', 'x((a >= b));']],
    ['y = a && !b;', [';', 'y = ((a) || (!b));', 'y = a && (b);']],
    ['n += 1;', [';', '(n -= 1);', 'n += (2);']],
    [
      'for (; i < 3; i++) go();',
      expect.arrayContaining(['for (; (false); i++) go();', 'for (; i < 3; (i--)) go();']),
    ],
    ["const name = 'Level';", ["const name = ('');"]],
    ['function f() { a(); return b; }', ['function f() {}', 'function f() { ; return b; }']],
  ])('%s', (source, expected) => {
    expect(changed(source)).toEqual(expected);
  });

  test('a condition is also always so and never so', () => {
    expect(changed('if (ready) go();')).toEqual(['if ((true)) go();', 'if ((false)) go();', 'if (ready) ;']);
  });
});

describe('what is not changed', () => {
  test.each([
    ["import { a } from './a.js';"],
    ["export { b } from './b.js';"],
    ["throw new RangeError('no CPU ' + (n + 1));"],
    ["assert(n > 0, 'n');"],
    ["type Name = 'one' | 'two';"],
    ['declare const n: 1;'],
    ['word.announceRead();'],
    ["const lock = new SpinLock('set_affinity_lock');"],
    ['for (const known of all) { go; on; }'],
    ['function* stepsOf() { yield word.read; }'],
    ['const o = { 1: a, b };'],
  ])('%s', (source) => {
    expect(changed(source)).toEqual([]);
  });
});

describe('compiled in', () => {
  const source = `function f(a, b) {
    let sum = a + b * 2;
    if (sum > 10 && a !== b) sum = 10;
    else sum++;
    return sum;
  }`;

  test('without a mutant it says what it said', () => {
    expect(resultOf(source, -1, 3, 4)).toBe(10);
    expect(resultOf(source, -1, 1, 1)).toBe(4);
  });

  test('each mutant is the one that is made alone', () => {
    const { mutants } = mutantsOf(source);
    expect(mutants.length).toBeGreaterThan(12);
    for (const mutant of mutants) {
      const alone = new Function(`${withMutant(source, mutant)}\nreturn f;`)();
      for (const [a, b] of [
        [3, 4],
        [1, 1],
        [5, 5],
        [0, 9],
      ]) {
        expect([mutant.becomes, resultOf(source, mutant.id, a, b)]).toEqual([mutant.becomes, alone(a, b)]);
      }
    }
  });

  test('numbers go on from where another file ends', () => {
    expect(mutantsOf('go(a + b);', 40).mutants.map(({ id }) => id)).toEqual([40, 41]);
  });
});

test("a procedure's mutants are in its plain form, too, but for what has none there", () => {
  const source = `class Line {
    *takeSteps(n: number): Procedure<number> {
      yield* this.lock.spinLock();
      let taken = yield* this.oneSteps(n + 1);
      yield* this.tellSteps();
      if (taken > 1 && n > 0) taken = yield* this.oneSteps(taken);
      yield* this.lock.spinUnlock();
      return taken;
    }
  }`;
  const { mutants, edits } = mutantsOf(source);
  const [plain] = twinsOf(source, 'line.ts', inOrder(edits));
  const body = (plain?.twin ?? '').replace(/^[\s\S]*?: number \{/, '').replace(/\}\s*$/, '');
  const take = new Function('__mutant', 'line', 'n', body.replaceAll('this.', 'line.'));
  const outcomes = [-1, ...mutants.map(({ id }) => id)].map((active) => {
    const told: string[] = [];
    const line = { one: (n: number) => n * 10, tell: () => told.push('told') };
    return `${take((id: number) => id === active, line, 1)} ${told.join()}`;
  });
  expect(outcomes[0]).toBe('200 told');
  // One taken away, telling left out, a condition never so, two added, the body left; a lock not taken shows only in steps.
  expect(outcomes).toEqual(expect.arrayContaining(['0 told', '200 ', '20 told', '300 told', 'undefined ']));
  const inSteps = mutants.filter(({ start }) => source.slice(start).startsWith('yield* this.lock'));
  expect(inSteps).toHaveLength(2);
  for (const { id } of inSteps) expect(outcomes[id + 1]).toBe('200 told');
});
