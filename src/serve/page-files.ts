import { readdirSync, readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { UsageError } from '../command/usage-error.js';

/** A file as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** By path of the address, `/` among them. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * All files of the page, in memory.
 *
 * @throws UsageError if the page has not been built.
 */
export function readPageFiles(directory: URL): PageFiles {
  const files = filesIn(directory, '/');
  const index = files.get('/index.html');
  if (index === undefined) throw notBuilt();
  return files.set('/', index);
}

/**
 * Those files of a folder that a browser can show or run.
 *
 * @param path what their addresses begin with.
 * @throws UsageError if there is no such folder.
 */
export function filesIn(directory: URL, path: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of namesIn(directory)) {
    const ending = name.replace(/^.*\./, '');
    if (!isKnown(ending)) continue;
    files.set(path + name, { type: types[ending], bytes: readFileSync(new URL(name, directory)) });
  }
  return files;
}

/** A file of JavaScript. */
export function script(text: string): PageFile {
  return { type: types.js, bytes: Buffer.from(text) };
}

/** The same with a scenario that the page begins with; web/store/begin.ts reads it. */
export function withScenario(files: PageFiles, name: string, text: string): PageFiles {
  const packed = new URLSearchParams({ name, s: deflateRawSync(text).toString('base64url') });
  return withMeta(files, 'irqlab-scenario', String(packed));
}

/** The same with something that the page is told by its head. @param content without quotes. */
export function withMeta(files: PageFiles, name: string, content: string): PageFiles {
  const index = files.get('/');
  if (index === undefined) return files;
  const meta = `<meta name="${name}" content="${content.replaceAll('&', '&amp;')}" />`;
  const html = Buffer.from(index.bytes)
    .toString('utf8')
    .replace('</head>', () => `${meta}</head>`);
  const changed = { ...index, bytes: Buffer.from(html) };
  return new Map(files).set('/', changed).set('/index.html', changed);
}

function isKnown(ending: string): ending is keyof typeof types {
  return Object.hasOwn(types, ending);
}

function namesIn(directory: URL): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.flatMap((entry) =>
      entry.isDirectory()
        ? namesIn(new URL(`${entry.name}/`, directory)).map((name) => `${entry.name}/${name}`)
        : [entry.name],
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notBuilt();
    throw error;
  }
}

function notBuilt(): UsageError {
  return new UsageError('the page is not built', 'Build it: npm run web');
}
