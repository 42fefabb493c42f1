// The page as a static site, into dist/web: npm run web, after npm run build.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { licencesOf } from '../tools/package/licences.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

/** zod's texts in other languages, which nothing asks for. */
const noOtherLanguages = {
  name: 'no-other-languages',
  load: (id) => (/\/zod\/v4\/locales\/index\.js$/.test(id) ? 'export {};' : null),
};

/** Of the histograms what writes them as text, and a second form of them in WebAssembly: nothing here asks for either. */
const noEncodings = {
  name: 'no-encodings',
  load: (id) =>
    /\/(pako|base64-js)\/(?!.*package\.json)|\/hdr-histogram-js\/dist\/(wasm|encoding|JsHistogram\.encoding)\b.*\.js$/.test(
      id,
    )
      ? 'module.exports = {};'
      : null,
};

/** Of a race's source, `FILE?diagram`: the drawing of what must not happen, without the signs of a comment. */
const raceDiagrams = {
  name: 'race-diagrams',
  load: (id) => (id.endsWith('?diagram') ? `export default ${JSON.stringify(diagramIn(id))};` : null),
};

function diagramIn(id) {
  const source = readFileSync(id.replace('?diagram', ''), 'utf8');
  const comment = [...source.matchAll(/\/\*\*\n([\s\S]*?)\*\//g)].find(([, text]) =>
    text.includes('Forbidden'),
  );
  if (comment === undefined) return '';
  const lines = comment[1].split('\n').map((line) => line.replace(/^ \* ?/, '').trimEnd());
  return lines
    .filter((line) => line !== '```')
    .join('\n')
    .trim();
}

/** LICENCES.md beside the page, of all that went into it and into its workers, which are built on their own. */
const bundled = new Set();
const licences = {
  name: 'licences',
  generateBundle(_options, files) {
    for (const { moduleIds = [] } of Object.values(files)) for (const id of moduleIds) bundled.add(id);
  },
  closeBundle: () => writeFileSync(`${root}dist/web/LICENCES.md`, licencesOf([...bundled], '')),
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
      // What it has for browsers is one file, of which nothing can be left out.
      'hdr-histogram-js': `${root}node_modules/hdr-histogram-js/dist/index.js`,
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [noOtherLanguages, noEncodings, raceDiagrams, licences],
  worker: { format: 'es', plugins: () => [noOtherLanguages, noEncodings, licences] },
  build: {
    outDir: `${root}dist/web`,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // A picture or script within the page would need a policy that lets it.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  logLevel: 'warn',
});
