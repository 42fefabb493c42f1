import { childrenOf, isFunction, isMember, type Node, nodeIn, nodesIn, partOf, textIn } from './syntax.js';

/** A variable of the source. */
interface Variable {
  readonly name: string;
  readonly home: Scope;
  readonly uses: Node[];
  isCaptured: boolean;
  /** After the first value, which its declaration gives it. */
  assignments: number;
}

/** Where variables live: a block, or what a function or the module has for itself. */
class Scope {
  readonly variables = new Map<string, Variable>();

  constructor(
    /** The node behind whose first brace an identity for the scope's variables can be made. */
    readonly block: Node,
    readonly func: Node,
    readonly outer: Scope | undefined,
  ) {}

  declare(name: string): void {
    if (this.variables.has(name)) return;
    this.variables.set(name, { name, home: this, uses: [], isCaptured: false, assignments: 0 });
  }

  find(name: string): Variable | undefined {
    return this.variables.get(name) ?? this.outer?.find(name);
  }
}

/** Variables that several contexts may share: used by a function within, and assigned after their first value. */
export interface SharedVariables {
  /** By the identifier that names one. */
  readonly uses: ReadonlyMap<Node, { readonly name: string; readonly block: Node }>;
  /** The blocks that have any. */
  readonly blocks: ReadonlySet<Node>;
}

/** Looks for the variables of a module that closures capture and somebody reassigns. */
export function sharedVariables(program: Node): SharedVariables {
  const resolver = new Resolver();
  resolver.visitProgram(program);
  const uses = new Map<Node, { name: string; block: Node }>();
  const blocks = new Set<Node>();
  for (const { name, home, uses: nodes, isCaptured, assignments } of resolver.variables()) {
    if (!isCaptured || assignments === 0) continue;
    blocks.add(home.block);
    for (const node of nodes) uses.set(node, { name, block: home.block });
  }
  return { uses, blocks };
}

/** Nodes whose identifiers are not uses of variables. */
const withoutVariables: ReadonlySet<string> = new Set([
  'BreakStatement',
  'ContinueStatement',
  'MetaProperty',
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportSpecifier',
]);

class Resolver {
  private readonly scopes: Scope[] = [];

  *variables(): Iterable<Variable> {
    for (const scope of this.scopes) yield* scope.variables.values();
  }

  visitProgram(program: Node): void {
    const scope = this.open(program, program, undefined);
    this.declareIn(program, scope);
    for (const child of childrenOf(program)) this.visit(child, scope);
  }

  private open(block: Node, func: Node, outer: Scope | undefined): Scope {
    const scope = new Scope(block, func, outer);
    this.scopes.push(scope);
    return scope;
  }

  /** Declares what the statements of a block declare. */
  private declareIn(block: Node, scope: Scope, field = 'body'): void {
    for (const statement of nodesIn(block, field)) {
      const inner = nodeIn(statement, 'declaration') ?? statement;
      if (inner.type === 'VariableDeclaration') {
        for (const { id } of declaratorsOf(inner))
          for (const name of namesOf(id)) scope.declare(textIn(name, 'name'));
      } else if (inner.type === 'FunctionDeclaration' || inner.type === 'ClassDeclaration') {
        const id = nodeIn(inner, 'id');
        if (id !== undefined) scope.declare(textIn(id, 'name'));
      }
    }
  }

  private visit(node: Node, scope: Scope): void {
    if (isFunction(node)) this.visitFunction(node, scope);
    else if (!this.visitSpecial(node, scope)) this.visitParts(node, scope);
  }

  /** @returns false for a node that is no more than its parts. */
  private visitSpecial(node: Node, scope: Scope): boolean {
    switch (node.type) {
      case 'BlockStatement':
      case 'StaticBlock':
        this.visitBlock(node, scope);
        return true;
      case 'ForStatement':
      case 'ForOfStatement':
      case 'ForInStatement':
        this.visitLoop(node, scope);
        return true;
      case 'SwitchStatement':
        this.visitSwitch(node, scope);
        return true;
      case 'CatchClause':
        this.visitCatch(node, scope);
        return true;
      case 'VariableDeclarator':
        this.visitDeclarator(node, scope);
        return true;
      case 'AssignmentExpression':
        for (const name of namesOf(partOf(node, 'left'))) this.use(name, scope, true);
        return false;
      case 'UpdateExpression':
        if (partOf(node, 'argument').type === 'Identifier') this.use(partOf(node, 'argument'), scope, true);
        return false;
      case 'Identifier':
        this.use(node, scope, false);
        return true;
      case 'LabeledStatement':
        this.visit(partOf(node, 'body'), scope);
        return true;
      default:
        return withoutVariables.has(node.type);
    }
  }

