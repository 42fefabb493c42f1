// Makes the library of `irqlab web --plugin`: the page's worker with all that plug-ins may import, each of its modules
// once, in dist/web-with-plugins. The page's own worker has only what it asks for itself, under short names.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { leftOut } from '../web/leave-out/index.js';
import { licencesOf } from './package/licences.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist/`;
const outdir = `${dist}web-with-plugins`;

/** What plug-ins may import, and where it is. In a page, irqlab is what it has for browsers. */
const shared = {
  irqlab: `${dist}browser.js`,
  'irqlab/browser': `${dist}browser.js`,
  'irqlab/explore': `${dist}explore.js`,
  'irqlab/lab': `${dist}lab.js`,
  'irqlab/stats': `${dist}guest/run-stats.js`,
  inversify: 'inversify',
  // The same, without what browsers of long ago lack.
  'reflect-metadata': 'reflect-metadata/lite',
  zod: 'zod',
};

/** The text of a module, changed: it must have what is to be replaced. */
function replaced(filter, from, to) {
  return ({ onLoad }) =>
    onLoad({ filter }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      if (!code.includes(from)) throw new Error(`${path} has no ${from}`);
      return { contents: code.replace(from, to) };
    });
}

/** zod compiles its checks with `new Function`, which a page's policy forbids, and tells of. */
const noCompiledChecks = {
  name: 'no-compiled-checks',
  setup: replaced(/\/zod\/v4\/core\/schemas\.js$/, '!core.globalConfig.jitless', 'false'),
};

/** What the page's own worker goes without, and no plug-in comes to see: most of zod is for them as well. */
const unseen = leftOut.filter(({ name }) =>
  ['no-histogram-forms', 'no-other-languages', 'no-yaml-writers'].includes(name),
);
const noUnseen = {
  name: 'no-unseen',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.js$/ }, ({ path }) => {
      const [contents] = unseen.flatMap(({ load }) => load(path) ?? []);
      return contents === undefined ? undefined : { contents };
    });
  },
};

const nameOf = (specifier) => specifier.replace('/', '-');

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    worker: `${root}web/worker/start-with-plugins.ts`,
    ...Object.fromEntries(Object.entries(shared).map(([specifier, path]) => [nameOf(specifier), path])),
  },
  outdir,
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  alias: {
    'irqlab/browser': `${dist}browser.js`,
    'hdr-histogram-js': `${root}node_modules/hdr-histogram-js/dist/HistogramBuilder.js`,
  },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  plugins: [noCompiledChecks, noUnseen],
  metafile: true,
  logLevel: 'warning',
});

const exportsOf = (address) => metafile.outputs[`dist/web-with-plugins/${address}`].exports;
const entries = Object.keys(shared).map((specifier) => {
  const address = `${nameOf(specifier)}.js`;
  return [specifier, { address, exports: exportsOf(address) }];
});
writeFileSync(`${outdir}/shared.json`, JSON.stringify(Object.fromEntries(entries)));
writeFileSync(`${outdir}/LICENCES.md`, licencesOf(Object.keys(metafile.inputs), root));
