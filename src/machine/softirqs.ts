import { PAGE_OFFSET_TEXT } from '../trace/c-type.js';
import type { TracePort } from '../trace/port.js';
import { NO_SOFTIRQ, placeOf, type SoftirqName, softirqNames } from './softirq.js';
import type { Tasklet } from './tasklet.js';
import { softirqEntry, softirqExit, softirqRaise, taskletEntry, taskletExit } from './trace-events.js';

/** Where tasklets wait. */
const TASKLET = placeOf('TASKLET');

/** What waits for one softirq. An array that is emptied gives its memory back, so places stay, with what was there last. */
class TaskletQueue {
  readonly items: Tasklet[] = [];
  size = 0;

  push(tasklet: Tasklet): void {
    this.items[this.size++] = tasklet;
  }

  waiting(): Tasklet[] {
    return this.items.slice(0, this.size);
  }
}

/**
 * The softirqs of one CPU (kernel/softirq.c): those that are raised, what each has to do, and how often each ran. What
 * waits for one softirq is done in the order in which it came, and counts once; what comes meanwhile is for the next
 * round.
 */
export class Softirqs {
  /** A bit for each softirq that is raised, by its place in `queues`. */
  private pending = 0;
  private readonly queues: (TaskletQueue | undefined)[] = [];
  /** Emptied queues, for the next round. */
  private readonly spares: (TaskletQueue | undefined)[] = [];
  /** By place, 32 bit. Made on first use: an explorer builds machines by the thousand. */
  private counts: Uint32Array | undefined;

  /** @param machine has what tracepoints tell. */
  constructor(private readonly machine: { readonly tracePort: TracePort | undefined }) {}

  /** True if something waits. */
  get isPending(): boolean {
    return this.pending !== 0;
  }

  /** How often the softirq ran here (kstat_softirqs_cpu). */
  count(name: SoftirqName): number {
    return this.counts?.[placeOf(name)] ?? 0;
  }

  /** Has `tasklet` wait for its softirq, which is raised. */
  add(tasklet: Tasklet): void {
    const { place } = tasklet;
    this.queues[place] ??= new TaskletQueue();
    this.queues[place].push(tasklet);
    const { tracePort } = this.machine;
    if (tracePort !== undefined && place !== NO_SOFTIRQ) tracePort.emit(softirqRaise, { vec: place - 1 });
    this.pending |= 1 << place;
  }

  /** Runs all that waits, round by round (handle_softirqs; ksoftirqd goes on in the same way). */
  handle(): void {
    while (this.pending !== 0) {
      let round = this.pending;
      this.pending = 0;
      for (; round !== 0; round &= round - 1) this.run(31 - Math.clz32(round & -round));
    }
  }

  /** Takes away what waits: the CPU has gone. */
  takeAll(): Tasklet[] {
    const all = this.queues.flatMap((queue) => queue?.waiting() ?? []);
    for (const queue of this.queues) if (queue !== undefined) queue.size = 0;
    this.pending = 0;
    return all;
  }

  private run(place: number): void {
    if (place !== NO_SOFTIRQ) {
      this.counts ??= new Uint32Array(softirqNames.length + 1);
      this.counts[place]++;
    }
    const queue = this.queues[place];
    if (queue === undefined) return;
    const { tracePort } = this.machine;
    const traced = place === NO_SOFTIRQ ? undefined : tracePort;
    if (traced !== undefined) traced.emit(softirqEntry, { vec: place - 1 });
    this.queues[place] = this.spares[place];
    for (let i = 0; i < queue.size; i++) {
      const tasklet = queue.items[i];
      tasklet.scheduled = false;
      if (traced === undefined || place !== TASKLET) tasklet.run();
      else runTraced(tasklet, traced);
    }
    queue.size = 0;
    this.spares[place] = queue;
    if (traced !== undefined) traced.emit(softirqExit, { vec: place - 1 });
  }
}

/** tasklet_action_common */
function runTraced(tasklet: Tasklet, trace: TracePort): void {
  const values = { tasklet: PAGE_OFFSET_TEXT, func: tasklet.func };
  trace.emit(taskletEntry, values);
  tasklet.run();
  trace.emit(taskletExit, values);
}
