import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** The cases of test/golden/`name`.jsonl.gz: recordings that the model is held against. */
export function goldenCases<T>(name: string): T[] {
  return linesOf(`golden/${name}`);
}

/** What others published of their machines: test/captures/`name`.jsonl.gz. */
export function captureCases<T>(name: 'interrupts' | 'lsvmbus'): T[] {
  return linesOf(`captures/${name}`);
}

function linesOf<T>(name: string): T[] {
  const bytes = gunzipSync(readFileSync(new URL(`../${name}.jsonl.gz`, import.meta.url)));
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
