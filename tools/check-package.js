// Packs the package, installs it into an empty project, and has what a user writes against it compiled and run there:
// test/package/consumer and the examples. Needs a build: npm run package.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  deadLinks,
  loadedBytes,
  mapsWithoutSources,
  missingAddresses,
  overBudget,
} from './package/contents.js';
import { problemsOfTypes } from './public-types/check.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'irqlab-package-'));
const elsewhere = mkdtempSync(join(tmpdir(), 'irqlab-plugin-'));

/** Runs a program to its end and gives its output. It throws what the program said if it failed. */
function run(program, args, cwd = project, env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? `${stdout}${stderr}`}`);
  return stdout;
}

/** A program of this repository's dependencies for development. */
function tool(name, ...args) {
  return run(join(root, 'node_modules/.bin', name), args);
}

function expectNone(problems) {
  if (problems.length > 0) throw new Error(problems.join('\n     '));
}

/** What `import 'irqlab'` loads, in bytes. */
function firstImportBytes() {
  const coverage = join(project, 'coverage');
  const importIt = ['--input-type=module', '-e', "await import('irqlab')"];
  run(process.execPath, importIt, project, { ...process.env, NODE_V8_COVERAGE: coverage });
  return loadedBytes(coverage);
}

/** Packages that the bill of materials lacks, or has without a licence. */
function unknownInSbom() {
  const { components } = JSON.parse(run('npm', ['run', '--silent', 'sbom'], root));
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  const known = components.filter(({ licenses }) => licenses?.length > 0).map(({ name }) => name);
  return [...new Set([...Object.keys(dependencies), ...peers, ...components.map(({ name }) => name)])]
    .filter((name) => !known.includes(name))
    .map((name) => `npm run sbom: nothing of the licence of ${name}`);
}

/** The other versions of Node that are maintained, as npm has them; this process is the one that all else runs on. */
const nodes = ['22', '24'];

function writeJson(name, value) {
  writeFileSync(join(project, name), JSON.stringify(value, undefined, 2));
}

/** No types of Node's: those of the package must do without. zod's name URL, which browsers have as well. */
const compilerOptions = {
  target: 'es2022',
  lib: ['es2023', 'dom'],
  module: 'nodenext',
  types: [],
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  rootDir: '.',
  outDir: 'dist',
};

/** A program whose inversify is older than npm would have it is told what irqlab needs. */
function expectWordsFor(inversify) {
  const install = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--legacy-peer-deps',
    inversify,
  ];
  run('npm', install);
  const make = ['--input-type=module', '-e', "(await import('irqlab')).Guest.create({ cpus: 1 })"];
  const { stderr } = spawnSync(process.execPath, make, { cwd: project, encoding: 'utf8' });
  if (!stderr.includes('irqlab needs inversify 8.2')) throw new Error(`with ${inversify}: ${stderr}`);
}

const runConsumer = `
  const { expected, useAll } = await import('./dist/consumer/main.js');
  const { deepStrictEqual } = await import('node:assert');
  deepStrictEqual(useAll(), expected);
  const { accessSync } = await import('node:fs');
  accessSync(new URL(import.meta.resolve('irqlab/scenario.schema.json')));
`;

/** Types that Node itself takes out, as it does from 22.18 on. */
const runTypes = `
  const { useLab } = await import('./consumer/lab.ts');
  const { useLab: useCompiled } = await import('./dist/consumer/lab.js');
  const { deepStrictEqual } = await import('node:assert');
  deepStrictEqual(useLab(), useCompiled());
`;

/** Compiles and runs what users of vitest write. Compilers leave out the types of vite, which want those of Node. */
function useVitest() {
  cpSync(join(root, 'test/package/vitest'), join(project, 'vitest'), { recursive: true });
  symlinkSync(join(root, 'node_modules/vitest'), join(project, 'node_modules/vitest'));
  writeJson('vitest/tsconfig.json', {
    compilerOptions: { ...compilerOptions, noEmit: true, skipLibCheck: true },
  });
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(project, 'vitest')]);
  run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run']);
}

/** Serves the page with a plug-in, and asks for the plug-in and for what it imports. */
async function servePlugin(file) {
  const server = spawn(join(project, 'node_modules/.bin/irqlab'), ['web', '--plugin', file]);
  try {
    const [address] = await once(server.stdout, 'data');
    const get = async (path) => {
      const answer = await fetch(new URL(path, String(address)));
      if (!answer.ok) throw new Error(`irqlab web --plugin: ${path} gives ${answer.status}`);
      return answer.text();
    };
    const text = await get('/plug-ins/1/race.mjs');
    for (const [, path] of text.matchAll(/from "([^"]+)"/g)) await get(path);
    await get('/plug-ins/start.js');
    await get('/with-plugins/worker.js');
  } finally {
    server.kill();
  }
}

/** The same race with the sanitizer, for which the code must be loaded by its hooks. */
const runSanitized = `
  const { sanitizerText } = await import('./dist/consumer/explore.js');
  const { strictEqual } = await import('node:assert');
  strictEqual(sanitizerText(), 'BUG: unannounced access in up / up, 0');
