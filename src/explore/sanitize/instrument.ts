import { parse } from '@babel/parser';
import { type SharedVariables, sharedVariables } from './scopes.js';
import {
  childrenOf,
  isFunction,
  isMember,
  isPattern,
  listIn,
  type Node,
  nodeIn,
  nodesIn,
  partOf,
  patternOf,
  pauses,
  textIn,
} from './syntax.js';

/** Where an access stands in the source. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface InstrumentOptions {
  /** By what the module finds the functions of recorder.ts. */
  readonly recorder: string;
  /** The file that reports name. */
  readonly file: string;
  /** Where in `file` something stands; default: the module is the file. */
  readonly positionOf?: (position: Position) => Position;
}

const whole = '*';

/**
 * The text of an ES module, rewritten so that it tells the recorder (recorder.ts) of each property, element and entry
 * that it reads or writes, and of variables that closures share. What it computes stays the same, except that in a
 * chain with `?.` each link is optional.
 *
 * @throws SyntaxError if the text is no module.
 */
export function instrument(source: string, options: InstrumentOptions): string {
  const text = source.startsWith('#!') ? `//${source.slice(2)}` : source;
  const file = parse(text, { sourceType: 'module' });
  const program = partOf(file as unknown as Node, 'program');
  const writer = new Writer(text, sharedVariables(program), options);
  const body = writer.write(program);
  return `${writer.head()}${body}`;
}

/** Methods that give an iterator: what it reads is read later. */
const iterating: ReadonlySet<string> = new Set(['values', 'keys', 'entries']);

/** Functions of the language that look at all that their arguments hold. */
const readsAll: ReadonlySet<string> = new Set([
  'Object.keys',
  'Object.values',
  'Object.entries',
  'Object.fromEntries',
  'Array.from',
  'Map',
  'Set',
  'Array',
]);

class Writer {
  private readonly sites: string[] = [];
  private readonly functions: string[] = [];
  private readonly names: string[] = [];

  constructor(
    private readonly source: string,
    private readonly shared: SharedVariables,
    private readonly options: InstrumentOptions,
  ) {}

  /** What stands before the module's own text, on its first line. */
  head(): string {
    const { recorder, file } = this.options;
    const names = 'r,w,u,l,set,call,opt,has,all,each,eachOf,destructured,apart,iterator,vr,vw,env,addSites';
    const imports = names.split(',').map((name) => `${name} as $$${name}`);
    const data = `[${this.sites.join(',')}],${JSON.stringify(this.functions)}`;
    return (
      `import{${imports.join(',')}}from${JSON.stringify(recorder)};` +
      `const $$s=$$addSites(${JSON.stringify(file)},${data});let $$k;`
    );
  }

  /** The node's text. */
  write(node: Node): string {
    if (isFunction(node)) return this.inFunction(node, () => this.func(node));
    switch (node.type) {
      case 'Program':
      case 'BlockStatement':
      case 'StaticBlock':
        return this.block(node);
      case 'MemberExpression':
      case 'OptionalMemberExpression':
        return this.member(node, 'r');
      case 'CallExpression':
        return this.call(node);
      case 'OptionalCallExpression':
        return this.optionalCall(node);
      case 'NewExpression':
        return this.built(node);
      case 'AssignmentExpression':
        return this.assignment(node);
      case 'UpdateExpression':
        return this.update(node);
      case 'UnaryExpression':
        return this.unary(node);
      case 'BinaryExpression':
        return this.binary(node);
      case 'SpreadElement':
        return `...$$each(${this.site(node)},(${this.write(partOf(node, 'argument'))}))`;
      case 'ObjectExpression':
        return this.plain(node, (child) =>
          child.type === 'SpreadElement' ? this.spread(child) : this.write(child),
        );
      case 'ForOfStatement':
        return this.forOf(node);
      case 'ForInStatement':
        return this.forIn(node);
      case 'VariableDeclarator':
        return this.declarator(node);
      case 'CatchClause':
        return this.plain(node, (child) =>
          child === nodeIn(node, 'param') ? this.pattern(child) : this.write(child),
        );
      case 'ObjectProperty':
        return this.property(node);
      case 'Identifier':
        return this.identifier(node);
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.classBody(node);
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportSpecifier':
      case 'MetaProperty':
        return this.text(node);
      default:
        return this.plain(node);
    }
  }

