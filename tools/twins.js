// Writes the plain form of each …Steps procedure of src behind it; `--check` only says where one is out of date.
// Example: node tools/twins.js --check
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TwinError, withTwins } from './twins/plain-form.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));
const check = process.argv.includes('--check');

/** The files as biome formats them; all at once, since each run of biome takes a tenth of a second. */
function formatted(texts) {
  const directory = mkdtempSync(join(tmpdir(), 'twins-'));
  try {
    for (const [file, text] of texts) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    // biome formats nothing outside the folder of its configuration.
    const { formatter, javascript } = JSON.parse(readFileSync(`${root}biome.json`, 'utf8'));
    writeFileSync(join(directory, 'biome.json'), JSON.stringify({ formatter, javascript }));
    execFileSync(biome, ['format', '--write', 'src'], { cwd: directory, stdio: 'ignore' });
    return new Map([...texts.keys()].map((file) => [file, readFileSync(join(directory, file), 'utf8')]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const stale = [];
try {
  const sources = new Map();
  for (const name of readdirSync(`${root}src`, { recursive: true })) {
    const file = `src/${name}`;
    if (!file.endsWith('.ts')) continue;
    const source = readFileSync(root + file, 'utf8');
    if (/\w+Steps\b/.test(source)) sources.set(file, source);
  }
  const written = new Map([...sources].map(([file, source]) => [file, withTwins(source, file)]));
  for (const [file, next] of formatted(written)) {
    if (next === sources.get(file)) continue;
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