`;

try {
  const [{ filename, size, unpackedSize }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root),
  );
  writeJson('package.json', { name: 'consumer', private: true, type: 'module' });
  writeJson('tsconfig.json', { compilerOptions, include: ['consumer', 'examples'] });
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${filename}`]);
  console.log(`ok   ${filename} is installed`);
  const irqlabFolder = join(project, 'node_modules/irqlab');
  expectNone(problemsOfTypes(irqlabFolder));
  console.log('ok   all that its signatures mention is exported and documented');
  expectNone([...deadLinks(irqlabFolder), ...mapsWithoutSources(irqlabFolder)]);
  console.log('ok   its pages link to what it has, and it has the sources of its source maps');
  const sizes = { packed: size, unpacked: unpackedSize, firstImport: firstImportBytes() };
  expectNone(overBudget(sizes));
  console.log(
    `ok   ${Object.entries(sizes)
      .map(([what, bytes]) => `${what} ${bytes}`)
      .join(', ')} bytes`,
  );
  const missing = missingAddresses(irqlabFolder);
  if (missing.length > 0)
    console.log(
      `note ${missing.join(', ')}: not in package.json, and needed for a release (docs/releasing.md)`,
    );
  tool('publint', 'run', filename, '--strict');
  // CommonJS gets it by import(), or by require() from Node 22 on; `node10` is a resolution of TypeScript before 4.7.
  tool('attw', filename, '--profile', 'esm-only');
  console.log('ok   publint and attw find nothing');
  expectNone(unknownInSbom());
  console.log('ok   its bill of materials has every dependency with a licence');
  cpSync(join(root, 'test/package/consumer'), join(project, 'consumer'), { recursive: true });
  for (const example of ['plugin-driver', 'own-race']) {
    mkdirSync(join(project, 'examples'), { recursive: true });
    const installed = join(project, 'node_modules/irqlab/examples', example);
    cpSync(installed, join(project, 'examples', example), { recursive: true });
  }
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit'];
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project, ...bundler]);
  console.log(
    'ok   its types compile in a project that has nothing else, as Node and as bundlers resolve them',
  );
  run(process.execPath, ['--input-type=module', '-e', runConsumer]);
  console.log('ok   what it exports runs');
  useVitest();
  console.log('ok   its matchers are those of vitest, with their types');
  run(process.execPath, ['--import', 'irqlab/sanitize', '--input-type=module', '-e', runSanitized]);
  run('npx', ['--no-install', 'irqlab', 'explore', 'affinity-vs-offline', '--sanitize']);
  console.log('ok   it sanitizes races');
  run('npx', ['--no-install', 'irqlab', 'run', 'node_modules/irqlab/examples/rfc-gen2-8vcpu.yaml']);
  run('npx', ['--no-install', 'irqlab', 'record', '--script']);
  console.log('ok   its command line runs');
  const installed = join(project, 'node_modules/irqlab/examples');
  // Elsewhere there is no irqlab and no inversify but those that the command line brings along.
  cpSync(join(installed, 'plugin-race/plugin.js'), join(elsewhere, 'race.mjs'));
  run('npx', ['--no-install', 'irqlab', 'explore', 'shared-count', '--plugin', join(elsewhere, 'race.mjs')]);
  console.log('ok   it loads plug-ins from elsewhere');
  await servePlugin(join(elsewhere, 'race.mjs'));
  console.log('ok   it serves the page with plug-ins');
  const irqlab = (...args) => run(join(project, 'node_modules/.bin/irqlab'), args, elsewhere);
  for (const file of ['mine.ts', 'mine.mts', 'mine.js', 'mine.mjs']) {
    irqlab('init', 'race', file);
    irqlab('explore', file);
    irqlab('explore', file, 'percpu-list', '--save', `${file}.json`);
    irqlab('replay', `${file}.json`, '--step');
    const parts = [0, 1].map((part) => [`${part}/2`, `${file}.${part}`]);
    for (const [part, report] of parts)
      irqlab('explore', file, 'irqdomain', '--shard', part, '--save-report', report);
    irqlab('explore', 'merge', ...parts.map(([, report]) => report));
    // Its parts are no longer those of this file.
    appendFileSync(join(elsewhere, file), '// changed\n');
    const merge = ['explore', 'merge', ...parts.map(([, report]) => report)];
    if (spawnSync(join(project, 'node_modules/.bin/irqlab'), merge, { cwd: elsewhere }).status !== 2)
      throw new Error(`irqlab ${merge.join(' ')}: takes parts of another ${file}`);
  }
  console.log('ok   it writes, explores and replays races of one’s own');
  for (const kind of ['scenario', 'driver', 'design']) {
    // What it says is to be done next.
    const [, ...next] = irqlab('init', kind).trim().split('\n');
    for (const command of next) irqlab(...command.trim().split(' ').slice(1));
  }
  console.log('ok   it writes scenarios, drivers and designs that run at once');
  for (const version of nodes) {
    const node = (...args) =>
      run('npx', ['--yes', '--prefer-offline', '--package', `node@${version}`, 'node', ...args]);
    node('--input-type=module', '-e', runConsumer);
    node('--input-type=module', '-e', runTypes);
    node('node_modules/irqlab/dist/cli/cli.js', 'run', join(installed, 'cpu-offline.yaml'));
    node('node_modules/irqlab/dist/cli/cli.js', 'explore', join(elsewhere, 'mine.ts'));
    console.log(`ok   it runs on Node ${node('--version').trim().slice(1)}`);
  }
  for (const version of [6, 7]) expectWordsFor(`inversify@${version}`);
  console.log('ok   it says what it needs where inversify is too old');
} catch (error) {
  console.log(`FAIL ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const directory of [project, elsewhere]) rmSync(directory, { recursive: true, force: true });
}
