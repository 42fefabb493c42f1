// The mutants of a source, and the source with all of them compiled in behind a switch.
//
// Mutated: comparisons, arithmetic, bit operations, logic, conditions (true, false), boolean, number and string
// constants, ++ and --, calls and assignments that stand alone (removed), bodies of functions (emptied). Not mutated:
// types, imports, decorators, what is thrown and what asserts (their texts say nothing about the model), and what only
// tells an explorer of an access, a bare `yield step;` and announce…() (npm run sanitize finds where one lacks), nor the
// name that a word, a lock or a queue has in traces.
import { parse } from '@babel/parser';

const BINARY = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
};
const ASSIGNMENT = {
  '+=': '-=',
  '-=': '+=',
  '|=': '&=',
  '&=': '|=',
  '*=': '/=',
  '<<=': '>>=',
  '>>>=': '<<=',
};
/** Wrappers of types around an expression; of all other nodes of types nothing is mutated. */
const TYPED = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression']);
const SKIPPED_KEYS = new Set([
  'typeAnnotation',
  'typeParameters',
  'returnType',
  'decorators',
  'superTypeParameters',
]);
const SKIPPED_NODES = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ThrowStatement',
  'Decorator',
  'TaggedTemplateExpression',
]);

/** The nodes below `node` that are to be looked at, in order. */
function childrenOf(node) {
  const children = [];
  for (const [key, value] of Object.entries(node)) {
    if (SKIPPED_KEYS.has(key)) continue;
    if ((key === 'key' || key === 'property') && !node.computed) continue;
    if (key === 'source' && node.type.startsWith('Export')) continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string' && typeof child.start === 'number') children.push(child);
    }
  }
  return children.sort((a, b) => a.start - b.start);
}

/** Classes whose objects are made of a text for people. */
const NAMED = /^(Shared\w+|\w*Lock|Completion|Wait\w+|\w+Error)$/;

function isSkipped(node) {
  if (node.declare || SKIPPED_NODES.has(node.type)) return true;
  if (node.type.startsWith('TS')) return !TYPED.has(node.type);
  if (node.type === 'NewExpression') return NAMED.test(node.callee.name ?? '');
  if (node.type !== 'CallExpression') return false;
  return /^(assert|unreachable|announce)/.test(node.callee.name ?? node.callee.property?.name ?? '');
}

function isText(node) {
  return node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
}

/** What takes the place of the expression `node`, each as text. */
function variantsOf(node, text) {
  const part = (child) => text.slice(child.start, child.end);
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression': {
      const { left, right, operator } = node;
      if (operator === '+' && (isText(left) || isText(right))) return [];
      const others = BINARY[operator] ?? [];
      return others.map((other) =>
        other === '&&' || other === '||'
          ? `(${part(left)}) ${other} (${part(right)})`
          : `${part(left)} ${other} ${part(right)}`,
      );
    }
    case 'AssignmentExpression': {
      const other = ASSIGNMENT[node.operator];
      return other === undefined ? [] : [`${part(node.left)} ${other} ${part(node.right)}`];
    }
    case 'UpdateExpression': {
      const other = node.operator === '++' ? '--' : '++';
      return [node.prefix ? other + part(node.argument) : part(node.argument) + other];
    }
    case 'UnaryExpression':
      return ['!', '-', '~'].includes(node.operator) ? [part(node.argument)] : [];
    case 'BooleanLiteral':
      return [String(!node.value)];
    case 'NumericLiteral':
      return [String(node.value + 1)];
    case 'BigIntLiteral':
      return [`${BigInt(node.value) + 1n}n`];
    case 'StringLiteral':
      return [node.value === '' ? "'mutant'" : "''"];
    case 'TemplateLiteral':
      return node.expressions.length > 0 ? ["''"] : [];
    default:
      return [];
  }
}

const CONDITIONS = {
  IfStatement: ['true', 'false'],
  ConditionalExpression: ['true', 'false'],
  WhileStatement: ['false'],
  DoWhileStatement: ['false'],
  ForStatement: ['false'],
};

function isRemovable(statement) {
  const { expression } = statement;
  switch (expression.type) {
    case 'CallExpression':
      return expression.callee.type !== 'Super' && !isSkipped(expression);
    case 'YieldExpression':
      return expression.delegate;
    case 'OptionalCallExpression':
    case 'AssignmentExpression':
    case 'AwaitExpression':
      return true;
    default:
      return false;
  }
}

/** A function's body that can be left at once: not a constructor's, which must call its parent's. */
function isLeavable(node) {
  if (!/(Function|Method)/.test(node.type) || node.kind === 'constructor') return false;
  return node.body.type === 'BlockStatement' && node.body.body.length > 1;
}

/**
 * The mutants of `source`: where each is, what stands there and what it becomes; and the source with all of them in.
 * @param base number of the first mutant
 */
export function mutantsOf(source, base = 0) {
  const tree = parse(source, { sourceType: 'module', plugins: ['typescript', 'decorators-legacy'] });
  const mutants = [];
  const edits = [];

  const add = (start, end, becomes) => {
    mutants.push({ id: base + mutants.length, start, end, becomes });
    return base + mutants.length - 1;
  };
  const wrap = (start, end, before, after) => {
    edits.push({ at: start, from: start, to: end, text: before, rank: edits.length + 1 });
    edits.push({ at: end, from: start, to: end, text: after, rank: -edits.length - 1 });
  };

  /** `extra` takes the place of an expression for the sake of where it stands. */
  const visit = (node, extra = []) => {
    if (isSkipped(node)) return;
    const variants = [...extra, ...variantsOf(node, source)];
    if (variants.length > 0) {
      const chosen = variants.map((text) => `__mutant(${add(node.start, node.end, text)})?(${text}):`);
      wrap(node.start, node.end, `(${chosen.join('')}(`, '))');
    }
    if (node.type === 'ExpressionStatement' && isRemovable(node)) {
      wrap(node.start, node.end, `{if(!__mutant(${add(node.start, node.end, ';')}))`, '}');
    }
    if (isLeavable(node)) {
      const { start, end } = node.body;
      edits.push({
        at: start + 1,
        from: start + 1,
        to: start + 1,
        text: `if(__mutant(${add(start, end, '{}')}))return;`,
        rank: -edits.length - 1,
      });
    }
    const conditions = CONDITIONS[node.type];
    for (const child of childrenOf(node)) {
      visit(child, conditions !== undefined && child === node.test ? conditions : []);
    }
  };
  visit(tree.program);
  return { mutants, edits };
}

/** `edits` as they stand in the text, of those in one place what closes first. */
export function inOrder(edits) {
  return [...edits].sort((a, b) => a.at - b.at || a.rank - b.rank);
}

/** `source` with the insertions `edits`; of those in one place what closes comes before what opens. */
export function edited(source, edits) {
  const sorted = inOrder(edits);
  let text = '';
  let from = 0;
  for (const { at, text: inserted } of sorted) {
    text += source.slice(from, at) + inserted;
    from = at;
  }
  return text + source.slice(from);
}

/** `source` with one of its mutants. */
export function withMutant(source, { start, end, becomes }) {
  const isStatement = becomes === ';' || becomes === '{}';
  return source.slice(0, start) + (isStatement ? becomes : `(${becomes})`) + source.slice(end);
}
