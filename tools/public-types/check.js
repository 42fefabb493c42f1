// Whether users of the package can name all that its signatures mention, and whether what they can name is documented.
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Declarations } from './declarations.js';
import { mentions } from './mentions.js';

/**
 * Looks at the declarations of a package: all that its entry points export, and what signatures of that mention.
 *
 * @param directory of the package.
 * @returns a sentence for each type that no entry point exports, and for each one without a comment.
 */
export function problemsOfTypes(directory) {
  const { exports } = JSON.parse(readFileSync(resolve(directory, 'package.json'), 'utf8'));
  const declarations = new Declarations();
  const exported = new Map();
  for (const { types } of Object.values(exports)) {
    if (types !== undefined) addExports(declarations, resolve(directory, types), exported);
  }
  const problems = [];
  for (const [key, what] of exported) {
    const nodes = declarations.nodesOf(what);
    if (nodes.some(isType) && !nodes.some(isDocumented))
      problems.push(`${shown(directory, key)} has no comment that says what it is`);
    for (const mentioned of mentionedBy(declarations, what)) {
      if (exported.has(keyOf(mentioned))) continue;
      const name = shown(directory, keyOf(mentioned));
      problems.push(`${name} is mentioned by ${what.name}, and no entry point exports it (src/types)`);
    }
  }
  return [...new Set(problems)].sort();
}

function addExports(declarations, file, exported) {
  for (const name of declarations.namesOf(file)) {
    const what = declarations.exported(file, name);
    if (what === undefined) continue;
    if (what.name === '*') addExports(declarations, what.file, exported);
    else exported.set(keyOf(what), what);
  }
}

/** What the signature of a declaration mentions. What is there as `typeof` only counts by what its own type mentions. */
function mentionedBy(declarations, what, seen = new Set()) {
  seen.add(keyOf(what));
  const found = [];
  for (const { node } of declarations.nodesOf(what)) {
    mentions(node, (name, isTypeof) => {
      const one = declarations.local(what.file, name);
      if (one === undefined || one.name === '*') return;
      if (!isTypeof) found.push(one);
      else if (!seen.has(keyOf(one))) found.push(...mentionedBy(declarations, one, seen));
    });
  }
  return found;
}

function isType({ node }) {
  return /^(TSInterface|TSTypeAlias|Class)Declaration$/.test(node.type);
}

function isDocumented({ statement }) {
  return statement.leadingComments?.at(-1)?.value.startsWith('*') ?? false;
}

function keyOf({ file, name }) {
  return `${file}#${name}`;
}

function shown(directory, key) {
  const [file, name] = key.split('#');
  return `${name} (${relative(directory, file)
    .replace(/^dist\//, 'src/')
    .replace(/\.d\.ts$/, '.ts')})`;
}
