/** A node of the syntax tree that the parser gives. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number; readonly column: number } };
  readonly [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'loc' in value;
}

/** The node in a field; undefined if there is none. */
export function nodeIn(node: Node, field: string): Node | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** The node in a field that each node of its type has. */
export function partOf(node: Node, field: string): Node {
  const value = node[field];
  if (isNode(value)) return value;
  throw new TypeError(`a ${node.type} has no ${field}`);
}

/** The nodes in a field that is a list; its holes, as in `[, b]`, are undefined. */
export function listIn(node: Node, field: string): readonly (Node | undefined)[] {
  const value = node[field];
  return Array.isArray(value) ? value.map((item: unknown) => (isNode(item) ? item : undefined)) : [];
}

/** The same without holes. */
export function nodesIn(node: Node, field: string): readonly Node[] {
  return listIn(node, field).filter((item) => item !== undefined);
}

/** A field that is a text: a name, an operator. */
export function textIn(node: Node, field: string): string {
  const value = node[field];
  return typeof value === 'string' ? value : '';
}

/** A node's parts in the order of the source. */
export function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (const [field, value] of Object.entries(node)) {
    if (field.endsWith('Comments') || field === 'loc' || field === 'extra') continue;
    for (const item of Array.isArray(value) ? value : [value]) if (isNode(item)) children.push(item);
  }
  return children.sort((a, b) => a.start - b.start);
}

/** True for what runs later than the code around it. */
export function isFunction({ type }: Node): boolean {
  return (
    type === 'FunctionDeclaration' ||
    type === 'FunctionExpression' ||
    type === 'ArrowFunctionExpression' ||
    type === 'ObjectMethod' ||
    type === 'ClassMethod' ||
    type === 'ClassPrivateMethod'
  );
}

/** True if the context that runs the node can be interrupted within it. */
export function pauses(node: Node): boolean {
  if (node.type === 'YieldExpression' || node.type === 'AwaitExpression') return true;
  return !isFunction(node) && childrenOf(node).some(pauses);
}

export function isMember({ type }: Node): boolean {
  return type === 'MemberExpression' || type === 'OptionalMemberExpression';
}

export function isPattern({ type }: Node): boolean {
  return type === 'ObjectPattern' || type === 'ArrayPattern';
}

/** The pattern of a parameter with or without a default value; undefined for a plain one. */
export function patternOf(param: Node): Node | undefined {
  const inner = param.type === 'AssignmentPattern' ? partOf(param, 'left') : param;
  return isPattern(inner) ? inner : undefined;
}
