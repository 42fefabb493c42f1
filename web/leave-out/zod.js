// Of zod: what no schema of a scenario or a command needs.
import { emptied, nodesOf, without } from './cut.js';

/** Its texts in other languages. */
const otherLanguages = {
  name: 'no-other-languages',
  load: (id) => (/\/zod\/v4\/locales\/index\.js$/.test(id) ? 'export {};' : null),
};

/** How it makes JSON Schemas: each of its classes knows that. irqlab makes them when it is built. */
const jsonSchemas = emptied(
  'no-json-schemas',
  /\/zod\/v4\/core\/(to-json-schema|json-schema-processors|json-schema-generator)\.js$/,
);

/** How it compiles its checks with `new Function`, which a page's policy forbids, and tells of. */
const compiledChecks = {
  name: 'no-compiled-checks',
  transform(code, id) {
    if (!/\/zod\/v4\/core\/schemas\.js$/.test(id)) return null;
    const [compiled] = [...nodesOf(this.parse(code))].filter(
      ({ type, id: name }) => type === 'VariableDeclarator' && name.name === '$ZodObjectJIT',
    );
    return {
      code: `${code.slice(0, compiled.init.start)}$ZodObject${code.slice(compiled.init.end)}`,
      map: null,
    };
  },
};

/** What it remembers of values that lie within themselves: no schema here does, so none is gone through for ever. */
const cycles = emptied('no-cycles', /\/zod\/v4\/core\/memoizer\.js$/);

/** The methods of its schemas that irqlab and zod itself call. */
const called = [
  'array',
  'check',
  'clone',
  'describe',
  'extend',
  'int',
  'max',
  'meta',
  'min',
  'nullable',
  'optional',
  'parse',
  'partial',
  'refine',
  'regex',
  'safeParse',
  'superRefine',
  'toLowerCase',
  'transform',
  'trim',
  'unwrap',
];

/** All other methods, each of which brings a class or more. */
const otherMethods = {
  name: 'no-other-methods',
  transform(code, id) {
    if (!/\/zod\/v4\/classic\/schemas\.js$/.test(id)) return null;
    const tables = [...nodesOf(this.parse(code))]
      .filter(
        ({ type, callee }) =>
          type === 'CallExpression' && /^(\$constructor|derived)$/.test(callee.property?.name),
      )
      .flatMap(({ arguments: all }) => all.filter(({ type }) => type === 'ObjectExpression'));
    const others = tables.flatMap(({ properties }) =>
      properties.filter(({ key }) => !called.includes(key.name)),
    );
    const withComma = others.map(({ start, end }) => ({
      start,
      end: end + /^,?/.exec(code.slice(end))[0].length,
    }));
    return { code: without(code, withComma), map: null };
  },
};

/** What the schemas of scenario files say of each key, which is in schema/scenario.schema.json for the editor. */
const descriptions = {
  name: 'no-descriptions',
  transform(code, id) {
    if (!/\/dist\/(scenario|steer)\//.test(id) || !code.includes('.describe(')) return null;
    const calls = [...nodesOf(this.parse(code))].filter(
      ({ type, callee }) => type === 'CallExpression' && callee.property?.name === 'describe',
    );
    return {
      code: without(
        code,
        calls.map(({ callee, end }) => ({ start: callee.object.end, end })),
      ),
      map: null,
    };
  },
};

export const zodExtras = [otherLanguages, jsonSchemas, compiledChecks, cycles, otherMethods, descriptions];
