import { listIn, type Node, nodeIn, partOf, patternOf, textIn } from './syntax.js';

/** Stands for all that an object holds. */
const whole = '*';

/** The keys that a pattern takes: names, indexes, and what is taken apart further. */
type Keys = readonly (string | number | readonly [string | number, Keys])[];

/** The keys of a pattern, for the recorder. */
export function keysOf(pattern: Node): string {
  return JSON.stringify(keysIn(pattern));
}

function keysIn(pattern: Node): Keys {
  const isArray = pattern.type === 'ArrayPattern';
  return listIn(pattern, isArray ? 'elements' : 'properties').flatMap((part, at) => {
    if (part === undefined) return [];
    if (part.type === 'RestElement') return [whole];
    const key = isArray ? at : keyOf(part);
    if (key === undefined) return [whole];
    const value = isArray ? part : partOf(part, 'value');
    const inner = patternOf(value);
    return [inner === undefined ? key : ([key, keysIn(inner)] as const)];
  });
}

function keyOf(property: Node): string | undefined {
  return property.computed === true ? undefined : nameOf(partOf(property, 'key'));
}

/** The key that a name or literal is. */
export function nameOf(node: Node): string {
  if (node.type === 'PrivateName') return `#${textIn(partOf(node, 'id'), 'name')}`;
  return node.type === 'Identifier' ? textIn(node, 'name') : String(node.value);
}

/** A function's name, with the kernel's in parentheses where its comment has one; undefined if it has no name. */
export function functionName(node: Node): string | undefined {
  const id = nodeIn(node, 'id') ?? nodeIn(node, 'key');
  if (id === undefined || node.computed === true) return undefined;
  const kernel = kernelName(node);
  return kernel === undefined ? nameOf(id) : `${nameOf(id)} (${kernel})`;
}

/** The kernel's function that the comment above a function names, as in "(wait_for_completion)". */
function kernelName({ leadingComments }: Node): string | undefined {
  if (!Array.isArray(leadingComments)) return undefined;
  const last: unknown = leadingComments.at(-1);
  if (typeof last !== 'object' || last === null || !('value' in last)) return undefined;
  return /\(([a-z]\w*_\w+)\b[^)]*\)/.exec(String(last.value))?.[1];
}
