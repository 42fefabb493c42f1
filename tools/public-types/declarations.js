// The declarations (.d.ts) of a package: what each module declares, imports and exports.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from '@babel/parser';

/** The modules of a package, each read once. */
export class Declarations {
  #modules = new Map();

  /** Names that a module exports. */
  namesOf(file) {
    const { exports, stars } = this.#read(file);
    return [...exports.keys(), ...stars.flatMap((from) => this.namesOf(from))];
  }

  /** What a name that a module exports stands for: a module and its own name there, `*` for all of the module. */
  exported(file, name) {
    const { exports, stars } = this.#read(file);
    const found = exports.get(name);
    if (found?.local !== undefined) return this.local(file, found.local);
    if (found !== undefined) return this.#imported(found);
    for (const from of stars) {
      const there = this.exported(from, name);
      if (there !== undefined) return there;
    }
    return undefined;
  }

  /** What a name in a module stands for; undefined if it is of another package. */
  local(file, name) {
    const { declared, imports } = this.#read(file);
    if (declared.has(name)) return { file, name };
    const found = imports.get(name);
    return found && this.#imported(found);
  }

  /** The declarations of a name, several of an overloaded function or a class with an interface. */
  nodesOf({ file, name }) {
    return this.#read(file).declared.get(name) ?? [];
  }

  #imported({ from, name }) {
    if (from === undefined) return undefined;
    return name === '*' ? { file: from, name } : this.exported(from, name);
  }

  #read(file) {
    const known = this.#modules.get(file);
    if (known !== undefined) return known;
    const module = { declared: new Map(), imports: new Map(), exports: new Map(), stars: [] };
    this.#modules.set(file, module);
    const options = { sourceType: 'module', plugins: [['typescript', { dts: true }]] };
    for (const node of parse(readFileSync(file, 'utf8'), options).program.body) add(module, file, node);
    return module;
  }
}

function add(module, file, node) {
  const from = fileOf(file, node.source?.value);
  if (node.type === 'ImportDeclaration') {
    for (const { local, imported } of node.specifiers)
      module.imports.set(local.name, { from, name: imported?.name ?? '*' });
  } else if (node.type === 'ExportAllDeclaration') {
    if (from !== undefined) module.stars.push(from);
  } else if (node.type === 'ExportNamedDeclaration') {
    for (const name of declare(module, node.declaration, node)) module.exports.set(name, { local: name });
    for (const { exported, local } of node.specifiers) {
      const name = local?.name ?? '*';
      module.exports.set(exported.name, node.source === null ? { local: name } : { from, name });
    }
  } else declare(module, node, node);
}

/** @returns the names that are declared. */
function declare({ declared }, node, statement) {
  const one = (name, what) => {
    declared.set(name, [...(declared.get(name) ?? []), { node: what, statement }]);
    return name;
  };
  if (node?.id?.name !== undefined) return [one(node.id.name, node)];
  return (node?.declarations ?? []).map((variable) => one(variable.id.name, variable));
}

/** The declarations of what a module imports; undefined if it is another package. */
function fileOf(file, source) {
  return source?.startsWith('.') ? resolve(dirname(file), source.replace(/\.js$/, '.d.ts')) : undefined;
}
