// The table of layers: a folder may import only itself and those above it.
const layers = [
  'lib',
  'trace',
  'machine',
  'irq',
  'platform',
  'vmbus',
  'host',
  'drivers',
  'kvm',
  'devices',
  'view',
  'explore',
  'litmus',
  'lab',
  'races',
  'scenario',
  'guest',
  'steer',
  'testing',
  'command',
  'capture',
  'compare',
  'conformance',
  'live',
  'serve',
  'cli',
  'types',
];

/** Folders that must not be imported although they stand above. */
const blind = {
  host: ['drivers'],
  kvm: ['vmbus', 'host', 'drivers'],
  devices: ['vmbus', 'host', 'drivers', 'kvm'],
  explore: ['irq', 'platform', 'vmbus', 'host', 'drivers', 'kvm', 'devices', 'view'],
  litmus: ['irq', 'platform', 'vmbus', 'host', 'drivers', 'kvm', 'devices', 'view'],
  compare: ['capture'],
  conformance: ['capture', 'compare'],
  live: ['capture', 'compare', 'conformance'],
  serve: ['capture', 'compare', 'conformance', 'live'],
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

/** Floors within a folder, the lowest first: each may import itself and those below. */
const floors = {
  irq: [
    ['messages', '(messages/|kernel\\.ts)'],
    ['matrix', 'matrix/'],
    ['data', 'data/'],
    ['affinity', 'affinity/'],
    ['line', 'line/'],
    ['management', 'management/'],
    ['mapping', 'mapping/'],
    ['controllers', '(generic-chip|sim)/'],
    ['the-whole', '(?!kernel\\.)[^/]+\\.ts'],
  ],
  platform: [
    ['any-architecture', '(platform|line-accounting|line-hardware|device-interrupt)\\.ts'],
    ['architectures', '(x86|arm64)/'],
    ['the-whole', '(?!platform\\.|line-accounting\\.|line-hardware\\.|device-interrupt\\.)[^/]+\\.ts'],
  ],
  view: [
    ['nodes', '(tree|tree-node|irq-entries)\\.ts'],
    ['interrupts', 'interrupts/'],
    ['files', '(proc|sys|debugfs)/'],
    ['the-whole', '(?!tree\\.|tree-node\\.|irq-entries\\.)[^/]+\\.ts'],
  ],
  explore: [
    ['port', 'model\\.ts'],
    ['execution', 'execution/'],
    ['search', 'search/'],
    ['report', 'report/'],
    ['sanitize', 'sanitize/'],
    ['the-whole', '(?!model\\.)[^/]+\\.ts'],
  ],
  host: [
    ['protocols', 'protocols/'],
    [
      'what-a-host-has',
      '(batch|channel-table|device|host-gpadls|latency|outgoing|relids|schedule|synic-sender|totals)\\.ts',
    ],
    ['what-it-is-made-to-do', '(backends|misbehave)/'],
    ['the-whole', '(channel-traffic|control-path|hyperv|module|offers|vmbus-server)\\.ts'],
  ],
};

const floorRules = Object.entries(floors).flatMap(([folder, fromLowest]) =>
  fromLowest.slice(0, -1).map(([name, path], i) => ({
    name: `floor-${folder}-${name}`,
    comment: `src/${folder}/${path} may import only itself and the floors below (docs/architecture.md)`,
    severity: 'error',
    from: { path: `^src/${folder}/${path}` },
    to: {
      path: `^src/${folder}/(${fromLowest
        .slice(i + 1)
        .map(([, above]) => above)
        .join('|')})`,
    },
  })),
);

module.exports = {
  forbidden: [
    ...layerRules,
    ...floorRules,
    {
      name: 'no-circular',
      comment:
        'Where two classes must know each other, the lower one names an interface that the upper one implements',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'architectures-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/platform/(x86|arm64)/' },
      to: { path: '^src/platform/(x86|arm64)/', pathNot: '^src/platform/$1/' },
    },
    {
      name: 'drivers-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/drivers/(?!index|module)([^/.]+)' },
      to: {
        path: '^src/drivers/',
        pathNot: '^src/drivers/((dev-printk|device-parameters|injection|rtnl)\\.ts$|conversation/|$1[/.])',
      },
    },
    {
      name: 'drivers-know-only-the-protocols-of-the-host',
      severity: 'error',
      from: { path: '^src/drivers/' },
      to: { path: '^src/host/', pathNot: '^src/host/protocols/' },
    },
    {
      name: 'the-parser-is-loaded-on-demand-only',
      comment: 'Whoever neither sanitizes nor serves plug-ins need not load a parser',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(command/sanitize/hooks|explore/sanitize/instrument|serve/module-imports)\\.ts$',
      },
      to: { path: '(@babel/|^src/explore/sanitize/instrument\\.ts$)' },
    },
    {
      name: 'every-room-stands-in-the-table',
      comment: 'A folder of src that is not among the layers above would be outside all their rules',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: `^src/(${layers.join('|')})/` },
    },
    {
      name: 'a-room-of-its-own',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${layers.join('|')})/` },
      to: {},
    },
    {
      name: 'entry-points-are-for-users',
      comment:
        'src/index.ts, browser.ts, explore.ts, lab.ts and node-guest.ts put the package together; nothing of irqlab imports them',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/command/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'fuse-shell-and-control-know-no-guest',
      comment: 'src/live joins them with guests: the protocol, the namespaces and the socket serve any files',
      severity: 'error',
      from: { path: '^src/live/(fuse|shell|control)/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(lib/|command/|steer/answer\\.ts$|live/((programs|linux-only)\\.ts$|(fuse|shell|control)/))',
      },
    },
    {
      name: 'protocol-and-rings-stand-alone',
      comment: 'What guest and host both speak knows nothing of channels, connections or designs',
      severity: 'error',
      from: { path: '^src/vmbus/(protocol|ring)/' },
      to: { path: '^src/vmbus/', pathNot: '^src/vmbus/(protocol|$1)/' },
    },
    {
      name: 'the-host-meets-the-guest-in-messages-pages-and-rings',
      severity: 'error',
      from: { path: '^src/host/' },
      to: {
        path: '^src/vmbus/',
        pathNot: '^src/vmbus/(protocol/|ring/|(host-port|synic|guest-memory|gpadl|relid-map)\\.ts$)',
      },
    },
    {
      name: 'inversify-only-in-modules',
      comment: "A folder's module.ts binds what is there; src/guest/container puts guests together",
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(guest/container/|browser\\.ts|[a-z]+/module\\.ts$|drivers/injection\\.ts$)',
      },
      to: { path: '(inversify|reflect-metadata)' },
    },
    {
      name: 'model-knows-no-machine-it-runs-on',
      comment: 'The model does not read files, start timers or look at the host; it loads in a browser, too',
      severity: 'error',
      from: {
        path: '^src/((lib|trace|machine|irq|platform|vmbus|host|drivers|kvm|view|explore|lab|races|scenario|guest|steer)/|browser\\.ts)',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      // Node loads the hooks of plug-in imports by their address.
      from: { orphan: true, path: '^src/', pathNot: '^src/(index|command/plugin-hooks)\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
  },
};
