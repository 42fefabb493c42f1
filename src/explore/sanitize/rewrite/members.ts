import { nameOf } from './names.js';
import { type Node, partOf } from './syntax.js';
import type { Writing } from './writing.js';

/** Where a member stands, what its object is, and its key, as arguments. */
export function place(writing: Writing, node: Node): string {
  const property = partOf(node, 'property');
  const site = writing.site(property);
  const object = writing.write(partOf(node, 'object'));
  if (node.computed === true) return `${site},(${object}),$$k=(${writing.write(property)})`;
  return `${site},(${object}),${JSON.stringify(nameOf(property))}`;
}

/** A member, its object handed to a function of the recorder that gives it back. */
export function member(writing: Writing, node: Node, how: 'r' | 'w' | 'opt'): string {
  const object = partOf(node, 'object');
  if (object.type === 'Super' || object.type === 'MetaProperty') return writing.plain(node);
  const told = `$$${how}(${place(writing, node)})`;
  const isOptional = node.type === 'OptionalMemberExpression';
  if (node.computed === true) return `${told}${isOptional ? '?.' : ''}[$$k]`;
  return `${told}${isOptional ? '?.' : '.'}${writing.text(partOf(node, 'property'))}`;
}
