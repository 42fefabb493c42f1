import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from '@babel/parser';
import { describe, expect, test } from '@jest/globals';
import { twinsOf, withoutTwins, withTwins } from '../../tools/twins/plain-form.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The plain form of the only procedure in a source, without its mark, in one line. */
function plain(source: string): string {
  const text = withTwins(source, 'some.ts').slice(source.length);
  return text
    .replace(/\/\*\*.*?\*\//, '')
    .replace(/\s+/g, ' ')
    .trim();
}

describe('the plain form', () => {
  test('has no steps, and calls the plain forms of what the procedure runs', () => {
    const source = `export function* readSteps(word: Word, n: number): Procedure<number> {
  yield word.read;
  if (n > 0) yield barrier;
  return (yield* word.loadSteps(n)) + (yield* twiceSteps(yield* onceSteps()));
}`;
    expect(plain(source)).toBe(
      'export function read(word: Word, n: number): number { return (word.load(n)) + (twice(once())); }',
    );
  });

  test('takes no spin locks, and nothing that is for steps only', () => {
    const source = `function* handleSteps(desc: Desc, cpu: Cpu): Procedure<void> {
  const { lock } = desc;
  yield* lock.spinLockIrqsave(cpu);
  desc.count += 1;
  // steps only: in one go nobody waits
  desc.handlersDone();
  yield* lock.spinUnlockIrqrestore(cpu);
}`;
    expect(plain(source)).toBe('function handle(desc: Desc, _cpu: Cpu): void { desc.count += 1; }');
  });

  test('drops what only steps used: constants, names out of an object, parameters', () => {
    const source = `function* closeSteps({ word, ring }: Reader, other: Word): Procedure<boolean> {
  const step = word.read;
  yield step;
  yield other.read;
  return ring.close();
}`;
    expect(plain(source)).toBe(
      'function close({ ring }: Reader, _other: Word): boolean { return ring.close(); }',
    );
  });

  test('of a method keeps its modifiers, and of a signature its place', () => {
    const source = 'class A extends B {\n  protected override *xSteps(): Procedure<void> {}\n}';
    expect(withTwins(source, 'a.ts')).toContain('protected override x(): void {}');
    const abstract =
      'abstract class A {\n  protected abstract findSteps(n: number): Procedure<B | undefined>;\n}';
    expect(withTwins(abstract, 'a.ts')).toContain('protected abstract find(n: number): B | undefined;');
    const signature = 'interface I {\n  dispatchSteps(relid: Relid): Procedure<void>;\n}';
    expect(withTwins(signature, 'a.ts')).toContain('  dispatchSteps(relid: Relid): Procedure<void>;\n/**');
  });

  test('is made anew each time, never twice', () => {
    const source = 'function* aSteps(): Procedure<number> {\n  yield step;\n  return 1;\n}\n';
    const once = withTwins(source, 'a.ts');
    expect(withTwins(once, 'a.ts')).toBe(once);
    expect(withoutTwins(once, 'a.ts')).toBe(source);
  });

  test('is not made of a primitive, nor of what only ends in Steps', () => {
    for (const source of [
      '/** @primitive `get` is its plain form. */\nfunction* getSteps(): Procedure<number> {\n  return 1;\n}',
      'function countSteps(): number {\n  return 1;\n}',
    ])
      expect(withTwins(source, 'a.ts')).toBe(source);
  });
});

test.each([
  ['yield* sleep(5);', 'a.ts:2: a procedure with a plain form runs only others that have one'],
  ['yield* lock.lock();', 'a.ts:2: a procedure with a plain form runs only others that have one'],
  ['const n = yield word.read;', 'a.ts:2: only a statement of its own may yield a step'],
  ['const f = function* () {};', 'a.ts:2: a generator inside a procedure has no plain form'],
])('%s is refused with its place', (statement, message) => {
  const source = `function* aSteps(): Procedure<void> {\n${statement}\n}`;
  expect(() => withTwins(source, 'a.ts')).toThrow(message);
});

test.each([
  [
    'export const fooSteps = function* (): Procedure<number> { return 1; };',
    'fooSteps would have no plain form',
  ],
  ['class A { *barSteps(): Generator<Step, number> { return 1; } }', 'barSteps would have no plain form'],
  ['const o = { *bazSteps(): Procedure<number> { return 1; } };', 'bazSteps would have no plain form'],
  ['const f = { fSteps: function* () {} };', 'fSteps would have no plain form'],
  ['const C = class { *quxSteps(): Procedure<void> {} };', 'quxSteps would have no plain form'],
  ['/** @primitive */ function* hackSteps(): Procedure<void> {}', 'hackSteps is not one of the primitives'],
  [
    'function* aSteps(): Procedure<number> {\n// steps only: x\nif (w) return 7;\nreturn 1;\n}',
    'a.ts:3: only calls of announce, announceRead, assertLive, handlersDone may be for steps only',
  ],
])('what would get past the tool is refused: %s', (source, message) => {
  expect(() => withTwins(source, 'a.ts')).toThrow(message);
});

test('the plain forms in src are those of their sources', () => {
  expect(execFileSync('node', ['tools/twins.js', '--check'], { cwd: root, encoding: 'utf8' })).toBe('');
}, 60_000);

describe('a mutant of the source', () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && readFileSync(`${root}src/${name}`, 'utf8').includes('npm run twins'),
  );

  test('there are sources', () => expect(files.length).toBeGreaterThan(15));

  test.each(files)('has another plain form, which the check tells: %s', (name) => {
    const source = withoutTwins(readFileSync(`${root}src/${name}`, 'utf8'), name);
    const twins = (text: string): string[] => twinsOf(text, name).map(({ twin }) => twin);
    const expected = twins(source);
    for (const { start, end, text } of statementsOf(source, name)) {
      const mutant = twins(source.slice(0, start) + source.slice(end));
      expect({ text, differs: mutant.join() !== expected.join() }).toEqual({ text, differs: true });
    }
  });
});

