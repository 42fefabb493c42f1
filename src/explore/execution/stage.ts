import type { CpuId, Ns } from '../../lib/brand.js';
import type { Cpu } from '../../machine/cpu.js';
import type { IrqWork } from '../../machine/irq-work.js';
import type { ContextRunner, Machine } from '../../machine/machine.js';
import { Arm64Cpu, Arm64Memory } from '../../machine/arm64-memory.js';
import { drainStores, StoreBuffer, StoreNotes } from '../../machine/memory.js';
import { type ChangeWatcher, type Procedure, SharedObject, type Step } from '../../machine/step.js';
import type { Task } from '../../machine/task.js';
import type { Tasklet } from '../../machine/tasklet.js';
import { Context, contextKind, type ContextKind, Entry, Lane } from './context.js';
import type { CpuControl, Interrupt, MemoryModel, SoftInterrupt, TaskOptions, World } from '../model.js';
import { NO_ACCESS } from './access.js';
import { MAX_CONTEXTS } from './context-set.js';

class Phantom extends SharedObject {
  override blocks(): boolean {
    return false;
  }
}

/** The step of every phantom: what it does is its context's to know. */
const phantomStep: Step = { object: new Phantom('memory'), kind: 'write' };

class RaisedContext implements Interrupt, SoftInterrupt {
  constructor(
    private readonly stage: Stage,
    private readonly context: Context,
  ) {}

  get isPending(): boolean {
    this.context.entry?.announceRead();
    return this.context.raised;
  }

  get isScheduled(): boolean {
    this.context.entry?.announceRead();
    return this.context.raised;
  }

  raise(): void {
    this.stage.raise(this.context);
  }

  schedule(): void {
    this.stage.raise(this.context);
  }
}

class LaneControl implements CpuControl {
  constructor(
    private readonly stage: Stage,
    private readonly lane: Lane,
  ) {}

  localIrqDisable(): void {
    this.assertHere();
    this.lane.irqsOff += 1;
    this.own();
  }

  localIrqEnable(): void {
    this.assertHere();
    if (this.lane.irqsOff === 0) throw new Error(`interrupts of ${this.lane.name} are not disabled`);
    this.lane.irqsOff -= 1;
    this.disown();
  }

  localBhDisable(): void {
    this.assertHere();
    this.lane.bhOff += 1;
    this.own();
  }

  localBhEnable(): void {
    this.assertHere();
    if (this.lane.bhOff === 0) throw new Error(`tasklets of ${this.lane.name} are not disabled`);
    this.lane.bhOff -= 1;
    this.disown();
  }

  private assertHere(): void {
    const { running } = this.stage;
    if (running === undefined || running.lane === this.lane) return;
    throw new Error(`${running.name} runs on ${running.lane.name} and cannot do that for ${this.lane.name}`);
  }

  private own(): void {
    const { running } = this.stage;
    if (running?.kind === contextKind.TASK) this.lane.owner = running;
  }

  private disown(): void {
    if (this.lane.irqsOff === 0 && this.lane.bhOff === 0) this.lane.owner = undefined;
  }
}

/**
 * The world of one execution: its lanes, its contexts, and what the running one has changed. One stage serves all
 * executions of a search, so that building a world costs little more than what the model's setup makes.
 */
export class Stage implements World, ContextRunner, ChangeWatcher {
  readonly contexts: Context[] = [];
  count = 0;
  nowNs: Ns = 0;
  private isPreemptible = true;
  /** The context whose block runs now. */
  running: Context | undefined;
  // Emptying a list by its length would have it allocate anew for every step, hence the counts.
  /** Contexts that have not run to their first step yet: the first freshCount. */
  readonly fresh: Context[] = [];
  freshCount = 0;
  readonly machines: Machine[] = [];
  usesVirtualTime = false;
  /** Access that the step being done has announced. */
  access = NO_ACCESS;
  /** Other accesses of its block: the first changeCount. */
  readonly changes: number[] = [];
  changeCount = 0;
  /** The objects that the present execution has used, by their numbers; undefined unless somebody wants to know. */
  touched: Map<number, SharedObject> | undefined;
  /** The last checkpoint that the step being done has come to, and whose it is. */
  checkpointKey: string | number | undefined;
  checkpointOf: Context | undefined;
  private readonly lanes: Lane[] = [];
  private readonly buffers: StoreBuffer[] = [];
  /** What all executions so far have stored. */
  readonly stores = new StoreNotes();
  private readonly arm64 = new Arm64Memory();
  private laneCount = 0;
  private moving: Context | undefined;

  constructor(readonly memory: MemoryModel) {}

