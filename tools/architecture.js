// Writes the pictures of the imports between the rooms of src into docs/architecture.md; `--check` only says whether they
// are out of date. Example: node tools/architecture.js --check
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { flowchart, matrix } from './architecture/pictures.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = 'docs/architecture.md';
const begin = '<!-- imports: written by npm run architecture -->';
const end = '<!-- end of imports -->';

/** The rooms in the order of the table of layers, which has a rule for each; behind them what the package exports. */
function roomsInOrder() {
  const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
  const rooms = forbidden.map(({ name }) => /^layer-(.+)/.exec(name)?.[1]).filter(Boolean);
  return [...rooms, 'on-demand.ts', 'explore.ts', 'lab.ts', 'browser.ts', 'node-guest.ts', 'index.ts'];
}

/** What each room imports, types included, as dependency-cruiser sees it. */
function readImports(rooms) {
  const options = ['--config', '.dependency-cruiser.cjs', '--include-only', '^src/'];
  const json = execFileSync(
    `${root}node_modules/.bin/depcruise`,
    ['src', ...options, '--collapse', '^src/[^/]+', '--output-type', 'json'],
    { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  return new Map(
    JSON.parse(json).modules.map(({ source, dependencies }) => [
      roomOf(source, rooms),
      dependencies.map(({ resolved }) => roomOf(resolved, rooms)),
    ]),
  );
}

function roomOf(path, rooms) {
  const name = path.replace(/^src\//, '');
  if (!rooms.includes(name)) throw new Error(`${path} has no place in the table of layers`);
  return name;
}

/** The page with the pictures as they are now. */
function withPictures(text) {
  const rooms = roomsInOrder();
  const imports = readImports(rooms);
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${page} has no place between ${begin} and ${end}`);
  const pictures = `\`\`\`mermaid\n${flowchart(rooms, imports)}\n\`\`\`\n\n\`\`\`text\n${matrix(rooms, imports)}\n\`\`\``;
  return `${before}${begin}\n${pictures}\n${end}${after}`;
}

const text = readFileSync(root + page, 'utf8');
const next = withPictures(text);
if (next !== text) {
  if (process.argv.includes('--check')) {
    console.log(`${page}: the imports between rooms have changed; run npm run architecture`);
    process.exitCode = 1;
  } else {
    writeFileSync(root + page, next);
    console.log(`wrote ${page}`);
  }
}
