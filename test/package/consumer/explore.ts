// A user of the explorer: a race of their own, searched, shown, saved and replayed.
import {
  atomic_add,
  atomic_add_return,
  atomic_add_return_acquire,
  atomic_add_return_relaxed,
  atomic_add_return_release,
  cmpxchg,
  cmpxchg_acquire,
  cmpxchg_relaxed,
  cmpxchg_release,
  READ_ONCE,
  smp_cond_load_acquire,
  smp_load_acquire,
  smp_mb,
  smp_rmb,
  smp_store_mb,
  smp_store_release,
  smp_wmb,
  WRITE_ONCE,
  xchg,
  xchg_acquire,
  xchg_relaxed,
  xchg_release,
  check,
  checkpoint,
  Completion,
  conclusionOf,
  coverageText,
  type CpuControl,
  type Divergence,
  differencesOf,
  effortText,
  type ExploreOptions,
  exploreShard,
  type Fingerprint,
  formatTraceFile,
  inFunction,
  instructionBarrier,
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
  NotInstrumentedError,
  parseTraceFile,
  type PlainParts,
  type Order,
  type PlannedRow,
  planOf,
  type Procedure,
  type Progress,
  type Race,
  type RaceVerdict,
  replay,
  readBarrier,
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
  type TextOptions,
  type Trace,
  type TraceFile,
  traceFileOf,
  type TraceStep,
  type Verdict,
  type View,
  viewOfLoad,
  writeBarrier,
  type Violation,
  type ViolationKind,
  violationHtml,
  violationMermaid,
  type Unannounced,
  type UnannouncedAccess,
  unannouncedText,
  UnseenStateError,
  violationText,
  type Walk,
  walk,
  type WalkRow,
  WaitQueue,
  type World,
} from 'irqlab/explore';

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

/** The same trace drawn, and how the explorer ends its report: what a user shows to others. */
export function drawnUnlocked(): string {
  const report = check(race(false));
  const [violation] = report.violations;
  const fingerprint: Fingerprint | undefined = report.fingerprint;
  const options: TextOptions = { width: 60 };
  const drawn = [violationMermaid(violation), violationHtml(violation, report.model)];
  const lines = violationText(violation, options).split('\n');
  const fits = lines.every((line) => line.length <= 60);
  return `${drawn.map((text) => text.slice(0, 15)).join(', ')}, ${fits}, ${fingerprint}, ${conclusionOf(violation).slice(0, 6)}`;
}

/** Message passing on arm64: what keeps the second load from being early, and whether it can read the old value. */
export function messagePassing(): string {
  const ways = { nothing: 0, smp_rmb: 1, address: 2, isb: 3 };
  const seen = Object.entries(ways).map(([name, way]) => {
    const model: Model<{ r: number[] }> = {
      name,
      setup(world) {
        const [data, flag] = [new MemoryWord('data'), new MemoryWord('flag')];
        const r: number[] = [];
        world.task(
          0,
          'writer',
          (function* (): Procedure<void> {
            yield data.write;
            data.store(1);
            yield writeBarrier;
            yield flag.write;
            flag.store(1);
          })(),
        );
        world.task(
          1,
          'reader',
          (function* (): Procedure<void> {
            yield flag.read;
            r.push(flag.load());
            const view: View = viewOfLoad();
            if (way === 1) yield readBarrier;
            if (way === 3) yield instructionBarrier(view);
            const order: Order | undefined = undefined;
            yield data.stepOf('read', order, way === 2 ? view : undefined);
            r.push(data.load());
          })(),
        );
        return { r };
      },
      outcome: ({ r }) => r.join(''),
    };
    const { outcomes = [] } = check(model, { memory: 'arm64' });
    return `${name} ${outcomes.some(({ outcome }) => outcome === '10')}`;
  });
  return seen.join(', ');
}

