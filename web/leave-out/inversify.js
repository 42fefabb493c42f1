// Of inversify, and of what it and compilers keep beside classes. Plug-ins have a worker that has all of it: tools/bundle-for-plugins.js.
import { methodsLeftOut } from './cut.js';

const container = '/@inversifyjs/container/lib';

/** How it compiles its resolvers with `new Function`, which it does for who asks for it, and a page's policy forbids. */
const compiledResolvers = {
  name: 'no-compiled-resolvers',
  load: (id) => {
    const [, name] = /\/@inversifyjs\/core\/lib\/planning\/calculations\/(build\w+Jit)\.js$/.exec(id) ?? [];
    return name === undefined ? null : `export const ${name} = () => {};`;
  },
};

/** Its own forms for one to four arguments, with all that can come of promises: the form for any number does the same. */
const formsByNumber = {
  name: 'no-forms-by-number',
  load: (id) => {
    const [, name, kind] =
      /\/@inversifyjs\/core\/lib\/planning\/calculations\/(build(?:One|Two|Three|Four)(Constructor|ResolvedValue)ArgumentResolver)\.js$/.exec(
        id,
      ) ?? [];
    return name === undefined ? null : formForAny(name, `build${kind}ArgumentsResolver`);
  },
};

function formForAny(name, form) {
  return `
import { ${form} } from './${form}.js';
import { resolveMany } from './resolveMany.js';
export const ${name} = (node, activations) => ${form}(node, resolveMany, activations);
`;
}

/** In place of reflect-metadata, which has a register for several of itself, what is asked of it: facts of classes by key. */
const metadataOnly = {
  name: 'metadata-only',
  load: (id) => (/\/reflect-metadata\/ReflectLite\.js$/.test(id) ? metadata : null),
};

const metadata = `
const facts = new WeakMap();
const of = (target, property) => facts.get(target)?.get(property);
Object.assign(Reflect, {
  defineMetadata(key, value, target, property) {
    if (!facts.has(target)) facts.set(target, new Map());
    const ofTarget = facts.get(target);
    if (!ofTarget.has(property)) ofTarget.set(property, new Map());
    ofTarget.get(property).set(key, value);
  },
  getOwnMetadata: (key, target, property) => of(target, property)?.get(key),
  metadata: (key, value) => (target, property) => Reflect.defineMetadata(key, value, target, property),
});
export {};
`;

/** The conditions of bindings that no module.ts has. */
const conditions = methodsLeftOut(
  'no-conditions',
  new RegExp(`${container}/binding/models/BindingFluentSyntaxImplementation\\.js$`),
  [
    ...['Ancestor', 'Parent'].flatMap((kin) =>
      ['', 'Is', 'Named', 'Tagged'].flatMap((how) => [
        `when${kin === 'Parent' ? '' : 'Any'}${kin}${how}`,
        `whenNo${kin}${how}`,
      ]),
    ),
    'toFactory',
    'toSelf',
    'whenDefault',
    'whenTagged',
  ],
);

/** What containers do later, and undo. */
const later = [
  methodsLeftOut('no-later', new RegExp(`${container}/container/services/Container\\.js$`), [
    'getAllAsync',
    'getAsync',
    'loadAsync',
    'rebind',
    'rebindAsync',
    'restore',
    'snapshot',
    'unbindAllAsync',
    'unbindAsync',
    'unload',
    'unloadAsync',
  ]),
  methodsLeftOut(
    'no-later-modules',
    new RegExp(`${container}/container/services/ContainerModuleManager\\.js$`),
    ['loadAsync', 'unload', 'unloadAsync'],
  ),
  methodsLeftOut('no-snapshots', new RegExp(`${container}/container/services/SnapshotManager\\.js$`), [
    'restore',
    'snapshot',
  ]),
];

export const inversifyExtras = [compiledResolvers, formsByNumber, metadataOnly, conditions, ...later];
