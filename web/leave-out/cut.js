// How parts of modules are left out of the page.
import { readFileSync } from 'node:fs';

/** A plugin in whose bundles modules whose path matches have their exports, but functions that do nothing. */
export function emptied(name, path) {
  return { name, load: (id) => (path.test(id) ? emptyForm(id, readFileSync(id, 'utf8')) : null) };
}

function emptyForm(id, code) {
  const declared = [...code.matchAll(/^export (?:const|function|class) ([\w$]+)/gm)].map(([, name]) => name);
  const listed = [...code.matchAll(/^export \{([^}]*)\};?$/gm)].flatMap(([, list]) =>
    list.split(',').map((each) => each.trim()),
  );
  const names = [...declared, ...listed].map((each) => each.split(' as ').at(-1));
  if (names.length === 0) throw new Error(`leave-out: ${id} has no exports of a form that is known`);
  return `function nothing() {}\nexport { ${names.map((name) => `nothing as ${name}`).join(', ')} };`;
}

/** All nodes of a syntax tree. */
export function* nodesOf(node) {
  yield node;
  for (const part of Object.values(node).flat()) if (typeof part?.type === 'string') yield* nodesOf(part);
}

/** The text without some of its nodes, which lie nowhere within each other. */
export function without(code, nodes) {
  let text = code;
  for (const { start, end } of nodes.toSorted((a, b) => b.start - a.start))
    text = text.slice(0, start) + text.slice(end);
  return text;
}

/**
 * A plugin that leaves methods out of the classes of modules whose path matches.
 *
 * @param names of the methods; one that no class there has is an error, so that the list stays true.
 */
export function methodsLeftOut(name, path, names) {
  return {
    name,
    transform(code, id) {
      if (!path.test(id)) return null;
      const methods = [...nodesOf(this.parse(code))].filter(
        ({ type, key }) =>
          type === 'MethodDefinition' && key.type === 'Identifier' && names.includes(key.name),
      );
      const missing = names.filter((each) => !methods.some(({ key }) => key.name === each));
      if (missing.length > 0) throw new Error(`leave-out: ${id} has no ${missing.join(', ')}`);
      return { code: without(code, methods), map: null };
    },
  };
}
