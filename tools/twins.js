// Writes the plain form of each …Steps procedure of src behind it; `--check` only says where one is out of date.
// Example: node tools/twins.js --check
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TwinError, withTwins } from './twins/plain-form.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));
const check = process.argv.includes('--check');

function formatted(text, file) {
  return execFileSync(biome, ['format', `--stdin-file-path=${file}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  });
}

const stale = [];
try {
  for (const name of readdirSync(`${root}src`, { recursive: true })) {
    const file = `src/${name}`;
    if (!file.endsWith('.ts')) continue;
    const source = readFileSync(root + file, 'utf8');
    if (!/\w+Steps\b/.test(source)) continue;
    const next = formatted(withTwins(source, file), file);
    if (next === source) continue;
    stale.push(file);
    if (!check) writeFileSync(root + file, next);
  }
} catch (error) {
  if (!(error instanceof TwinError)) throw error;
  console.error(error.message);
  process.exit(1);
}
for (const file of stale) {
  console.log(
    check
      ? `${file}: a plain form differs from its …Steps, or the file is not formatted; run npm run twins`
      : `wrote ${file}`,
  );
}
if (check && stale.length > 0) process.exitCode = 1;
