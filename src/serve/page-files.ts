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

const types: Readonly<Record<string, string>> = {
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
  const files = new Map<string, PageFile>();
  for (const name of namesIn(directory)) {
    const type = types[name.replace(/^.*\./, '')];
    if (type !== undefined) files.set(`/${name}`, { type, bytes: readFileSync(new URL(name, directory)) });
  }
  const index = files.get('/index.html');
  if (index === undefined) throw notBuilt();
  return files.set('/', index);
}

/** The same with a scenario that the page begins with; web/store/begin.ts reads it. */
export function withScenario(files: PageFiles, name: string, text: string): PageFiles {
  const index = files.get('/');
  if (index === undefined) return files;
  const packed = new URLSearchParams({ name, s: deflateRawSync(text).toString('base64url') });
  const meta = `<meta name="irqlab-scenario" content="${String(packed).replaceAll('&', '&amp;')}" />`;
  const html = Buffer.from(index.bytes)
    .toString('utf8')
    .replace('</head>', () => `${meta}</head>`);
  const changed = { ...index, bytes: Buffer.from(html) };
  return new Map(files).set('/', changed).set('/index.html', changed);
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
