import { member, place } from './members.js';
import { nameOf } from './names.js';
import { destructured, named, pattern } from './patterns.js';
import { isMember, isPattern, type Node, nodesIn, partOf, pauses, textIn } from './syntax.js';
import { parenthesised, type Rule, type Writing } from './writing.js';

/** Methods that give an iterator: what it reads is read later. */
const iterating: ReadonlySet<string> = new Set(['values', 'keys', 'entries']);

/** Functions of the language that look at all that their first argument holds. */
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

const identifier: Rule = (writing, node) => {
  const shared = writing.variable(node);
  if (shared === undefined) return writing.text(node);
  return `($$vr(${writing.site(node)},${shared.args}),${shared.name})`;
};

function argsOf(writing: Writing, node: Node): string {
  return nodesIn(node, 'arguments')
    .map((arg) => parenthesised(arg, writing.write(arg)))
    .join(',');
}

/** The arguments of a function that reads all of the first one, or of each. */
function readArgs(writing: Writing, node: Node, ofEach: boolean): string {
  return nodesIn(node, 'arguments')
    .map((arg, at) => {
      const text = parenthesised(arg, writing.write(arg));
      const isRead = arg.type !== 'SpreadElement' && (ofEach || at === 0);
      return isRead ? `$$all(${writing.site(arg)},${text})` : text;
    })
    .join(',');
}

const call: Rule = (writing, node) => {
  const callee = partOf(node, 'callee');
  if (!isMember(callee)) {
    if (writing.variable(callee) === undefined) return writing.plain(node);
    return `${writing.write(callee)}(${argsOf(writing, node)})`;
  }
  const property = partOf(callee, 'property');
  if (partOf(callee, 'object').type === 'Super' || property.type === 'PrivateName') {
    return `${member(writing, callee, 'r')}(${argsOf(writing, node)})`;
  }
  const name = writing.text(callee);
  if (name === 'Object.assign') return `${name}(${readArgs(writing, node, true)})`;
  if (readsAll.has(name)) return `${name}(${readArgs(writing, node, false)})`;
  const args = argsOf(writing, node);
  if (callee.computed !== true && args === '' && iterating.has(nameOf(property))) {
    return `$$iterator(${place(writing, callee)})`;
  }
  return `$$call(${place(writing, callee)}${args === '' ? '' : `,${args}`})`;
};

const optionalCall: Rule = (writing, node) => {
  const callee = partOf(node, 'callee');
  const target = isMember(callee) ? member(writing, callee, 'opt') : writing.write(callee);
  return `${target}${node.optional === true ? '?.' : ''}(${argsOf(writing, node)})`;
};

const built: Rule = (writing, node) => {
  const name = writing.text(partOf(node, 'callee'));
  return readsAll.has(name) ? `new ${name}(${readArgs(writing, node, false)})` : writing.plain(node);
};

const spreadList: Rule = (writing, node) =>
  `...$$each(${writing.site(node)},(${writing.write(partOf(node, 'argument'))}))`;

const object: Rule = (writing, node) =>
  writing.plain(node, (child) => {
    if (child.type !== 'SpreadElement') return writing.write(child);
    return `...$$all(${writing.site(child)},(${writing.write(partOf(child, 'argument'))}))`;
  });

const assignment: Rule = (writing, node) => {
  const left = partOf(node, 'left');
  const operator = textIn(node, 'operator');
  const value = `(${named(writing, left, partOf(node, 'right'))})`;
  if (isMember(left)) return memberAssignment(writing, node, left, operator, value);
  if (isPattern(left)) return `${pattern(writing, left)}=${destructured(writing, value, left)}`;
  const shared = writing.variable(left);
  if (shared === undefined) return `${writing.text(left)}${operator}${value}`;
  const read = operator === '=' ? '' : `$$vr(${writing.site(left)},${shared.args}),`;
  return `(${read}${shared.name}${operator}$$vw(${writing.site(left)},${shared.args},${value}))`;
};

function memberAssignment(writing: Writing, node: Node, left: Node, operator: string, value: string): string {
  const isSuper = partOf(left, 'object').type === 'Super';
  if (operator === '=' && pauses(partOf(node, 'right')) && !isSuper) {
    return `$$set(${place(writing, left)},${value})`;
  }
  if (isSuper || !['??=', '||=', '&&='].includes(operator)) {
    return `${member(writing, left, 'w')}${operator}${value}`;
  }
  // Written only where the operator assigns.
  const told = `$$l(${place(writing, left)},${JSON.stringify(operator)})`;
  const key = left.computed === true ? '[$$k]' : `.${writing.text(partOf(left, 'property'))}`;
  return `${told}${key}${operator}${value}`;
}

const update: Rule = (writing, node) => {
  const argument = partOf(node, 'argument');
  const operator = textIn(node, 'operator');
  const target = isMember(argument) ? member(writing, argument, 'w') : writing.text(argument);
  const text = node.prefix === true ? `${operator}${target}` : `${target}${operator}`;
  const shared = writing.variable(argument);
  return shared === undefined ? text : `($$vw(${writing.site(argument)},${shared.args},0),${text})`;
};

const unary: Rule = (writing, node) => {
  const argument = partOf(node, 'argument');
  if (textIn(node, 'operator') !== 'delete' || !isMember(argument)) return writing.plain(node);
  return `delete ${member(writing, argument, 'w')}`;
};

const binary: Rule = (writing, node) => {
  const left = partOf(node, 'left');
  if (textIn(node, 'operator') !== 'in' || left.type === 'PrivateName') return writing.plain(node);
  return `$$has(${writing.site(node)},(${writing.write(left)}),(${writing.write(partOf(node, 'right'))}))`;
};

const read: Rule = (writing, node) => member(writing, node, 'r');

/** Expressions. */
export const expressionRules: Readonly<Record<string, Rule>> = {
  Identifier: identifier,
  MemberExpression: read,
  OptionalMemberExpression: read,
  CallExpression: call,
  OptionalCallExpression: optionalCall,
  NewExpression: built,
  SpreadElement: spreadList,
  ObjectExpression: object,
  AssignmentExpression: assignment,
  UpdateExpression: update,
  UnaryExpression: unary,
  BinaryExpression: binary,
};
