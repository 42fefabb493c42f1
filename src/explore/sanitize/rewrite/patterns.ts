import { member } from './members.js';
import { keysOf } from './names.js';
import {
  childrenOf,
  isFunction,
  isPattern,
  type Node,
  nodeIn,
  nodesIn,
  partOf,
  patternOf,
  textIn,
} from './syntax.js';
import { parenthesised, type Rule, type Writing } from './writing.js';

/** A pattern that gives values to variables or members. */
export function pattern(writing: Writing, node: Node): string {
  switch (node.type) {
    case 'Identifier':
      return writing.text(node);
    case 'AssignmentPattern':
      return `${pattern(writing, partOf(node, 'left'))}=${writing.write(partOf(node, 'right'))}`;
    case 'ObjectProperty': {
      const value = pattern(writing, partOf(node, 'value'));
      const key = partOf(node, 'key');
      return node.computed === true ? `[${writing.write(key)}]:${value}` : `${writing.text(key)}:${value}`;
    }
    case 'MemberExpression':
      return member(writing, node, 'w');
    default:
      return writing.plain(node, (child) => pattern(writing, child));
  }
}

/** A value that a pattern takes apart. */
export function destructured(writing: Writing, value: string, node: Node): string {
  return `$$destructured(${writing.site(node)},(${value}),${keysOf(node)})`;
}

/** The value of a variable or property; a function without a name has that one's. */
export function named(writing: Writing, id: Node, value: Node): string {
  if (id.type !== 'Identifier' || !isFunction(value)) return writing.write(value);
  return writing.within(textIn(id, 'name'), () => writing.write(value));
}

const declarator: Rule = (writing, node) => {
  const id = partOf(node, 'id');
  const init = nodeIn(node, 'init');
  if (init === undefined) return pattern(writing, id);
  const value = named(writing, id, init);
  return isPattern(id)
    ? `${pattern(writing, id)}=${destructured(writing, value, id)}`
    : `${writing.text(id)}=${parenthesised(init, value)}`;
};

const property: Rule = (writing, node) => {
  const key = partOf(node, 'key');
  const value = partOf(node, 'value');
  if (node.computed === true) return `[${writing.write(key)}]:${writing.write(value)}`;
  return `${writing.text(key)}:${parenthesised(value, named(writing, key, value))}`;
};

const caught: Rule = (writing, node) => {
  const param = nodeIn(node, 'param');
  return writing.plain(node, (child) => (child === param ? pattern(writing, child) : writing.write(child)));
};

const forOf: Rule = (writing, node) => {
  if (node.await === true) return writing.plain(node);
  const left = partOf(node, 'left');
  const right = partOf(node, 'right');
  const [declared] = left.type === 'VariableDeclaration' ? nodesIn(left, 'declarations') : [];
  const target = declared === undefined ? left : partOf(declared, 'id');
  const list = `${writing.site(right)},(${writing.write(right)})`;
  const kind = declared === undefined ? '' : `${textIn(left, 'kind')} `;
  const each = isPattern(target) ? `$$eachOf(${list},${keysOf(target)})` : `$$each(${list})`;
  return `for(${kind}${pattern(writing, target)} of ${each})${writing.write(partOf(node, 'body'))}`;
};

const forIn: Rule = (writing, node) => {
  const right = partOf(node, 'right');
  return writing.plain(node, (child) => {
    if (child === right) return `$$all(${writing.site(child)},(${writing.write(child)}))`;
    return child === partOf(node, 'left') ? writing.text(child) : writing.write(child);
  });
};

/**
 * A function. What its parameters take apart is told by a first statement, which takes it apart in their stead; for a
 * generator, whose body begins later, by a computed key of the pattern.
 */
export const func: Rule = (writing, node) => {
  const params = nodesIn(node, 'params');
  const body = partOf(node, 'body');
  const apart: string[] = [];
  let text = '';
  let at = node.start;
  for (const child of head(node)) {
    text += writing.slice(at, child.start);
    at = child.end;
    const index = params.indexOf(child);
    const taken = index < 0 ? undefined : patternOf(child);
    if (index < 0) text += isName(node, child) ? writing.text(child) : writing.write(child);
    else if (taken === undefined || (node.generator === true && taken.type === 'ArrayPattern')) {
      text += pattern(writing, child);
    } else if (node.generator === true) text += argument(writing, child, taken, index);
    else {
      const right = nodeIn(child, 'right');
      text += right === undefined ? `$$p${index}` : `$$p${index}=${writing.write(right)}`;
      apart.push(`${pattern(writing, taken)}=${destructured(writing, `$$p${index}`, taken)}`);
    }
  }
  const first = apart.length > 0 ? `let ${apart.join(',')};` : '';
  text += writing.slice(at, body.start);
  if (body.type === 'BlockStatement') return `${text}{${first}${writing.write(body).slice(1)}`;
  return arrow(writing, node, text, first);
};

/** The parts of a function before its body, in the order of the source. */
function head(node: Node): readonly Node[] {
  const { start } = partOf(node, 'body');
  return childrenOf(node).filter(({ end }) => end <= start);
}

function isName(node: Node, child: Node): boolean {
  return child === nodeIn(node, 'id') || (child === nodeIn(node, 'key') && node.computed !== true);
}

/** A parameter of a generator that takes an object apart. */
function argument(writing: Writing, node: Node, taken: Node, index: number): string {
  const told = `[$$apart(${writing.site(taken)},arguments[${index}],${keysOf(taken)})]:$$u${index}`;
  const text = pattern(writing, taken).replace('{', () => `{${told},`);
  const right = nodeIn(node, 'right');
  return right === undefined ? text : `${text}=${writing.write(right)}`;
}

/** An arrow function whose body is an expression. */
function arrow(writing: Writing, node: Node, text: string, first: string): string {
  const body = partOf(node, 'body');
  const env = writing.env(body);
  const value = writing.write(body);
  if (first === '' && env === '') return `${text}${value}${writing.slice(body.end, node.end)}`;
  // The body may stand in parentheses, which begin before it.
  return `${text.slice(0, text.lastIndexOf('=>') + 2)}{${env}${first}return(${value});}`;
}

/** Declarations, loops, and what is taken apart. */
export const patternRules: Readonly<Record<string, Rule>> = {
  VariableDeclarator: declarator,
  ObjectProperty: property,
  CatchClause: caught,
  ForOfStatement: forOf,
  ForInStatement: forIn,
};
