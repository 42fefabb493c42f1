// A bare queue of timed events in this language: the limit of simulations.
import { secondsSince } from './cpu-time.js';

const SOURCES = 16;

/** A binary heap of numbers, by their times. */
export class BareQueue {
  size = 0;

  /** @param room for so many events at once. */
  constructor(room) {
    this.times = new Float64Array(room + 1);
    this.events = new Int32Array(room + 1);
  }

  push(time, event) {
    const { times, events } = this;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] <= time) break;
      times[at] = times[parent];
      events[at] = events[parent];
      at = parent;
    }
    times[at] = time;
    events[at] = event;
  }

  /** Takes out the first event, which is that at 0 of `times` and `events`. */
  pop() {
    const { times, events } = this;
    const size = --this.size;
    const time = times[size];
    const event = events[size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && times[child + 1] < times[child]) child += 1;
      if (times[child] >= time) break;
      times[at] = times[child];
      events[at] = events[child];
      at = child;
    }
    times[at] = time;
    events[at] = event;
  }
}

/** Events that each schedule the next one of their source. @returns events a second of CPU. */
export function bareQueue(count) {
  const queue = new BareQueue(SOURCES);
  const counts = new Uint32Array(SOURCES);
  let seed = 1;
  for (let source = 0; source < SOURCES; source++) queue.push(source, source);
  const from = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const now = queue.times[0];
    const source = queue.events[0];
    queue.pop();
    counts[source] += 1;
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    queue.push(now + 5000 + (seed >>> 19), source);
  }
  const seconds = secondsSince(from);
  if (counts.reduce((sum, each) => sum + each, 0) !== count) throw new Error('events are missing');
  return count / seconds;
}
