import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place in a built file, as stacks have it: URL or path, line, column, both from 1. */
const built = /((?:file:\/\/)?\/[^\s():]+\.c?js):(\d+):(\d+)/g;

/** A stack whose places are those of the source, wherever a source map lies beside the file. */
export function sourceStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(built, (place: string, file: string, line: string, column: string) => {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    if (!maps.has(path)) maps.set(path, mapBeside(path));
    const entry = maps.get(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return place;
    const { originalSource, originalLine, originalColumn } = entry;
    return `${resolve(path, '..', originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

function mapBeside(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    // Built without one.
    return undefined;
  }
}
