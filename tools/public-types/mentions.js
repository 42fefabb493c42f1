// What a declaration mentions in what its users see of it.

/**
 * The names that a declaration mentions, those of private members and of its own type parameters left out.
 *
 * @param found gets each name, and whether it is mentioned as `typeof name` only: then its type is what counts.
 */
export function mentions(node, found, own = new Set()) {
  if (Array.isArray(node)) for (const one of node) mentions(one, found, own);
  if (typeof node?.type !== 'string' || node.accessibility === 'private' || node.key?.type === 'PrivateName')
    return;
  const names = new Set([...own, ...parametersOf(node)]);
  const [name, isTypeof] = nameIn(node);
  if (name !== undefined && !names.has(name)) found(name, isTypeof);
  for (const [key, child] of Object.entries(node))
    if (typeof child === 'object' && !key.endsWith('Comments')) mentions(child, found, names);
}

function nameIn(node) {
  switch (node.type) {
    case 'TSTypeReference':
      return [leftmost(node.typeName), false];
    case 'TSTypeQuery':
      return [leftmost(node.exprName), true];
    case 'TSExpressionWithTypeArguments':
    case 'TSInterfaceHeritage':
    case 'TSClassImplements':
      return [leftmost(node.expression), false];
    case 'ClassDeclaration':
      return [node.superClass?.name, false];
    default:
      return [undefined, false];
  }
}

function leftmost(name) {
  return name.type === 'TSQualifiedName' ? leftmost(name.left) : name.name;
}

/** Type parameters that a node binds: of a generic, of a mapped type, of `infer` in a conditional one. */
function parametersOf(node) {
  const named = (parameter) => parameter?.name?.name ?? parameter?.name;
  if (node.type === 'TSMappedType') return [node.key?.name ?? named(node.typeParameter)];
  if (node.type === 'TSConditionalType') return inferred(node.extendsType, named);
  return (node.typeParameters?.params ?? []).map(named).filter((name) => typeof name === 'string');
}

function inferred(node, named) {
  if (typeof node !== 'object' || node === null) return [];
  if (node.type === 'TSInferType') return [named(node.typeParameter)];
  return Object.values(node).flatMap((child) => inferred(child, named));
}
