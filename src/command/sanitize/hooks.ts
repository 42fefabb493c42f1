import { readFileSync } from 'node:fs';
import module, { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instrument, type Position } from '../../explore/sanitize/instrument.js';

// Hooks by which Node loads modules once a search is to be sanitized.

const own = fileURLToPath(new URL('../..', import.meta.url));
const root = resolve(own, '..');
const recorder = new URL('../../explore/sanitize/recorder.js', import.meta.url).href;

/** Rooms of irqlab that the contexts of a model run; in the others it is looked at from outside. */
const modelRooms = /^(lib|machine|irq|platform|vmbus|host|drivers|kvm|lab|races)[/\\]/;

interface Loaded {
  readonly format: string;
  readonly source?: string | ArrayBuffer | Uint8Array;
  readonly shortCircuit?: boolean;
}

type NextLoad = (url: string, context: object) => Promise<Loaded>;

/** Loads the model's modules instrumented, others as they are. */
export async function load(url: string, context: object, next: NextLoad): Promise<Loaded> {
  const loaded = await next(url, context);
  const path = url.startsWith('file:') ? fileURLToPath(url) : '';
  if (!isModel(path) || loaded.source === undefined) return loaded;
  if (loaded.format !== 'module' && loaded.format !== 'module-typescript') return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  const source = loaded.format === 'module' ? text : withoutTypes(text);
  const { file, positionOf } = originalOf(path, source);
  return {
    ...loaded,
    format: 'module',
    source: instrument(source, { recorder, file: nameOf(file), positionOf }),
  };
}

function isModel(path: string): boolean {
  if (path.startsWith(own)) return modelRooms.test(path.slice(own.length));
  return path !== '' && !/[/\\]node_modules[/\\]/.test(path);
}

/** By Node's own hand, which leaves everything in its place. */
function withoutTypes(text: string): string {
  const { stripTypeScriptTypes } = module as unknown as { stripTypeScriptTypes: (text: string) => string };
  return stripTypeScriptTypes(text);
}

interface Original {
  readonly file: string;
  readonly positionOf?: (position: Position) => Position;
}

/** The source of a compiled file, by its source map; the file itself without one. */
function originalOf(path: string, source: string): Original {
  const [, name] = /^\/\/# sourceMappingURL=(\S+)\s*$/m.exec(source) ?? [];
  if (name === undefined) return { file: path };
  let map: SourceMap;
  let file: string | undefined;
  try {
    const payload = JSON.parse(mapText(path, name)) as SourceMapPayload;
    map = new SourceMap(payload);
    [file] = payload.sources;
  } catch {
    return { file: path };
  }
  if (file === undefined) return { file: path };
  const positionOf = ({ line, column }: Position): Position => {
    const entry = map.findEntry(line - 1, column);
    return 'originalLine' in entry
      ? { line: entry.originalLine + 1, column: entry.originalColumn }
      : { line, column };
  };
  return { file: resolve(dirname(path), file), positionOf };
}

function mapText(path: string, name: string): string {
  const [, inline] = /^data:application\/json[^,]*;base64,(.*)$/.exec(name) ?? [];
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
  return readFileSync(resolve(dirname(path), name), 'utf8');
}

/** How a report names a file: seen from where irqlab lies, or from where the user is. */
function nameOf(file: string): string {
  for (const base of [root, process.cwd()]) if (file.startsWith(base)) return relative(base, file);
  return file;
}
