// A user of the explorer: a race of their own, searched, shown, saved and replayed.
import {
  check,
  Completion,
  type CpuControl,
  type Divergence,
  type ExploreOptions,
  exploreShard,
  formatTraceFile,
  inFunction,
  type Interrupt,
  laneTable,
  Lock,
  type MemoryModel,
  memoryBarrier,
  MemoryWord,
  mergeReports,
  minimalViolation,
  MixedStoresError,
  type Model,
  parseTraceFile,
  type Procedure,
  type Progress,
  replay,
  type ReplayOptions,
  type ReplayResult,
  type Report,
  type SavedStep,
  type Shard,
  SharedObject,
  SharedWord,
  type SoftInterrupt,
  type Step,
  type Strategy,
  type TaskOptions,
  type Trace,
  type TraceFile,
  traceFileOf,
  type TraceStep,
  type Verdict,
  type Violation,
  type ViolationKind,
  violationText,
  WaitQueue,
  type World,
} from 'irqlab';

/** What a task waits at until it is opened. */
class Gate extends SharedObject {
  private isOpen = false;

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && !this.isOpen;
  }

  open(): void {
    this.isOpen = true;
    this.wakeWaiters();
  }

  *pass(): Procedure<void> {
    yield { object: this, kind: 'wait' };
  }
}

/** A counter that two tasks increment, with a lock or without. */
class Counter {
  readonly word = new MemoryWord('counter');
  readonly ticks = new SharedWord('ticks');
  readonly lock = new Lock('lock');
  readonly done = new Completion('done');
  readonly queue = new WaitQueue('queue', () => this.finished === 2);
  readonly gate = new Gate('gate');
  finished = 0;
  ticked = false;

  constructor(private readonly isLocked: boolean) {}

  *increment(): Procedure<void> {
    if (this.isLocked) yield* this.lock.lock();
    yield* inFunction('increment', this.add());
    if (this.isLocked) yield* this.lock.unlock();
    this.finished += 1;
    this.queue.wakeUp();
  }

  *wait(): Procedure<void> {
    yield* this.queue.wait();
    this.done.completeAll();
    yield* this.done.wait();
    yield this.ticks.write;
    this.ticked = true;
    this.gate.open();
    yield* this.gate.pass();
  }

  private *add(): Procedure<void> {
    const { read, write }: { read: Step; write: Step } = this.word;
    yield read;
    const seen = this.word.load();
    yield write;
    this.word.store(seen + 1);
    yield memoryBarrier;
  }
}

function race(isLocked: boolean): Model<Counter> {
  return {
    name: isLocked ? 'locked' : 'unlocked',
    setup(world: World): Counter {
      const counter = new Counter(isLocked);
      const options: TaskOptions = { time: 'free' };
      world.task(0, 'first', counter.increment(), options);
      world.task(1, 'second', counter.increment());
      world.task(2, 'waiter', counter.wait());
      const interrupt: Interrupt = world.interrupt(0, 'tick', function* () {});
      const tasklet: SoftInterrupt = world.tasklet(1, 'bottom half', function* () {});
      const cpu: CpuControl = world.cpu(0);
      cpu.localIrqDisable();
      cpu.localIrqEnable();
      if (!interrupt.isPending && !tasklet.isScheduled) return counter;
      throw new Error('nobody has raised anything yet');
    },
    finally: {
      'both are counted': ({ word }): Verdict => word.value === 2 || `counted ${word.value}`,
    },
    sometimes: { 'both finished': ({ finished }) => finished === 2 },
    describe: ({ word, ticked }) => [`counter ${word.value}, ticked ${ticked}`],
  };
}

/** The verdict on the counter with a lock, searched in two parts. */
export function lockedVerdict(): Report['verdict'] {
  const memory: MemoryModel = 'sc';
  const strategy: Strategy = { kind: 'dpor' };
  const seen: Progress[] = [];
  const shards: Shard[] = [0, 1].map((index) => ({ index, count: 2 }));
  const parts = shards.map((shard) => {
    const options: ExploreOptions = {
      memory,
      strategy,
      shard,
      onProgress: (progress) => seen.push(progress),
    };
    return exploreShard(race(true), options);
  });
  return mergeReports(parts).verdict;
}

/** How the counter without a lock loses one, replayed from what was saved: as a text. */
export function unlockedText(): string {
  const report: Report = check(race(false));
  const violation: Violation | undefined = report.violations[0] ?? minimalViolation(race(false));
  if (violation === undefined) throw new Error('the race was not found');
  const kind: ViolationKind = violation.kind;
  const file: TraceFile = parseTraceFile(formatTraceFile(traceFileOf(report, violation)));
  const saved: readonly SavedStep[] = file.steps;
  const taken: (TraceStep | undefined)[] = [];
  const options: ReplayOptions = { onStep: (_state, step) => taken.push(step) };
  const { trace, divergence }: ReplayResult = replay(race(false), file, options);
  const differs: Divergence | undefined = divergence;
  const lanes: Trace['lanes'] = trace.lanes;
  const head = `${kind}, ${saved.length} steps, ${taken.length} states, ${lanes.length} lanes`;
  return `${head}${differs === undefined ? '' : `, differs after ${differs.after}`}\n${violationText(violation)}${laneTable(trace)}`;
}

/** What a model is told that has stores through the store buffer beside such as do not go through it. */
export function mixedStores(): string {
  function* writes(): Procedure<void> {
    const buffered = new MemoryWord('buffered');
    yield buffered.write;
    buffered.store(1);
    yield new SharedWord('at once').write;
  }
  try {
    check(
      {
        name: 'mixed',
        setup(world) {
          world.task(0, 'writes', writes());
          return {};
        },
      },
      { memory: 'tso' },
    );
    return 'taken';
  } catch (error) {
    return error instanceof MixedStoresError ? 'refused' : String(error);
  }
}