interface Range {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The statements of each …Steps that its plain form has, too. */
function statementsOf(source: string, file: string): Range[] {
  const { program } = parse(source, {
    sourceType: 'module',
    sourceFilename: file,
    plugins: ['typescript', 'decorators-legacy'],
  });
  const found: Range[] = [];
  for (const node of program.body) {
    const declaration = node.type === 'ExportNamedDeclaration' && node.declaration ? node.declaration : node;
    if (declaration.type === 'FunctionDeclaration' && declaration.generator && declaration.id)
      found.push(...kept(source, declaration.id.name, declaration.body.body, node.leadingComments));
    if (declaration.type !== 'ClassDeclaration') continue;
    for (const member of declaration.body.body)
      if (member.type === 'ClassMethod' && member.generator && member.key.type === 'Identifier')
        found.push(...kept(source, member.key.name, member.body.body, member.leadingComments));
  }
  return found;
}

function kept(
  source: string,
  name: string,
  statements: readonly {
    readonly start?: number | null;
    readonly end?: number | null;
    readonly leadingComments?: unknown;
  }[],
  comments: readonly { readonly value: string }[] | null | undefined,
): Range[] {
  if (!name.endsWith('Steps') || comments?.at(-1)?.value.includes('@primitive')) return [];
  return statements.flatMap(({ start, end, leadingComments }) => {
    if (typeof start !== 'number' || typeof end !== 'number') return [];
    const text = source.slice(start, end);
    const isDropped =
      /^(if \([^\n]*\) )?yield( [^*]|\* [\w.]*spin(Lock|Unlock))|^const /.test(text) ||
      JSON.stringify(leadingComments ?? '').includes('steps only');
    return isDropped ? [] : [{ start, end, text: `${name}: ${text}` }];
  });
}
