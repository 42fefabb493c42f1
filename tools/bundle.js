// Makes one file of the command line, and of what V8 compiles of it when commands run: npm run build, after tsc.
// The library stays as it is: for types, for bundlers of others, and for plug-ins.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licencesOf } from './package/licences.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist/`;
const outfile = `${dist}bundle/irqlab.cjs`;

/** A module finds files and threads beside itself by its own URL, wherever its code now is. */
const ownUrls = {
  name: 'own-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      if (!code.includes('import.meta.url')) return undefined;
      const url = `new URL(${JSON.stringify(`../${relative(dist, path)}`)}, $$url).href`;
      return { contents: code.replaceAll('import.meta.url', () => url) };
    });
  },
};

/** zod's texts in other languages, an eighth of all, which nothing asks for. */
const noOtherLanguages = {
  name: 'no-other-languages',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

/** What the commands do that shows what of them is worth keeping compiled. */
const samples = [
  ['help'],
  ['run', 'examples/rfc-gen2-8vcpu.yaml'],
  ['cat', 'examples/rfc-gen2-8vcpu.yaml', '/proc/interrupts'],
  ['explore', 'modchan-offline', '--variant', 'no-wait'],
  ['complete', '--', 'explore', ''],
];

rmSync(`${dist}bundle`, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [`${dist}cli/start.js`],
  outfile,
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  banner: { js: 'const $$url = require("node:url").pathToFileURL(__filename);' },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'external',
  sourcesContent: false,
  external: ['@babel/parser', '@swc/wasm-typescript', 'bullmq', 'ioredis'],
  plugins: [ownUrls, noOtherLanguages],
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(`${dist}bundle/LICENCES.md`, licencesOf(Object.keys(metafile.inputs), root));
for (const args of samples) {
  const { status, stderr } = spawnSync(process.execPath, [`${root}tools/bundle-cache.js`, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) throw new Error(`irqlab ${args.join(' ')}: ${stderr}`);
}
