// The page as a static site, into dist/web: npm run web, after npm run build.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { licencesOf } from '../tools/package/licences.js';
import { leftOut } from './leave-out/index.js';
import { diagramsOf } from './race-diagrams.js';
import { shortNames } from './short-names.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

/** Of a race's source, `FILE?diagram`: the drawings of what must not happen. */
const raceDiagrams = {
  name: 'race-diagrams',
  load(id) {
    const [, race] = /([\w-]+)\.ts\?diagram$/.exec(id) ?? [];
    return race === undefined ? null : `export default ${JSON.stringify(diagramsOf(race))};`;
  },
};

/** What went into the page and into its workers, which are built on their own, before it is. */
const bundled = new Set();
const collected = {
  name: 'collected',
  generateBundle(_options, files) {
    for (const { moduleIds = [] } of Object.values(files)) for (const id of moduleIds) bundled.add(id);
  },
};

/** LICENCES.md beside the page, of all of that. */
const licences = {
  name: 'licences',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'LICENCES.md', source: licencesOf([...bundled], '') });
  },
};

/**
 * The worker's files: the guest is one, so that it is there after one request, and what only some views ask for is in one
 * for each of them.
 */
const workerParts = [
  // With all that they import.
  { name: 'guest', test: /\/web\/worker\/serve\./, priority: 1 },
  { name: 'races', test: /\/web\/worker\/races\.|\/dist\/(races\/(index|module)|command\/races-with)\.js$/ },
  { name: 'compare', test: /\/web\/worker\/compare\.|\/dist\/(compare|guest\/run-stats)/ },
  { name: 'captures', test: /\/dist\/capture\/|\/modern-tar\// },
];

/**
 * The page's files: the views that it does not begin with are one, with all that only they import, but for the editor,
 * which is large.
 */
const pageParts = {
  groups: [
    {
      name: 'views',
      test: /\/web\/views\/(compare|files|races|timeline)\/|\/web\/store\/(compare|races)\.|\/web\/lib\/(count|shell-line)\.|\?diagram$/,
    },
  ],
  includeDependenciesRecursively: false,
};

export default defineConfig({
  root: here,
  // A static site works in any folder of any server.
  base: './',
  publicDir: false,
  // The library as it is compiled for everybody else: decorators need the metadata that tsc writes.
  resolve: {
    alias: {
      'irqlab/browser': `${root}dist/browser.js`,
      // What it has for browsers is one file, of which nothing can be left out; of its index all is asked for.
      'hdr-histogram-js': `${root}node_modules/hdr-histogram-js/dist/HistogramBuilder.js`,
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [...leftOut, raceDiagrams, collected, licences],
  worker: {
    format: 'es',
    plugins: () => [...leftOut, shortNames(), collected],
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { comments: false, codeSplitting: { groups: workerParts } },
    },
  },
  build: {
    outDir: `${root}dist/web`,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // A picture or script within the page would need a policy that lets it.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // The guest is one file; test/web/size.test.ts has what all may weigh.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { comments: false, codeSplitting: pageParts },
    },
  },
  logLevel: 'warn',
});