  private text(node: Node): string {
    return this.source.slice(node.start, node.end);
  }

  /** The node as it stands, but for its parts. */
  private plain(node: Node, write: (child: Node) => string = (child) => this.write(child)): string {
    let text = '';
    let at = node.start;
    for (const child of childrenOf(node)) {
      text += this.source.slice(at, child.start) + write(child);
      at = child.end;
    }
    return text + this.source.slice(at, node.end);
  }

  private site(node: Node): string {
    const { line, column } = node.loc.start;
    const at = this.options.positionOf?.({ line, column }) ?? { line, column };
    const name = this.names.join('.');
    let func = this.functions.lastIndexOf(name);
    if (func < 0) func = this.functions.push(name) - 1;
    this.sites.push(`${at.line},${at.column},${func}`);
    return `$$s+${this.sites.length - 1}`;
  }

  private env(block: Node): string {
    return `const ${this.envOf(block)}=$$env(${JSON.stringify(this.options.file)});`;
  }

  private envOf(block: Node): string {
    return `$$e${block.start}`;
  }

  private block(node: Node): string {
    const text = this.plain(node);
    if (!this.shared.blocks.has(node)) return text;
    const env = this.env(node);
    return node.type === 'Program' ? env + text : text.replace('{', () => `{${env}`);
  }

  private inFunction(node: Node, write: () => string): string {
    const name = functionName(node);
    if (name === undefined) return write();
    const kernel = kernelName(node);
    this.names.push(kernel === undefined ? name : `${name} (${kernel})`);
    const text = write();
    this.names.pop();
    return text;
  }

  private classBody(node: Node): string {
    const id = nodeIn(node, 'id');
    this.names.push(id === undefined ? 'class' : textIn(id, 'name'));
    const text = this.plain(node, (child) => (child === id ? this.text(child) : this.write(child)));
    this.names.pop();
    return text;
  }

  /**
   * A function. What its parameters take apart is told by a first statement, which takes it apart in their stead; for a
   * generator, whose body begins later, by a computed key of the pattern.
   */
  private func(node: Node): string {
    const params = nodesIn(node, 'params');
    const body = partOf(node, 'body');
    const id = nodeIn(node, 'id');
    const isGenerator = node.generator === true;
    const apart: string[] = [];
    let text = '';
    let at = node.start;
    const key = nodeIn(node, 'key');
    for (const child of childrenOf(node)) {
      if (child === body) break;
      text += this.source.slice(at, child.start);
      at = child.end;
      const param = params.indexOf(child);
      if (param < 0) {
        const isName = child === id || (child === key && node.computed !== true);
        text += isName ? this.text(child) : this.write(child);
        continue;
      }
      const pattern = patternOf(child);
      if (pattern === undefined || (isGenerator && pattern.type === 'ArrayPattern')) {
        text += this.param(child);
        continue;
      }
      if (isGenerator) {
        text += this.argument(child, pattern, param);
        continue;
      }
      const name = `$$p${param}`;
      const right = nodeIn(child, 'right');
      text += right === undefined ? name : `${name}=${this.write(right)}`;
      apart.push(`${this.pattern(pattern)}=${this.destructured(name, pattern)}`);
    }
    const between = this.source.slice(at, body.start);
    const first = apart.length > 0 ? `let ${apart.join(',')};` : '';
    if (body.type === 'BlockStatement') {
      const block = this.write(body);
      return `${text}${between}{${first}${block.slice(1)}`;
    }
    return this.arrowBody(node, body, text + between, first);
  }

  private arrowBody(node: Node, body: Node, head: string, first: string): string {
    const env = this.shared.blocks.has(body) ? this.env(body) : '';
    const value = this.write(body);
    const tail = this.source.slice(body.end, node.end);
    if (first === '' && env === '') return `${head}${value}${tail}`;
    // The arrow's body may stand in parentheses, which begin before it.
    const arrow = head.slice(0, head.lastIndexOf('=>') + 2);
    return `${arrow}{${env}${first}return(${value});}`;
  }

