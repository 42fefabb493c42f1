// The table of layers: a folder may import only itself and those above it.
const layers = [
  'lib',
  'machine',
  'irq',
  'platform',
  'vmbus',
  'host',
  'drivers',
  'kvm',
  'view',
  'explore',
  'races',
  'scenario',
  'guest',
  'capture',
  'compare',
  'conformance',
  'live',
  'cli',
];

/** Folders that must not be imported although they stand above. */
const blind = {
  host: ['drivers'],
  kvm: ['vmbus', 'host', 'drivers'],
  explore: ['irq', 'platform', 'vmbus', 'host', 'drivers', 'kvm', 'view'],
};

const layerRules = layers.map((layer, i) => {
  const forbidden = [...layers.slice(i + 1), ...(blind[layer] ?? [])];
  return {
    name: `layer-${layer}`,
    comment: `src/${layer} may import only the folders above it in the table of layers (docs/architecture.md)`,
    severity: 'error',
    from: { path: `^src/${layer}/` },
    to: { path: `^src/(${forbidden.join('|') || 'nothing'})/` },
  };
});

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'drivers-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/drivers/(?!index|module)([^/.]+)' },
      to: {
        path: '^src/drivers/',
        pathNot: '^src/drivers/((dev-printk|device-parameters|injection)\\.ts$|conversation/|$1[/.])',
      },
    },
    {
      name: 'drivers-know-only-the-protocols-of-the-host',
      severity: 'error',
      from: { path: '^src/drivers/' },
      to: { path: '^src/host/', pathNot: '^src/host/protocols/' },
    },
    {
      name: 'inversify-only-in-app',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(guest/|index\\.ts|[a-z]+/module\\.ts$|drivers/injection\\.ts$)',
      },
      to: { path: '(inversify|reflect-metadata)' },
    },
    {
      name: 'model-knows-no-machine-it-runs-on',
      comment: 'The model does not read files, start timers or look at the host',
      severity: 'error',
      from: { path: '^src/(lib|machine|irq|platform|vmbus|host|drivers|kvm|view|explore|races)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/index\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: false,
    parser: 'swc',
  },
};
