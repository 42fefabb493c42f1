import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** The cases of test/golden/`name`.jsonl.gz. */
export function goldenCases<T>(name: string): T[] {
  const bytes = gunzipSync(readFileSync(new URL(`../golden/${name}.jsonl.gz`, import.meta.url)));
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
