// The bill of materials of what users install, as CycloneDX JSON: npm run sbom. Of a project that has dependencies for
// development as well, `npm sbom --omit dev` leaves out those that both need; so it is asked of one that has none.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

const manifest = read('package.json');
const lock = read('package-lock.json');
delete manifest.devDependencies;
delete lock.packages[''].devDependencies;

/** Runs npm there. @returns its exit status. */
function npm(...args) {
  return spawnSync('npm', args, { cwd, stdio: 'inherit' }).status ?? 1;
}

const parent = mkdtempSync(join(tmpdir(), 'irqlab-sbom-'));
// npm calls the project after its folder.
const cwd = join(parent, manifest.name);
try {
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(cwd, 'package-lock.json'), JSON.stringify(lock));
  // Leaves in the lock file what the manifest asks for, peers that are not optional included.
  const pruned = npm('install', '--package-lock-only', '--offline', '--ignore-scripts', '--silent');
  process.exitCode = pruned || npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx');
} finally {
  rmSync(parent, { recursive: true, force: true });
}
