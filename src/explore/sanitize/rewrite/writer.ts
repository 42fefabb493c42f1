import { expressionRules } from './expressions.js';
import { functionName } from './names.js';
import { func, patternRules } from './patterns.js';
import type { SharedVariables } from './scopes.js';
import { childrenOf, isFunction, type Node, nodeIn, textIn } from './syntax.js';
import type { Rule, Writing } from './writing.js';

/** Where an access stands in the source. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const block: Rule = (writing, node) => {
  const env = writing.env(node);
  const text = writing.plain(node);
  if (env === '') return text;
  return node.type === 'Program' ? env + text : text.replace('{', () => `{${env}`);
};

const classOf: Rule = (writing, node) => {
  const id = nodeIn(node, 'id');
  const name = id === undefined ? 'class' : textIn(id, 'name');
  return writing.within(name, () =>
    writing.plain(node, (child) => (child === id ? writing.text(child) : writing.write(child))),
  );
};

const asItStands: Rule = (writing, node) => writing.text(node);

const rules: Readonly<Record<string, Rule>> = {
  ...expressionRules,
  ...patternRules,
  Program: block,
  BlockStatement: block,
  StaticBlock: block,
  ClassDeclaration: classOf,
  ClassExpression: classOf,
  ImportDeclaration: asItStands,
  ExportAllDeclaration: asItStands,
  ExportSpecifier: asItStands,
  MetaProperty: asItStands,
};

/** Rewrites a module's nodes, and numbers the places of its accesses. */
export class Writer implements Writing {
  /** Line, column and function of each place. */
  readonly sites: string[] = [];
  /** The functions that the places are in. */
  readonly functions: string[] = [];
  private readonly names: string[] = [];

  constructor(
    private readonly source: string,
    private readonly shared: SharedVariables,
    private readonly file: string,
    private readonly positionOf: (position: Position) => Position,
  ) {}

  write(node: Node): string {
    if (isFunction(node)) {
      const name = functionName(node);
      return name === undefined ? func(this, node) : this.within(name, () => func(this, node));
    }
    const rule = rules[node.type];
    return rule === undefined ? this.plain(node) : rule(this, node);
  }

  text(node: Node): string {
    return this.slice(node.start, node.end);
  }

  plain(node: Node, write: (child: Node) => string = (child) => this.write(child)): string {
    let text = '';
    let at = node.start;
    for (const child of childrenOf(node)) {
      text += this.slice(at, child.start) + write(child);
      at = child.end;
    }
    return text + this.slice(at, node.end);
  }

  slice(from: number, to: number): string {
    return this.source.slice(from, to);
  }

  site(node: Node): string {
    const { line, column } = this.positionOf(node.loc.start);
    const name = this.names.join('.');
    let func = this.functions.lastIndexOf(name);
    if (func < 0) func = this.functions.push(name) - 1;
    this.sites.push(`${line},${column},${func}`);
    return `$$s+${this.sites.length - 1}`;
  }

  variable(node: Node): { readonly args: string; readonly name: string } | undefined {
    const use = this.shared.uses.get(node);
    return use && { args: `${nameOfEnv(use.block)},${JSON.stringify(use.name)}`, name: use.name };
  }

  env(node: Node): string {
    if (!this.shared.blocks.has(node)) return '';
    return `const ${nameOfEnv(node)}=$$env(${JSON.stringify(this.file)});`;
  }

  within(name: string, write: () => string): string {
    this.names.push(name);
    const text = write();
    this.names.pop();
    return text;
  }
}

function nameOfEnv(node: Node): string {
  return `$$e${node.start}`;
}
