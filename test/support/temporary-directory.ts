import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';

/** A directory that is there while the tests of a file run. */
export interface TemporaryDirectory {
  readonly path: string;
  /** Writes a file there. @returns its path. */
  file(name: string, text: string): string;
}

/** To be called where the tests of a file are described. */
export function temporaryDirectory(name: string): TemporaryDirectory {
  let path = '';
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), `irqlab-${name}-`));
  });
  afterAll(() => rmSync(path, { recursive: true }));
  return {
    get path() {
      return path;
    },
    file(fileName, text) {
      const file = join(path, fileName);
      writeFileSync(file, text);
      return file;
    },
  };
}
