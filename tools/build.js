// Builds dist, unless it is of the same sources, dependencies and Node already: npm run build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const stamp = join(root, 'dist/.built-of');

/** What dist is made of. */
const inputs = [
  'src',
  'web',
  'examples',
  'tools/build.js',
  'tools/bundle.js',
  'tools/bundle-cache.js',
  'tools/bundle-for-plugins.js',
  'tools/man.js',
  'tools/man',
  'tools/package/licences.js',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.examples.json',
];

const steps = [
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.examples.json'],
  ['tools/bundle.js'],
  ['tools/bundle-for-plugins.js'],
  ['tools/man.js'],
  ['node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.js'],
];

const builtOf = createHash('sha256').update(process.version);
for (const input of inputs) addContent(input);
const digest = builtOf.digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  rmSync(stamp, { force: true });
  for (const step of steps) {
    const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
  writeFileSync(stamp, digest);
}

function addContent(path) {
  const whole = join(root, path);
  if (statSync(whole).isDirectory())
    for (const name of readdirSync(whole).sort()) addContent(join(path, name));
  else builtOf.update(`${path}\n`).update(readFileSync(whole));
}
