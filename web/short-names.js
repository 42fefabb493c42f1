// A plugin of vite.config.js: what only irqlab's own classes have gets short names in the worker, whose text is names for
// the most part. test/web/left-out.test.ts compares what the worker says with what the library says.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const isOwn = (id) => /\/dist\/|\/web\/worker\//.test(id);

export function shortNames() {
  let names;
  return {
    name: 'short-names',
    renderStart() {
      names = undefined;
    },
    renderChunk(code, _chunk, _options, { chunks }) {
      names ??= namesOf(Object.values(chunks).flatMap(({ modules }) => Object.entries(modules)));
      return { code: renamed(code, names), map: null };
    },
  };
}

/**
 * Short names by long ones: of methods and accessors of irqlab's classes and of what is private in them, which nobody
 * comes to know by looking through an object. Not of those that have another meaning anywhere: in the page, which gets
 * the worker's answers, in packages, in JavaScript, as a key of an object, or as a text.
 */
function namesOf(modules) {
  const members = privateNames();
  const fixed = new Set([...builtinNames(), ...pageNames()]);
  const counts = new Map();
  for (const [id, { code }] of modules) {
    const isIrqlab = isOwn(id);
    visit(parseAst(code ?? ''), (node) => {
      const { type, value } = node;
      if (type === 'Literal' && typeof value === 'string') fixed.add(value);
      if (type === 'TemplateElement') fixed.add(value.cooked);
      if (type === 'ObjectExpression')
        for (const { key } of node.properties) if (key?.type === 'Identifier') fixed.add(key.name);
      const name = propertyIn(node)?.name;
      if (name === undefined) return;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (!isIrqlab) fixed.add(name);
      else if (type === 'MethodDefinition') members.add(name);
    });
  }
  const long = [...counts].filter(([name]) => members.has(name) && !fixed.has(name));
  const mostUsedFirst = long.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const free = freeNames((text) => counts.has(text) || fixed.has(text));
  return new Map(mostUsedFirst.map(([name]) => [name, free.next().value]));
}

/** As declarations have them: `private readonly machine;`. */
function privateNames() {
  const texts = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => readFileSync(`${dist}${file}`, 'utf8'));
  const declared = texts.flatMap((text) => [...text.matchAll(/^ {4}private (?:readonly )?(\w+)\??;$/gm)]);
  return new Set(declared.map(([, name]) => name));
}

function pageNames() {
  const names = [];
  for (const file of readdirSync(here, { recursive: true, encoding: 'utf8' })) {
    const isPage = /\.tsx?$/.test(file) && (!file.startsWith('worker/') || file.includes('protocol'));
    if (!isPage) continue;
    visit(parseAst(readFileSync(`${here}${file}`, 'utf8'), { lang: 'tsx' }), (node) => {
      const name = propertyIn(node)?.name;
      if (name !== undefined) names.push(name);
    });
  }
  return names;
}

function* builtinNames() {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    yield name;
    for (const owner of [globalThis[name], globalThis[name]?.prototype])
      if (owner instanceof Object) yield* Object.getOwnPropertyNames(owner);
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** a, b, … Z, aa, ab, … */
function* freeNames(isTaken) {
  for (let n = 0; ; n++) {
    let text = '';
    for (let rest = n; rest >= 0; rest = Math.floor(rest / letters.length) - 1)
      text = letters[rest % letters.length] + text;
    if (!isTaken(text)) yield text;
  }
}

/** The identifier by which a node names a property: of `a.b`, of `{b: 1}`, of a class's `b() {}`. */
function propertyIn(node) {
  if (node.computed) return undefined;
  const name = node.type === 'MemberExpression' ? node.property : node.key;
  return name?.type === 'Identifier' ? name : undefined;
}

function renamed(code, names) {
  const edits = [];
  visit(parseAst(code), (node) => {
    const property = propertyIn(node);
    const short = property && names.get(property.name);
    if (short === undefined) return;
    const { start, end } = property;
    edits.push(node.shorthand ? { start, end: start, text: `${short}: ` } : { start, end, text: short });
  });
  let text = '';
  let done = 0;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    text += code.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return text + code.slice(done);
}

function visit(node, see) {
  see(node);
  for (const key in node) {
    const part = node[key];
    if (Array.isArray(part)) {
      for (const each of part) if (typeof each?.type === 'string') visit(each, see);
    } else if (typeof part?.type === 'string') visit(part, see);
  }
}
