import { UsageError } from '../command/usage-error.js';

/** One import of a module, or an export of what another one has. */
export interface Import {
  /** What is imported; undefined: an expression says it. */
  readonly specifier: string | undefined;
  /** What of it is named. */
  readonly names: readonly string[];
  readonly line: number;
  /** Where the specifier stands in the text, quotes included. */
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number } };
  readonly source?: Node | null;
  readonly specifiers?: readonly Specifier[];
  readonly value?: unknown;
}

interface Specifier {
  readonly type: string;
  readonly imported?: Name;
  readonly local?: Name;
}

interface Name {
  readonly name?: string;
  readonly value?: string;
}

/**
 * The imports of a module, in their order in the text.
 *
 * @param file what to call it in messages.
 * @returns `isModule`: something in the text makes it an ES module.
 * @throws UsageError if it cannot be read.
 */
export async function moduleImports(
  text: string,
  file: string,
): Promise<{ readonly imports: readonly Import[]; readonly isModule: boolean }> {
  const nodes = [...nodesOf(await parsed(text, file))];
  const imports = nodes.flatMap((node) => importOf(node) ?? []).sort((a, b) => a.start - b.start);
  return { imports, isModule: nodes.some(({ type }) => /^(ImportDeclaration|Export)/.test(type)) };
}

async function parsed(text: string, file: string): Promise<Node> {
  const { parse } = await import('@babel/parser');
  try {
    return parse(text, { sourceType: 'module', createImportExpressions: true }).program as unknown as Node;
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const part of Object.values(node).flat()) if (isNode(part)) yield* nodesOf(part);
}

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && 'type' in part && 'loc' in part && 'start' in part;
}

function importOf({ source, specifiers = [] }: Node): Import | undefined {
  if (source === undefined || source === null) return undefined;
  return {
    specifier: typeof source.value === 'string' ? source.value : undefined,
    names: specifiers.flatMap((each) => nameOf(each) ?? []),
    line: source.loc.start.line,
    start: source.start,
    end: source.end,
  };
}

/** The name that the other module has for it; undefined: all of it is meant. */
function nameOf({ type, imported, local }: Specifier): string | undefined {
  if (type === 'ImportDefaultSpecifier') return 'default';
  const name = type === 'ImportSpecifier' ? imported : type === 'ExportSpecifier' ? local : undefined;
  return name?.name ?? name?.value;
}
