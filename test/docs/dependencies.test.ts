import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readPage, root } from './pages.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest;
const lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly hasInstallScript?: true }>
  >;
};

const page = readPage('docs/dependencies.md');

interface Row {
  /** One line may name several. */
  readonly packages: readonly string[];
  readonly licences: readonly string[];
  /** What versions of them are taken. */
  readonly versions: string;
}

function listOf(cell: string): string[] {
  return cell.split(',').map((name) => name.trim());
}

function rowsIn(section: string): Row[] {
  const [, text = ''] = page.split(`## ${section}\n`);
  const [head, , ...rows] = text
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const versions = head.indexOf('versions');
  return rows.map((row) => ({
    packages: listOf(row[1]),
    licences: listOf(row[2]),
    versions: row[versions],
  }));
}

/** How package.json writes what a line says. */
function versionsOf(range: string): string {
  if (!/^[~^]/.test(range)) return 'exact';
  const [major, minor] = range.slice(1).split('.');
  if (range.startsWith('~')) return `patches of ${major}.${minor}`;
  return major === '0' ? `patches of 0.${minor}` : 'any of its major';
}

/** What users have to have, and npm installs for them. */
const peers = Object.keys(manifest.peerDependencies).filter(
  (name) => !manifest.peerDependenciesMeta[name]?.optional,
);

describe.each([
  { section: 'At run time', names: [...Object.keys(manifest.dependencies), ...peers] },
  {
    section: 'For development',
    names: Object.keys(manifest.devDependencies).filter((name) => !peers.includes(name)),
  },
])('$section', ({ section, names }) => {
  const rows = rowsIn(section);

  test('each package has its reason, and none that is gone', () => {
    expect(rows.flatMap(({ packages }) => packages).sort()).toEqual([...names].sort());
  });

  test.each(rows)('$packages: licensed as $licences', ({ packages, licences }) => {
    const own = packages.map((name) => lock.packages[`node_modules/${name}`].license);
    expect([...new Set(own)].sort()).toEqual([...licences].sort());
  });

  test.each(rows)('$packages: package.json takes $versions', ({ packages, versions }) => {
    const peerRanges = Object.fromEntries(peers.map((name) => [name, manifest.peerDependencies[name]]));
    const ranges = { ...manifest.dependencies, ...manifest.devDependencies, ...peerRanges };
    for (const name of packages) expect(versions.split(/[,:]/)[0]).toBe(versionsOf(ranges[name]));
  });
});

test('no package runs a script when it is installed', () => {
  const willing = Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
    .filter((name) => manifest.allowScripts[name] !== false);
  expect(willing).toEqual([]);
});

test('the package has no script that npm would run, or warn of, where it is installed', () => {
  const run = ['preinstall', 'install', 'postinstall', 'prepare'];
  expect(Object.keys(manifest.scripts).filter((name) => run.includes(name))).toEqual([]);
});