/** The kernel's words for shared memory, one behind the other, and the steps that they are under arm64's memory. */
export function kernelWords(): string {
  const words: Record<string, (word: MemoryWord) => Procedure<unknown>> = {
    READ_ONCE,
    WRITE_ONCE: (word) => WRITE_ONCE(word, 1),
    smp_load_acquire,
    smp_store_release: (word) => smp_store_release(word, 2),
    smp_store_mb: (word) => smp_store_mb(word, 3),
    smp_cond_load_acquire: (word) => smp_cond_load_acquire(word, (value) => value === 3),
    smp_mb,
    smp_rmb,
    smp_wmb,
    xchg: (word) => xchg(word, 4),
    xchg_relaxed: (word) => xchg_relaxed(word, 5),
    xchg_acquire: (word) => xchg_acquire(word, 6),
    xchg_release: (word) => xchg_release(word, 7),
    cmpxchg: (word) => cmpxchg(word, 7, 8),
    cmpxchg_relaxed: (word) => cmpxchg_relaxed(word, 8, 9),
    cmpxchg_acquire: (word) => cmpxchg_acquire(word, 9, 10),
    cmpxchg_release: (word) => cmpxchg_release(word, 10, 11),
    atomic_add: (word) => atomic_add(1, word),
    atomic_add_return: (word) => atomic_add_return(1, word),
    atomic_add_return_relaxed: (word) => atomic_add_return_relaxed(1, word),
    atomic_add_return_acquire: (word) => atomic_add_return_acquire(1, word),
    atomic_add_return_release: (word) => atomic_add_return_release(1, word),
  };
  const model: Model<MemoryWord> = {
    name: 'kernel words',
    setup(world) {
      const word = new MemoryWord('word');
      world.task(
        0,
        'task',
        (function* () {
          for (const use of Object.values(words)) yield* use(word);
        })(),
      );
      return word;
    },
    outcome: ({ value }) => value,
  };
  return (['sc', 'tso', 'arm64'] as const)
    .map((memory) => check(model, { memory }).outcomes?.map(({ outcome }) => outcome))
    .join(', ');
}

/** A model that store buffers cannot be explored with. */
export function mixedIsRefused(): boolean {
  const model: Model<void> = {
    name: 'mixed',
    setup(world) {
      const [buffered, atOnce] = [new MemoryWord('buffered'), new SharedWord('at once')];
      world.task(
        0,
        'task',
        (function* () {
          yield buffered.write;
          buffered.store(1);
          yield atOnce.write;
        })(),
      );
    },
  };
  try {
    check(model, { memory: 'tso' });
    return false;
  } catch (error) {
    return error instanceof MixedStoresError;
  }
}

/** What the sanitizer says of code that tells nothing, and how a finding of it reads. */
export function sanitizerText(): string {
  const access: UnannouncedAccess = {
    kind: 'write',
    file: 'race.ts',
    line: 7,
    func: 'up',
    lane: 'CPU 0',
    context: 'task',
    step: 'read word',
    announces: ['read word'],
  };
  const finding: Unannounced = {
    location: 'Counter.n',
    first: access,
    second: access,
    advice: 'announce it',
  };
  const [title] = unannouncedText(finding).split('\n');
  try {
    const { unannounced = [] } = check(race(true), { sanitize: true });
    return `${title}, ${unannounced.length}`;
  } catch (error) {
    return `${title}, ${error instanceof NotInstrumentedError ? 'not instrumented' : String(error)}`;
  }
}

/** A race as `irqlab explore` has it in its table, and its interleaving gone through row by row. */
export function walkedText(): string {
  const model = (): Model<unknown> => race(false) as Model<unknown>;
  const expected: RaceVerdict = 'found';
  const strategy: Strategy = { kind: 'dpor' };
  const own: Race = {
    id: 'counter',
    source: 'this file',
    property: 'both are counted',
    variants: [{ name: 'unlocked', summary: '', expected, memory: 'sc', strategy, model }],
  };
  const rows: readonly PlannedRow[] = own.variants.flatMap((variant) => planOf(own, variant));
  const report = check(rows[0].variant.model());
  const walked: Walk = walk(model(), traceFileOf(report, report.violations[0]));
  const last: WalkRow | undefined = walked.rows.at(-1);
  const differences = differencesOf(report, rows[0].variant, expected);
  return (
    `${walked.start.join()} … ${last?.state.join()}, ${differences.length} differences, ${coverageText(report)}, ` +
    effortText(report).replace(/.*\n/, '')
  );
}

/** Two contexts that count, told apart by states; and what no search by states can look into. */
export function byStates(): string {
  const plain: (word: MemoryWord) => PlainParts = (word) => ({ shared: word });
  const model: Model<MemoryWord> = {
    name: 'rounds',
    setup(world) {
      const word = new MemoryWord('word');
      for (const cpu of [0, 1])
        world.task(
          cpu,
          `P${cpu}`,
          (function* (): Procedure<void> {
            for (let round = 0; round < 3; round++) {
              checkpoint(round);
              yield word.read;
              const value = word.load();
              yield word.write;
              word.store(value + 1);
            }
          })(),
        );
      return word;
    },
    fingerprint: plain,
  };
  const strategy: Strategy = { kind: 'states' };
  const { verdict, complete } = check(model, { strategy });
  try {
    check({ name: 'unseen', setup: (world) => () => world }, { strategy });
    return 'a function was looked into';
  } catch (error) {
    return `${verdict} ${complete} ${error instanceof UnseenStateError}`;
  }
}