  reset(): void {
    this.count = 0;
    this.laneCount = 0;
    this.arm64.reset();
    this.moving = undefined;
    this.nowNs = 0;
    this.isPreemptible = true;
    this.running = undefined;
    this.freshCount = 0;
    if (this.machines.length !== 0) this.machines.length = 0;
    this.usesVirtualTime = false;
    this.access = NO_ACCESS;
    this.changeCount = 0;
    this.touched?.clear();
    this.checkpointKey = undefined;
    this.checkpointOf = undefined;
  }

  get preemptible(): boolean {
    return this.isPreemptible;
  }

  set preemptible(next: boolean) {
    if (this.running !== undefined)
      throw new Error('preemptible is for setup: a running context cannot change it');
    this.isPreemptible = next;
  }

  task(lane: CpuId | string, name: string, proc: Procedure<unknown>, options?: TaskOptions): void {
    drainStores();
    const of = this.lane(lane);
    if (this.running !== undefined && of.current === undefined) of.buffer?.sync();
    const context = this.add(of, contextKind.TASK, name);
    context.proc = proc;
    if (options?.time === 'virtual') {
      context.virtualTime = true;
      this.usesVirtualTime = true;
    }
    this.fresh[this.freshCount++] = context;
  }

  interrupt(cpu: CpuId, name: string, make: () => Procedure<unknown>): Interrupt {
    return new RaisedContext(this, this.raisable(this.lane(cpu), contextKind.HARDIRQ, name, make));
  }

  tasklet(cpu: CpuId, name: string, make: () => Procedure<unknown>): SoftInterrupt {
    return new RaisedContext(this, this.raisable(this.lane(cpu), contextKind.SOFTIRQ, name, make));
  }

  cpu(id: CpuId): CpuControl {
    return new LaneControl(this, this.lane(id));
  }

  attach(machine: Machine): void {
    this.machines.push(machine);
    machine.runner = this;
    for (const cpu of machine.cpus) this.lane(cpu.id).machineCpu = cpu;
  }

  spawned(task: Task): void {
    this.task(task.cpu, task.name, task.proc);
  }

  moved(task: Task): void {
    if (this.running === undefined) return;
    this.running.nextLane = this.lane(task.cpu);
    this.running.nextLane.buffer?.sync();
    this.moving = this.running;
  }

  /** Takes the context that has moved to its new CPU; only between two steps, so that each was made on one CPU. */
  finishMove(): void {
    const { moving } = this;
    if (moving?.nextLane === undefined) return;
    const { lane, nextLane } = moving;
    if (lane.current === moving) lane.current = undefined;
    lane.contexts -= 1;
    nextLane.contexts += 1;
    moving.lane = nextLane;
    moving.nextLane = undefined;
    this.moving = undefined;
  }

  taskletScheduled(cpu: Cpu, tasklet: Tasklet): void {
    const lane = this.lane(cpu.id);
    let entry: Entry | undefined;
    for (let pid = 0; pid < this.count; pid++) {
      const context = this.contexts[pid];
      if (context.tasklet !== tasklet) continue;
      entry = context.entry;
      if (context.lane !== lane) continue;
      this.raise(context);
      return;
    }
    const make = (): Procedure<unknown> => runTasklet(tasklet);
    const context = this.raisable(lane, contextKind.SOFTIRQ, tasklet.name, make, entry);
    context.tasklet = tasklet;
    this.raise(context);
  }

  taskletsTakenOver(from: Cpu, to: Cpu): void {
    const lane = this.lane(from.id);
    const heir = this.lane(to.id);
    lane.softirqDue = false;
    for (let pid = 0; pid < this.count; pid++) {
      const context = this.contexts[pid];
      if (context.lane !== lane || context.tasklet === undefined || !context.raised) continue;
      // The same context elsewhere, not another one: it might have run before, which reduction must see.
      context.lane = heir;
      context.due = false;
      lane.contexts -= 1;
      heir.contexts += 1;
      context.entry?.changed();
    }
  }

  irqWorkQueued(cpu: Cpu, work: IrqWork): void {
    const lane = this.lane(cpu.id);
    let context: Context | undefined;
    for (let pid = 0; pid < this.count && context === undefined; pid++) {
      const { irqWork, lane: of } = this.contexts[pid];
      if (irqWork === work && of === lane) context = this.contexts[pid];
    }
    context ??= this.raisable(lane, contextKind.HARDIRQ, work.name, () => work.stepByStep());
    context.irqWork = work;
    this.raise(context);
  }

  changed(object: SharedObject): void {
    const { id } = object;
    if (this.touched !== undefined) this.touched.set(id, object);
    const code = id * 2 + 1;
    if (code !== this.access) this.note(code);
  }

  looked(object: SharedObject): void {
    const { id } = object;
    if (this.touched !== undefined) this.touched.set(id, object);
    if (this.access >> 1 !== id) this.note(id * 2);
  }

  freshStart(key: string | number): void {
    this.checkpointKey = key;
    this.checkpointOf = this.running;
  }

