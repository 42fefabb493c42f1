// The errors that a guest gives, as the sources make them: each errno with its sentences.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '@babel/parser';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Functions that make an error of an errno and a sentence, besides `new ErrnoError`; they get a kernel function's value. */
const makers = new Set(['errorOf', 'throwIfError']);

/**
 * Every error in src.
 *
 * @returns for each its errnos (none: the one that a kernel's function has returned), its sentence, in which ‹name›
 * stands for what is filled in, and its file.
 */
export function errorsOfGuests() {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      if (!/\b(ErrnoError|errorOf|throwIfError)\(/.test(text)) return [];
      const plugins = ['typescript', 'decorators-legacy'];
      return [...callsIn(parse(text, { sourceType: 'module', plugins }).program)].flatMap((args) =>
        errorOf(file, args),
      );
    });
}

/** The arguments of each call that makes an error. */
function* callsIn(node) {
  if (Array.isArray(node)) for (const one of node) yield* callsIn(one);
  if (typeof node?.type !== 'string') return;
  const name = node.callee?.name;
  if (
    node.type === 'NewExpression' ? name === 'ErrnoError' : node.type === 'CallExpression' && makers.has(name)
  )
    yield node.arguments;
  for (const [key, child] of Object.entries(node))
    if (typeof child === 'object' && !key.endsWith('Comments')) yield* callsIn(child);
}

function errorOf(file, [code, sentence]) {
  return sentencesOf(sentence).map((text) => ({ codes: codesOf(code), text, file }));
}

function codesOf(node) {
  if (node.type === 'StringLiteral') return [node.value];
  return node.type === 'ConditionalExpression' ? [node.consequent, node.alternate].flatMap(codesOf) : [];
}

/** None where the sentence comes from elsewhere. @param node undefined for another function of the name */
function sentencesOf(node) {
  switch (node?.type) {
    case 'StringLiteral':
      return [node.value];
    case 'TemplateLiteral':
      return [node.quasis.map(({ value }, i) => value.cooked + placeholder(node.expressions[i])).join('')];
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap(sentencesOf);
    default:
      return [];
  }
}

function placeholder(node) {
  if (node === undefined) return '';
  const name = node.type === 'MemberExpression' ? node.property.name : node.name;
  return name === undefined ? '…' : `‹${name}›`;
}
