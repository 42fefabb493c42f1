// The site, into build/site: npm run docs, after npm run build. README.md and docs/*.md are its source; typedoc makes
// pages of them and of the library's types, which need no server, and fails where a link leads nowhere.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { parse, stringify } from 'yaml';
import { outline } from './site/outline.js';
import { referencePages } from './site/reference.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const source = join(root, 'build/site-source');
const site = join(root, 'build/site');
const typedoc = join(root, 'site/node_modules/typedoc/bin/typedoc');

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
}

function write(path, text) {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), text);
}

/** Stands for the lab's page until typedoc, which looks for what relative links lead to, has been there. */
const labAddress = 'https://lab.invalid/';

/** A link to the lab with a scenario, as its button *Share* makes it. */
function labLink(text) {
  const hash = new URLSearchParams({
    view: 'machine',
    name: 'tutorial.yaml',
    s: deflateRawSync(text).toString('base64url'),
  });
  return `[Open it in the lab](${labAddress}#${hash})`;
}

/**
 * A page as typedoc wants it: fences name a language and no more, folders are no links, and scenarios of tutorials open
 * in the lab.
 */
function forTypedoc(page, text) {
  const isFolder = (target) =>
    statSync(join(root, dirname(page), target), { throwIfNoEntry: false })?.isDirectory();
  const files = text.replaceAll(/\[([^\]]+)\]\(([^)\s#:]+)\)/g, (link, words, target) =>
    isFolder(target) ? words : link,
  );
  return files.replaceAll(/^( *)```(\w+) *(.*)\n([\s\S]*?)^\1```$/gm, (_, indent, language, rest, code) => {
    const block = `${indent}\`\`\`${language === 'output' ? 'text' : language}\n${code}${indent}\`\`\``;
    if (language !== 'yaml' || !page.startsWith('docs/tutorials/')) return block;
    const base = /^of (\S+)$/.exec(rest)?.[1];
    const scenario = base
      ? stringify({ ...parse(readFileSync(join(root, base), 'utf8')), ...parse(code) })
      : code;
    return `${block}\n\n${labLink(scenario)}`;
  });
}

function titleOf(text) {
  return (/^# (.+)$/m.exec(text)?.[1] ?? '').replaceAll('`', '').replaceAll("'", "''");
}

const frontmatter = (title, children = []) =>
  `---\ntitle: '${title}'\n${children.length > 0 ? `children:\n${children.map((page) => `  - ${page}\n`).join('')}` : ''}---\n\n`;

/** Links of a built page to files that there are not. */
function deadLinks(path, text) {
  const targets = [...text.matchAll(/ (?:href|src)="([^"#?]+)/g)].map(([, target]) => target);
  return [...new Set(targets)].filter(
    (target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(path), decodeURIComponent(target))),
  );
}

rmSync(source, { recursive: true, force: true });
rmSync(site, { recursive: true, force: true });
if (!existsSync(typedoc))
  run('npm', ['ci', '--prefix', 'site', '--no-audit', '--no-fund', '--ignore-scripts']);
const reference = await referencePages();
for (const { title, about, pages } of outline) {
  for (const page of pages) {
    const name = /^reference\/(.+)$/.exec(page)?.[1];
    const text = name === undefined ? readFileSync(join(root, page), 'utf8') : (reference.get(name) ?? '');
    write(page, frontmatter(titleOf(text)) + forTypedoc(page, text));
  }
  write(`${title}.md`, `${frontmatter(title, pages)}${about}\n`);
}
// What pages link to.
for (const name of ['examples', 'schema', 'test', 'src', 'LICENSE'])
  symlinkSync(join(root, name), join(source, name));
for (const picture of ['page.png', 'irqbalance.svg', 'modifychannel.svg'])
  cpSync(join(root, 'docs', picture), join(source, 'docs', picture));
// The site has its name above it.
const readme = readFileSync(join(root, 'README.md'), 'utf8').replace(/^# .*\n+/, '');
write('README.md', forTypedoc('README.md', readme));
run(process.execPath, [typedoc, '--options', 'site/typedoc.json']);
cpSync(join(root, 'dist/web'), join(site, 'lab'), { recursive: true });
const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.html'),
);
const dead = files.flatMap((file) => {
  const path = join(site, file);
  const text = readFileSync(path, 'utf8');
  if (text.includes(labAddress))
    writeFileSync(path, text.replaceAll(labAddress, relative(dirname(path), join(site, 'lab/index.html'))));
  return deadLinks(path, text).map((target) => `${file}: ${target}`);
});
if (dead.length > 0) throw new Error(`links that lead nowhere:\n${dead.join('\n')}`);
console.log(`build/site has ${files.length} pages; all links lead somewhere`);