  private note(code: number): void {
    const { changes, changeCount } = this;
    for (let i = 0; i < changeCount; i++) if (changes[i] === code) return;
    changes[changeCount] = code;
    this.changeCount += 1;
  }

  /** Linux orders an inter-processor interrupt behind all stores (weak_wrmsr_fence); a tasklet's bit is a locked one. */
  raise(context: Context): void {
    drainStores();
    const { lane, entry } = context;
    if (!context.raised) {
      context.raised = true;
      if (context.proc === undefined) context.step = entry?.enter;
      if (context.kind === contextKind.SOFTIRQ) {
        // As in Linux: where it will be looked for anyway; otherwise some time later, by ksoftirqd.
        const soon = lane.hardirq !== undefined || lane.softirq !== undefined || lane.bhOff !== 0;
        if (soon && this.running?.lane === lane) {
          context.due = true;
          lane.softirqDue = true;
        }
      }
    }
    entry?.changed();
  }

  /** The lanes in use, in order of their appearance. */
  usedLanes(): readonly Lane[] {
    return this.lanes.slice(0, this.laneCount);
  }

  private raisable(
    lane: Lane,
    kind: ContextKind,
    name: string,
    make: () => Procedure<unknown>,
    entry = new Entry(name),
  ): Context {
    const context = this.add(lane, kind, name);
    context.make = make;
    context.entry = entry;
    return context;
  }

  private add(lane: Lane, kind: ContextKind, name: string): Context {
    const pid = this.count;
    if (pid === MAX_CONTEXTS) {
      throw new RangeError(`a world holds at most ${MAX_CONTEXTS} contexts; ${name} is one more`);
    }
    this.count += 1;
    let context = this.contexts[pid];
    if (context === undefined) {
      context = new Context(pid, lane);
      this.contexts.push(context);
    }
    context.reset(lane, kind, name);
    if (!context.isPhantom) lane.contexts += 1;
    return context;
  }

  private lane(key: CpuId | string): Lane {
    const { lanes } = this;
    for (let i = 0; i < this.laneCount; i++) {
      const lane = lanes[i];
      if (typeof key === 'number' ? lane.cpu === key : lane.cpu < 0 && lane.name === key) return lane;
    }
    const index = this.laneCount;
    if (index === lanes.length) lanes.push(new Lane(index));
    this.laneCount += 1;
    const lane = lanes[index];
    if (typeof key === 'number') lane.reset(key, cpuNames[key] ?? `CPU ${key}`, undefined);
    else lane.reset(-1, key, undefined);
    if (this.memory !== 'sc') this.addBuffer(lane);
    return lane;
  }

  private addBuffer(lane: Lane): void {
    let buffer = this.buffers[lane.index];
    if (buffer === undefined) {
      buffer = this.memory === 'tso' ? new StoreBuffer(this.stores) : new Arm64Cpu(this.arm64, this.stores);
      this.buffers[lane.index] = buffer;
    }
    buffer.clear();
    lane.buffer = buffer;
    if (this.memory === 'tso') lane.commits.push(this.add(lane, contextKind.COMMIT, 'store buffer'));
    else {
      lane.early = this.add(lane, contextKind.EARLY, 'early load');
      lane.early.step = phantomStep;
    }
  }

  /** Has a phantom for each store that waits. */
  noteStores(lane: Lane): void {
    const { buffer, commits } = lane;
    if (buffer === undefined) return;
    if (buffer instanceof Arm64Cpu) this.noteArm64Stores();
    else commits[0].step = buffer.size === 0 ? undefined : phantomStep;
    if (buffer.size === 0) lane.mustDrain = false;
  }

  /** Of all CPUs: one may have to let another one's store go first. */
  private noteArm64Stores(): void {
    for (let i = 0; i < this.laneCount; i++) {
      const lane = this.lanes[i];
      const { buffer, commits } = lane;
      if (!(buffer instanceof Arm64Cpu)) continue;
      for (const commit of commits) {
        const { store } = commit;
        commit.step = store === undefined || buffer.find(store) < 0 ? undefined : phantomStep;
      }
      if (buffer.size === 0) continue;
      for (const object of buffer.objects) {
        if (commits.some(({ store }) => store === object)) continue;
        const commit = this.add(lane, contextKind.COMMIT, 'store buffer');
        commit.store = object;
        commit.step = phantomStep;
        commits.push(commit);
      }
    }
  }

  /** The phantom that lets stores of the CPU to `object` reach memory. */
  commitOf({ commits }: Lane, object: SharedObject): Context | undefined {
    return commits.find(({ store }) => store === undefined || store === object);
  }
}

const cpuNames: readonly string[] = Array.from({ length: 16 }, (_, cpu) => `CPU ${cpu}`);

function* runTasklet(tasklet: Tasklet): Procedure<void> {
  tasklet.announce();
  tasklet.scheduled = false;
  if (tasklet.steps === undefined) tasklet.run();
  else yield* tasklet.steps();
}
