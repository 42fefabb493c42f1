// Of yaml: what writes YAML and changes documents. The page reads it only.
import { emptied, methodsLeftOut } from './cut.js';

const dist = '/yaml/browser/dist';

export const yamlWriters = [
  emptied(
    'no-yaml-writers',
    new RegExp(
      `${dist}/(stringify/\\w+|doc/(anchors|applyReviver|createNode)|parse/cst-(scalar|stringify|visit))\\.js$`,
    ),
  ),
  methodsLeftOut('no-yaml-changes', new RegExp(`${dist}/doc/Document\\.js$`), [
    'add',
    'addIn',
    'clone',
    'createAlias',
    'createNode',
    'createPair',
    'delete',
    'deleteIn',
    'get',
    'getIn',
    'has',
    'hasIn',
    'set',
    'setIn',
    'toString',
  ]),
  methodsLeftOut('no-yaml-paths', new RegExp(`${dist}/nodes/Collection\\.js$`), [
    'addIn',
    'clone',
    'deleteIn',
    'getIn',
    'hasIn',
    'setIn',
  ]),
  methodsLeftOut('no-yaml-sequence-changes', new RegExp(`${dist}/nodes/YAMLSeq\\.js$`), [
    'add',
    'delete',
    'from',
    'get',
    'has',
    'set',
    'toString',
  ]),
  methodsLeftOut('no-yaml-alias-text', new RegExp(`${dist}/nodes/Alias\\.js$`), ['toString']),
  methodsLeftOut('no-yaml-pair-text', new RegExp(`${dist}/nodes/Pair\\.js$`), ['clone', 'toString']),
  methodsLeftOut('no-yaml-directives-text', new RegExp(`${dist}/doc/directives\\.js$`), ['toString']),
];
