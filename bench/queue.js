// A bare queue of timed events in this language: the limit of simulations.
import { secondsSince } from './cpu-time.js';

const SOURCES = 16;

/** Events that each schedule the next one of their source. @returns events a second of CPU. */
export function bareQueue(count) {
  const keys = new Float64Array(SOURCES + 1);
  const sources = new Int32Array(SOURCES + 1);
  const counts = new Uint32Array(SOURCES);
  let size = 0;
  let seed = 1;

  function push(key, source) {
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[at] = keys[parent];
      sources[at] = sources[parent];
      at = parent;
    }
    keys[at] = key;
    sources[at] = source;
  }

  function pop() {
    size -= 1;
    const key = keys[size];
    const source = sources[size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1] < keys[child]) child += 1;
      if (keys[child] >= key) break;
      keys[at] = keys[child];
      sources[at] = sources[child];
      at = child;
    }
    keys[at] = key;
    sources[at] = source;
  }

  for (let source = 0; source < SOURCES; source++) push(source, source);
  const from = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const now = keys[0];
    const source = sources[0];
    pop();
    counts[source] += 1;
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    push(now + 5000 + (seed >>> 19), source);
  }
  const seconds = secondsSince(from);
  if (counts.reduce((sum, each) => sum + each, 0) !== count) throw new Error('events are missing');
  return count / seconds;
}
