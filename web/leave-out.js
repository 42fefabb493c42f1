// What of the library and its packages nothing in the page asks for, and bundlers cannot see that: plugins of
// vite.config.js.
import { readFileSync } from 'node:fs';

/** zod's texts in other languages. */
const otherLanguages = {
  name: 'no-other-languages',
  load: (id) => (/\/zod\/v4\/locales\/index\.js$/.test(id) ? 'export {};' : null),
};

/** How zod makes JSON Schemas: each of its classes knows that. irqlab makes them when it is built. */
const jsonSchemas = {
  name: 'no-json-schemas',
  load(id) {
    if (!/\/zod\/v4\/core\/(to-json-schema|json-schema-processors|json-schema-generator)\.js$/.test(id))
      return null;
    const names = readFileSync(id, 'utf8').matchAll(/^export (?:const|function|class) (\w+)/gm);
    const exported = [...names].map(([, name]) => `export const ${name} = () => {};`).join('\n');
    return id.endsWith('/to-json-schema.js') ? `${exported}\nexport { processSchema as process };` : exported;
  },
};

/** What the schemas of scenario files say of each key, which is in schema/scenario.schema.json for the editor. */
const descriptions = {
  name: 'no-descriptions',
  transform(code, id) {
    if (!/\/dist\/(scenario|steer)\//.test(id) || !code.includes('.describe(')) return null;
    const cuts = [];
    for (const node of nodesOf(this.parse(code)))
      if (node.type === 'CallExpression' && node.callee.property?.name === 'describe')
        cuts.push([node.callee.object.end, node.end]);
    const inOrder = cuts.sort(([a], [b]) => b - a);
    return inOrder.reduce((text, [from, to]) => text.slice(0, from) + text.slice(to), code);
  },
};

function* nodesOf(node) {
  yield node;
  for (const part of Object.values(node).flat()) if (typeof part?.type === 'string') yield* nodesOf(part);
}

/** How inversify compiles its resolvers with `new Function`, which it does for who asks for it, and a page's policy forbids. */
const compiledResolvers = {
  name: 'no-compiled-resolvers',
  load: (id) => {
    const [, name] = /\/@inversifyjs\/core\/lib\/planning\/calculations\/(build\w+Jit)\.js$/.exec(id) ?? [];
    return name === undefined ? null : `export const ${name} = () => {};`;
  },
};

/** Of the histograms: their logs, what writes them as text, their packed form, and one in WebAssembly. */
const histogramForms = {
  name: 'no-histogram-forms',
  load: (id) =>
    /\/(pako|base64-js)\/(?!.*package\.json)|\/hdr-histogram-js\/dist\/(wasm|encoding|packedarray|JsHistogram\.encoding|HistogramLog|PackedHistogram|Recorder)\b.*\.js$/.test(
      id,
    )
      ? 'module.exports = {};'
      : null,
};

export const leftOut = [otherLanguages, jsonSchemas, descriptions, compiledResolvers, histogramForms];