  private param(node: Node): string {
    if (node.type !== 'AssignmentPattern') return this.pattern(node);
    return `${this.pattern(partOf(node, 'left'))}=${this.write(partOf(node, 'right'))}`;
  }

  /** A parameter of a generator that takes an object apart. */
  private argument(node: Node, pattern: Node, index: number): string {
    const keys = JSON.stringify(keysOf(pattern));
    const told = `[$$apart(${this.site(pattern)},arguments[${index}],${keys})]:$$u${index}`;
    const text = this.pattern(pattern).replace('{', () => `{${told},`);
    const right = nodeIn(node, 'right');
    return right === undefined ? text : `${text}=${this.write(right)}`;
  }

  /** A pattern that declares variables. */
  private pattern(node: Node): string {
    switch (node.type) {
      case 'Identifier':
        return this.text(node);
      case 'AssignmentPattern':
        return `${this.pattern(partOf(node, 'left'))}=${this.write(partOf(node, 'right'))}`;
      case 'ObjectProperty': {
        const value = this.pattern(partOf(node, 'value'));
        const key = partOf(node, 'key');
        return node.computed === true ? `[${this.write(key)}]:${value}` : `${this.text(key)}:${value}`;
      }
      case 'MemberExpression':
        return this.member(node, 'w');
      default:
        return this.plain(node, (child) => this.pattern(child));
    }
  }

  private destructured(value: string, pattern: Node): string {
    return `$$destructured(${this.site(pattern)},(${value}),${JSON.stringify(keysOf(pattern))})`;
  }

  private declarator(node: Node): string {
    const id = partOf(node, 'id');
    const init = nodeIn(node, 'init');
    if (init === undefined) return this.pattern(id);
    const value = this.named(id, init);
    return isPattern(id)
      ? `${this.pattern(id)}=${this.destructured(value, id)}`
      : `${this.text(id)}=${parenthesised(init, value)}`;
  }

  /** The value of a variable or property; a function without a name has that one's. */
  private named(id: Node, value: Node): string {
    if (id.type !== 'Identifier' || !isFunction(value)) return this.write(value);
    this.names.push(textIn(id, 'name'));
    const text = this.write(value);
    this.names.pop();
    return text;
  }

  private identifier(node: Node): string {
    const use = this.shared.uses.get(node);
    if (use === undefined) return this.text(node);
    return `($$vr(${this.site(node)},${this.variable(use)}),${use.name})`;
  }

  private variable({ name, block }: { readonly name: string; readonly block: Node }): string {
    return `${this.envOf(block)},${JSON.stringify(name)}`;
  }

  private property(node: Node): string {
    const key = partOf(node, 'key');
    const value = partOf(node, 'value');
    if (node.computed === true) return `[${this.write(key)}]:${this.write(value)}`;
    return `${this.text(key)}:${parenthesised(value, this.named(key, value))}`;
  }

  /** Where a member stands, what its object is, and its key, as arguments. */
  private place(node: Node): string {
    const object = this.write(partOf(node, 'object'));
    const property = partOf(node, 'property');
    const site = this.site(property);
    if (node.computed === true) return `${site},(${object}),$$k=(${this.write(property)})`;
    return `${site},(${object}),${JSON.stringify(nameOf(property))}`;
  }

  /** A member with its object handed to a function of the recorder that gives it back. */
  private member(node: Node, how: 'r' | 'w' | 'u' | 'opt'): string {
    const object = partOf(node, 'object');
    if (object.type === 'Super' || object.type === 'MetaProperty') return this.plain(node);
    const property = partOf(node, 'property');
    const isOptional = node.type === 'OptionalMemberExpression';
    const told = `$$${how}(${this.place(node)})`;
    if (node.computed === true) return `${told}${isOptional ? '?.' : ''}[$$k]`;
    return `${told}${isOptional ? '?.' : '.'}${this.text(property)}`;
  }