  private visitParts(node: Node, scope: Scope): void {
    const named = isMember(node) ? nodeIn(node, 'property') : nodeIn(node, 'key');
    const isName = named !== undefined && node.computed !== true;
    for (const child of childrenOf(node)) if (!isName || child !== named) this.visit(child, scope);
  }

  private visitFunction(node: Node, outer: Scope): void {
    const body = partOf(node, 'body');
    const scope = this.open(body, node, outer);
    const key = nodeIn(node, 'key');
    if (key !== undefined && node.computed === true) this.visit(key, outer);
    for (const param of nodesIn(node, 'params')) {
      for (const name of namesOf(param)) scope.declare(textIn(name, 'name'));
    }
    for (const param of nodesIn(node, 'params')) this.visitPattern(param, scope);
    if (body.type === 'BlockStatement') {
      this.declareIn(body, scope);
      for (const child of childrenOf(body)) this.visit(child, scope);
    } else this.visit(body, scope);
  }

  private visitBlock(node: Node, outer: Scope): void {
    const scope = this.open(node, outer.func, outer);
    this.declareIn(node, scope);
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  /** The variables of a loop's head live where the loop stands: one identity for all rounds. */
  private visitLoop(node: Node, outer: Scope): void {
    const scope = this.open(outer.block, outer.func, outer);
    const head = nodeIn(node, 'init') ?? nodeIn(node, 'left');
    if (head?.type === 'VariableDeclaration') {
      for (const { id } of declaratorsOf(head))
        for (const name of namesOf(id)) scope.declare(textIn(name, 'name'));
    }
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  private visitSwitch(node: Node, outer: Scope): void {
    const scope = this.open(outer.block, outer.func, outer);
    for (const part of nodesIn(node, 'cases')) this.declareIn(part, scope, 'consequent');
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  private visitCatch(node: Node, outer: Scope): void {
    const scope = this.open(partOf(node, 'body'), outer.func, outer);
    const param = nodeIn(node, 'param');
    if (param !== undefined) for (const name of namesOf(param)) scope.declare(textIn(name, 'name'));
    this.visit(partOf(node, 'body'), scope);
  }

  private visitDeclarator(node: Node, scope: Scope): void {
    const init = nodeIn(node, 'init');
    this.visitPattern(partOf(node, 'id'), scope);
    if (init !== undefined) this.visit(init, scope);
  }

  /** What a pattern computes: default values and computed keys. */
  private visitPattern(node: Node, scope: Scope): void {
    if (node.type === 'Identifier') return;
    if (node.type === 'AssignmentPattern') {
      this.visitPattern(partOf(node, 'left'), scope);
      this.visit(partOf(node, 'right'), scope);
      return;
    }
    if (node.type === 'ObjectProperty') {
      if (node.computed === true) this.visit(partOf(node, 'key'), scope);
      this.visitPattern(partOf(node, 'value'), scope);
      return;
    }
    for (const child of childrenOf(node)) this.visitPattern(child, scope);
  }

  private use(node: Node, scope: Scope, isAssigned: boolean): void {
    const variable = scope.find(textIn(node, 'name'));
    if (variable === undefined) return;
    if (!variable.uses.includes(node)) variable.uses.push(node);
    if (isAssigned) variable.assignments += 1;
    if (variable.home.func !== scope.func) variable.isCaptured = true;
  }
}

function declaratorsOf(declaration: Node): { readonly id: Node }[] {
  return nodesIn(declaration, 'declarations').map((declarator) => ({ id: partOf(declarator, 'id') }));
}

/** The identifiers that a pattern gives values to; members of objects are none. */
export function namesOf(pattern: Node): readonly Node[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'AssignmentPattern':
      return namesOf(partOf(pattern, 'left'));
    case 'RestElement':
      return namesOf(partOf(pattern, 'argument'));
    case 'ObjectPattern':
      return nodesIn(pattern, 'properties').flatMap(namesOf);
    case 'ObjectProperty':
      return namesOf(partOf(pattern, 'value'));
    case 'ArrayPattern':
      return nodesIn(pattern, 'elements').flatMap(namesOf);
    default:
      return [];
  }
}