  private args(node: Node): string {
    return nodesIn(node, 'arguments')
      .map((arg) => parenthesised(arg, this.write(arg)))
      .join(',');
  }

  private call(node: Node): string {
    const callee = partOf(node, 'callee');
    const args = nodesIn(node, 'arguments');
    if (callee.type === 'Identifier' && this.shared.uses.has(callee)) {
      return `${this.write(callee)}(${this.args(node)})`;
    }
    if (!isMember(callee)) return this.plain(node);
    const object = partOf(callee, 'object');
    const property = partOf(callee, 'property');
    if (object.type === 'Super' || property.type === 'PrivateName') {
      return `${this.member(callee, 'r')}(${this.args(node)})`;
    }
    const name = this.text(callee);
    if (name === 'Object.assign') return this.assign(node);
    if (readsAll.has(name)) return `${name}(${this.allOf(args)})`;
    if (callee.computed !== true && args.length === 0 && iterating.has(nameOf(property))) {
      return `$$iterator(${this.place(callee)})`;
    }
    const rest = args.length === 0 ? '' : `,${this.args(node)}`;
    return `$$call(${this.place(callee)}${rest})`;
  }

  private optionalCall(node: Node): string {
    const callee = partOf(node, 'callee');
    const target = isMember(callee) ? this.member(callee, 'opt') : this.write(callee);
    return `${target}${node.optional === true ? '?.' : ''}(${this.args(node)})`;
  }

  private built(node: Node): string {
    const callee = partOf(node, 'callee');
    const isTyped = /^(Ui|I)nt(8|16|32)(Clamped)?Array$/.test(this.text(callee));
    if (!isTyped && !readsAll.has(this.text(callee))) return this.plain(node);
    return `new ${this.text(callee)}(${isTyped ? this.args(node) : this.allOf(nodesIn(node, 'arguments'))})`;
  }

  private allOf(args: readonly Node[]): string {
    return args
      .map((arg, at) => {
        const text = parenthesised(arg, this.write(arg));
        return at === 0 && arg.type !== 'SpreadElement' ? `$$all(${this.site(arg)},${text})` : text;
      })
      .join(',');
  }

  private assign(node: Node): string {
    const args = nodesIn(node, 'arguments').map((arg) =>
      arg.type === 'SpreadElement'
        ? this.write(arg)
        : `$$all(${this.site(arg)},${parenthesised(arg, this.write(arg))})`,
    );
    return `Object.assign(${args.join(',')})`;
  }

  private spread(node: Node): string {
    return `...$$all(${this.site(node)},(${this.write(partOf(node, 'argument'))}))`;
  }

  private assignment(node: Node): string {
    const left = partOf(node, 'left');
    const right = partOf(node, 'right');
    const operator = textIn(node, 'operator');
    const value = `(${this.named(left, right)})`;
    const isLogical = operator === '??=' || operator === '||=' || operator === '&&=';
    if (isMember(left)) {
      if (operator === '=' && pauses(right) && partOf(left, 'object').type !== 'Super') {
        return `$$set(${this.place(left)},${value})`;
      }
      if (!isLogical) return `${this.member(left, operator === '=' ? 'w' : 'u')}${operator}${value}`;
      return this.logical(left, operator, value);
    }
    const use = this.shared.uses.get(left);
    if (use !== undefined) {
      const read = operator === '=' ? '' : `$$vr(${this.site(left)},${this.variable(use)}),`;
      return `(${read}${use.name}${operator}$$vw(${this.site(left)},${this.variable(use)},${value}))`;
    }
    if (!isPattern(left)) return `${this.text(left)}${operator}${value}`;
    return `${this.pattern(left)}=${this.destructured(value, left)}`;
  }

  /** `a.b ??= c`: writes only where it assigns. */
  private logical(left: Node, operator: string, value: string): string {
    const object = partOf(left, 'object');
    if (object.type === 'Super') return this.plain(left);
    const told = `$$l(${this.place(left)},${JSON.stringify(operator)})`;
    const member = left.computed === true ? '[$$k]' : `.${this.text(partOf(left, 'property'))}`;
    return `${told}${member}${operator}${value}`;
  }

  private update(node: Node): string {
    const argument = partOf(node, 'argument');
    const operator = textIn(node, 'operator');
    const use = this.shared.uses.get(argument);
    let target = this.text(argument);
    if (isMember(argument)) target = this.member(argument, 'u');
    const text = node.prefix === true ? `${operator}${target}` : `${target}${operator}`;
    if (use === undefined) return text;
    return `($$vw(${this.site(argument)},${this.variable(use)},0),${text})`;
  }

  private unary(node: Node): string {
    const argument = partOf(node, 'argument');
    if (textIn(node, 'operator') !== 'delete' || !isMember(argument)) return this.plain(node);
    return `delete ${this.member(argument, 'w')}`;
  }

  private binary(node: Node): string {
    const left = partOf(node, 'left');
    if (textIn(node, 'operator') !== 'in' || left.type === 'PrivateName') return this.plain(node);
    return `$$has(${this.site(node)},(${this.write(left)}),(${this.write(partOf(node, 'right'))}))`;
  }

  private forOf(node: Node): string {
    if (node.await === true) return this.plain(node);
    const left = partOf(node, 'left');
    const right = partOf(node, 'right');
    const body = partOf(node, 'body');
    const declarator = left.type === 'VariableDeclaration' ? nodesIn(left, 'declarations')[0] : undefined;
    const pattern = declarator === undefined ? left : partOf(declarator, 'id');
    const list = `${this.site(right)},(${this.write(right)})`;
    const kind = declarator === undefined ? '' : `${textIn(left, 'kind')} `;
    const each = isPattern(pattern)
      ? `$$eachOf(${list},${JSON.stringify(keysOf(pattern))})`
      : `$$each(${list})`;
    return `for(${kind}${this.pattern(pattern)} of ${each})${this.write(body)}`;
  }

  private forIn(node: Node): string {
    const right = partOf(node, 'right');
    return this.plain(node, (child) => {
      if (child === right) return `$$all(${this.site(child)},(${this.write(child)}))`;
      return child === partOf(node, 'left') ? this.text(child) : this.write(child);
    });
  }
}

/** The keys that a pattern takes: names, indexes, and what is taken apart further. */
type Keys = readonly (string | number | readonly [string | number, Keys])[];

function keysOf(pattern: Node): Keys {
  const isArray = pattern.type === 'ArrayPattern';
  return listIn(pattern, isArray ? 'elements' : 'properties').flatMap((part, at) => {
    if (part === undefined) return [];
    if (part.type === 'RestElement') return [whole];
    const key = isArray ? at : keyOf(part);
    if (key === undefined) return [whole];
    const value = isArray ? part : partOf(part, 'value');
    const inner = patternOf(value);
    return [inner === undefined ? key : ([key, keysOf(inner)] as const)];
  });
}

function keyOf(property: Node): string | undefined {
  if (property.computed === true) return undefined;
  return nameOf(partOf(property, 'key'));
}

/** The key that a name or literal is. */
function nameOf(node: Node): string {
  if (node.type === 'PrivateName') return `#${textIn(partOf(node, 'id'), 'name')}`;
  return node.type === 'Identifier' ? textIn(node, 'name') : String(node.value);
}

/** Parentheses around what a comma would split; a spread stands without. */
function parenthesised(node: Node, text: string): string {
  return node.type === 'SpreadElement' ? text : `(${text})`;
}

function functionName(node: Node): string | undefined {
  const id = nodeIn(node, 'id') ?? nodeIn(node, 'key');
  return id === undefined || node.computed === true ? undefined : nameOf(id);
}

/** The kernel's function that the comment above a function names, as in "(wait_for_completion)". */
function kernelName({ leadingComments }: Node): string | undefined {
  if (!Array.isArray(leadingComments)) return undefined;
  const last: unknown = leadingComments.at(-1);
  if (typeof last !== 'object' || last === null || !('value' in last)) return undefined;
  return /\(([a-z]\w*_\w+)\b[^)]*\)/.exec(String(last.value))?.[1];
}
