import type { Op, Programs } from './programs.js';

// A second, independent reading of what can happen when: it enumerates the states of a random program one by one, and
// shares no code with src. Only the language of the programs is common. A state is plain data; its text is its identity.

type Lane = 'CPU 0' | 'CPU 1' | 'host';
type Kind = 'task' | 'hardirq' | 'softirq';

interface Context {
  readonly name: string;
  readonly kind: Kind;
  readonly lane: Lane;
  readonly virtual: boolean;
  readonly ops: readonly Op[];
  /** The operation and the phase of it that comes next; at -1 an interrupt or tasklet that has yet to begin. */
  op: number;
  phase: number;
  /** It has something to do; what that is, `op` and `phase` say. */
  active: boolean;
  raised: boolean;
  due: boolean;
  deadline: number;
  register: number;
  seen: string;
}

interface LaneState {
  stores: [string, number][];
  hardirq: number;
  softirq: number;
  current: number;
  owner: number;
  irqsOff: number;
  bhOff: number;
  softirqDue: boolean;
  mustDrain: boolean;
}

interface State {
  /** Words x and y, locks a and b, and how often `done` has been completed. */
  memory: Record<string, number>;
  lanes: Record<Lane, LaneState>;
  contexts: Context[];
  results: Record<string, string>;
  errors: string[];
  works: number;
  queueRuns: boolean;
  now: number;
}

type StepKind = 'read' | 'write' | 'update' | 'acquire' | 'release' | 'wait' | 'sleep' | 'barrier';

/** A step, and what is done in one go with it. */
interface Phase {
  readonly kind: StepKind;
  readonly ns?: number;
  readonly blocks?: (machine: Run, context: Context) => boolean;
  readonly act?: (machine: Run, context: Context) => void;
  /** What the context notes of it, behind `act`. */
  readonly see?: (machine: Run, context: Context) => string;
}

const wordNames = ['x', 'y'];
const lockNames = ['a', 'b'];

/** All results of all executions of a program. */
export interface Enumerated {
  readonly outcomes: readonly string[];
  /** "deadlock", or the message of an error. */
  readonly violations: readonly string[];
  readonly states: number;
}

/** @returns undefined if the program has more than `maxStates` states. */
export function enumerate(
  programs: Programs,
  memory: 'sc' | 'tso',
  maxStates: number,
): Enumerated | undefined {
  const outcomes = new Set<string>();
  const violations = new Set<string>();
  const seen = new Set<string>();
  const left: string[] = [JSON.stringify(start(programs))];
  for (let text = left.pop(); text !== undefined; text = left.pop()) {
    if (seen.has(text)) continue;
    seen.add(text);
    if (seen.size > maxStates) return undefined;
    const successors = new Run(JSON.parse(text) as State, programs, memory).successors(text);
    if (successors.length > 0) left.push(...successors);
    else conclude(JSON.parse(text) as State, outcomes, violations);
  }
  return { outcomes: [...outcomes].sort(), violations: [...violations].sort(), states: seen.size };
}

function conclude(
  { contexts, errors, results, memory }: State,
  outcomes: Set<string>,
  violations: Set<string>,
): void {
  for (const error of errors) violations.add(error);
  const isStuck = contexts.some(({ active }) => active);
  if (isStuck) violations.add('deadlock');
  if (isStuck || errors.length > 0) return;
  const texts = Object.entries(results).map(([name, text]) => `${name}:${text}`);
  outcomes.add(`${texts.sort().join(' ')} ${memory.x},${memory.y}`);
}

function laneState(): LaneState {
  return {
    stores: [],
    hardirq: -1,
    softirq: -1,
    current: -1,
    owner: -1,
    irqsOff: 0,
    bhOff: 0,
    softirqDue: false,
    mustDrain: false,
  };
}

function newContext(name: string, kind: Kind, lane: Lane, ops: readonly Op[], virtual = false): Context {
  const isTask = kind === 'task';
  const op = isTask ? 0 : -1;
  return {
    ...{ name, kind, lane, virtual, ops, op, phase: 0, active: isTask, raised: false, due: false },
    ...{ deadline: -1, register: 0, seen: '' },
  };
}

function start(programs: Programs): State {
  const contexts = programs.tasks.map(({ lane, virtual, ops }, i) => {
    const place: Lane = lane === 0 ? 'CPU 0' : lane === 1 ? 'CPU 1' : 'host';
    const context = newContext(`T${i}`, 'task', place, ops, virtual);
    if (virtual) context.deadline = phasesOf(ops[0])[0].ns ?? -1;
    return context;
  });
  if (programs.interrupt.length > 0) contexts.push(newContext('I', 'hardirq', 'CPU 0', programs.interrupt));
  if (programs.tasklet.length > 0) contexts.push(newContext('S', 'softirq', 'CPU 0', programs.tasklet));
  return {
    memory: { x: 0, y: 0, a: 0, b: 0, done: 0 },
    lanes: { 'CPU 0': laneState(), 'CPU 1': laneState(), host: laneState() },
    ...{ contexts, results: {}, errors: [], works: 0, queueRuns: false, now: 0 },
  };
}

/** One state, and the steps from it. */
class Run {
  constructor(
    private s: State,
    private readonly programs: Programs,
    private readonly model: 'sc' | 'tso',
  ) {}

  /** The states that one step leads to; time passes if there is none otherwise. */
  successors(text: string): string[] {
    const found = this.stepsFrom(text);
    if (found.length > 0) return found;
    for (;;) {
      const { contexts, now } = this.s;
      const deadlines = contexts.filter(({ active, deadline }) => active && deadline > now);
      if (deadlines.length === 0) return [];
      this.s.now = Math.min(...deadlines.map(({ deadline }) => deadline));
      const later = this.stepsFrom(JSON.stringify(this.s));
      if (later.length > 0) return later;
    }
  }

  private stepsFrom(text: string): string[] {
    const found: string[] = [];
    const take = (step: () => void): void => {
      step();
      found.push(JSON.stringify(this.s));
      this.s = JSON.parse(text) as State;
    };
    for (const lane of Object.keys(this.s.lanes) as Lane[]) {
      if (this.s.lanes[lane].stores.length > 0) take(() => this.commit(lane));
    }
    for (let i = 0; i < this.s.contexts.length; i++) if (this.canMove(i)) take(() => this.perform(i));
    return found;
  }

  private lane({ lane }: Context): LaneState {
    return this.s.lanes[lane];
  }

  private isRunning({ op }: Context): boolean {
    return op >= 0;
  }

  private phase({ ops, op, phase }: Context): Phase {
    return op < 0 ? { kind: 'acquire' } : phasesOf(ops[op])[phase];
  }

  private canMove(i: number): boolean {
    const context = this.s.contexts[i];
    if (!context.active) return false;
    if (context.lane !== 'host' && !this.hasCpu(i)) return false;
    const phase = this.phase(context);
    if (this.lane(context).stores.length > 0 && this.waitsForStores(i, phase)) return false;
    if (phase.ns !== undefined) {
      if (!context.virtual || context.deadline <= this.s.now) return true;
      if (phase.kind === 'sleep') return false;
    }
    return phase.blocks?.(this, context) !== true;
  }

  private hasCpu(i: number): boolean {
    const context = this.s.contexts[i];
    const lane = this.lane(context);
    const noTasklets = lane.irqsOff > 0 || lane.bhOff > 0;
    if (context.kind === 'hardirq')
      return this.isRunning(context) || (lane.hardirq < 0 && lane.irqsOff === 0);
    if (lane.hardirq >= 0) return false;
    if (context.kind === 'softirq') return this.isRunning(context) || (lane.softirq < 0 && !noTasklets);
    if (lane.softirq >= 0 || (lane.owner >= 0 && lane.owner !== i)) return false;
    if (lane.softirqDue && !noTasklets) return false;
    if (lane.current < 0 || lane.current === i) return true;
    if (lane.irqsOff > 0) return false;
    const other = this.s.contexts[lane.current];
    return (
      this.programs.preemptible ||
      !other.active ||
      ['wait', 'sleep', 'acquire'].includes(this.phase(other).kind)
    );
  }

  /** What x86 does only with an empty store buffer: locked instructions, fences, entry and return, switches of tasks. */
  private waitsForStores(i: number, { kind }: Phase): boolean {
    const context = this.s.contexts[i];
    const lane = this.lane(context);
    if (lane.mustDrain || !this.isRunning(context)) return true;
    if (kind !== 'read' && kind !== 'write' && kind !== 'release') return true;
    return context.lane !== 'host' && context.kind === 'task' && lane.current >= 0 && lane.current !== i;
  }

  private commit(name: Lane): void {
    const lane = this.s.lanes[name];
    const [[word, value]] = lane.stores.splice(0, 1);
    this.s.memory[word] = value;
    if (lane.stores.length === 0) lane.mustDrain = false;
  }

  private perform(i: number): void {
    const context = this.s.contexts[i];
    const lane = this.lane(context);
    context.deadline = -1;
    if (!this.isRunning(context)) {
      Object.assign(context, { raised: false, due: false, op: 0, phase: 0, seen: '' });
      if (context.kind === 'hardirq') lane.hardirq = i;
      else lane.softirq = i;
      return;
    }
    if (context.kind === 'task') lane.current = i;
    try {
      this.act(context, i);
    } catch (error) {
      this.s.errors = [...new Set([...this.s.errors, (error as Error).message])].sort();
      this.end(context);
    }
  }

  private act(context: Context, i: number): void {
    const { act, see } = this.phase(context);
    act?.(this, context);
    context.seen += see?.(this, context) ?? '';
    context.phase += 1;
    if (context.phase === phasesOf(context.ops[context.op]).length) {
      this.s.results[context.name] = context.seen;
      context.op += 1;
      context.phase = 0;
      context.register = 0;
    }
    if (context.op === context.ops.length) this.end(context);
    else this.pause(this.s.contexts[i]);
  }

  private pause(context: Context): void {
    const { ns } = this.phase(context);
    if (ns !== undefined && context.virtual) context.deadline = this.s.now + ns;
  }

  private end(context: Context): void {
    const lane = this.lane(context);
    if (context.name === 'W' && this.s.works > 0 && context.op === context.ops.length) {
      this.s.works -= 1;
      Object.assign(context, { op: 0, phase: 0, seen: '' });
      return;
    }
    if (context.name === 'W' && context.op === context.ops.length) this.s.queueRuns = false;
    context.active = context.raised;
    if (context.kind === 'task') {
      Object.assign(context, { phase: 0, register: 0, seen: '' });
      return;
    }
    context.op = -1;
    context.phase = 0;
    if (context.kind === 'hardirq') {
      lane.hardirq = -1;
      lane.mustDrain = lane.stores.length > 0;
    } else {
      lane.softirq = -1;
      lane.softirqDue = this.s.contexts.some(({ lane, due }) => lane === context.lane && due);
    }
  }

  load(context: Context, word: string): number {
    const own = this.lane(context).stores.findLast(([name]) => name === word);
    return own === undefined ? this.s.memory[word] : own[1];
  }

  store(context: Context, word: string, value: number): void {
    if (this.model === 'tso') this.lane(context).stores.push([word, value]);
    else this.s.memory[word] = value;
  }

  /** A locked instruction. */
  drain(context: Context): void {
    while (this.lane(context).stores.length > 0) this.commit(context.lane);
  }

  inMemory(word: string): number {
    return this.s.memory[word];
  }

  setMemory(word: string, value: number): void {
    this.s.memory[word] = value;
  }

  /** Raises the interrupt or schedules the tasklet, if there is one. */
  raise(by: Context, kind: Kind): void {
    const target = this.s.contexts.find((context) => context.kind === kind);
    if (target === undefined) return;
    this.drain(by);
    if (target.raised) return;
    target.raised = true;
    if (!this.isRunning(target)) target.active = true;
    const lane = this.lane(target);
    const isSoon = lane.hardirq >= 0 || lane.softirq >= 0 || lane.bhOff > 0;
    if (kind === 'softirq' && isSoon && by.lane === target.lane) {
      target.due = true;
      lane.softirqDue = true;
    }
  }

  isPending(): boolean {
    return this.s.contexts.some(({ kind, raised }) => kind === 'hardirq' && raised);
  }

  queue(by: Context): void {
    if (this.programs.work.length === 0) return;
    this.drain(by);
    if (this.s.queueRuns) {
      this.s.works += 1;
      return;
    }
    this.s.queueRuns = true;
    this.s.contexts.push(newContext('W', 'task', 'CPU 0', this.programs.work));
  }

  /** Switches interrupts or tasklets of the context's CPU off (1) or on again (-1). */
  mask(context: Context, which: 'irqsOff' | 'bhOff', by: 1 | -1): void {
    if (context.lane === 'host') return;
    const lane = this.lane(context);
    lane[which] += by;
    if (by === 1) lane.owner = this.s.contexts.indexOf(context);
    else if (lane.irqsOff === 0 && lane.bhOff === 0) lane.owner = -1;
  }
}

const phases = new Map<Op, readonly Phase[]>();

/** The steps of an operation. */
function phasesOf(op: Op): readonly Phase[] {
  const known = phases.get(op);
  if (known !== undefined) return known;
  const made = makePhases(op);
  phases.set(op, made);
  return made;
}

function makePhases(op: Op): readonly Phase[] {
  switch (op.op) {
    case 'read':
      return [{ kind: 'read', see: (m, c) => String(m.load(c, wordNames[op.word])) }];
    case 'write':
      return [{ kind: 'write', act: (m, c) => m.store(c, wordNames[op.word], op.word + 1) }];
    case 'add':
      return [
        {
          kind: 'update',
          see: (m) => {
            m.setMemory(wordNames[op.word], m.inMemory(wordNames[op.word]) + 10);
            return `+${m.inMemory(wordNames[op.word])}`;
          },
        },
      ];
    case 'spin':
      return [{ kind: 'read', blocks: (m, c) => m.load(c, wordNames[op.word]) === 0, see: () => 's' }];
    case 'locked':
      return lockedPhases(lockNames[op.lock], wordNames[op.word]);
    case 'barrier':
      return [{ kind: 'barrier' }];
    case 'raise':
      return [{ kind: 'update', act: (m, c) => m.raise(c, 'hardirq') }];
    case 'schedule':
      return [{ kind: 'read', act: (m, c) => m.raise(c, 'softirq') }];
    case 'queue':
      return [{ kind: 'read', act: (m, c) => m.queue(c) }];
    case 'masked':
      return maskedPhases('irqsOff');
    case 'bhMasked':
      return maskedPhases('bhOff');
    case 'sleep':
      return [{ kind: 'sleep', ns: op.ns }];
    case 'isPending':
      return [{ kind: 'read', see: (m) => (m.isPending() ? 'p' : 'q') }];
    case 'fail':
      return [
        {
          kind: 'read',
          see: (m, c) => {
            if (m.load(c, 'x') !== 0) throw new Error('x is set');
            return '';
          },
        },
      ];
    default:
      return completionPhases(op);
  }
}

function lockedPhases(lock: string, word: string): readonly Phase[] {
  return [
    { kind: 'acquire', blocks: (m) => m.inMemory(lock) === 1, act: (m) => m.setMemory(lock, 1) },
    {
      kind: 'read',
      see: (m, c) => {
        c.register = m.load(c, word);
        return '';
      },
    },
    { kind: 'write', act: (m, c) => m.store(c, word, c.register + 1) },
    {
      kind: 'release',
      see: (m, c) => {
        m.store(c, lock, 0);
        return `l${c.register}`;
      },
    },
  ];
}

function maskedPhases(which: 'irqsOff' | 'bhOff'): readonly Phase[] {
  return [
    {
      kind: 'read',
      see: (m, c) => {
        m.mask(c, which, 1);
        c.register = m.load(c, 'x');
        return '';
      },
    },
    {
      kind: 'read',
      see: (m, c) => {
        const value = m.load(c, 'y');
        m.mask(c, which, -1);
        return `m${c.register}${value}`;
      },
    },
  ];
}

function completionPhases(op: Op): readonly Phase[] {
  const blocks = (m: Run): boolean => m.inMemory('done') === 0;
  const take = (m: Run): void => m.setMemory('done', m.inMemory('done') - 1);
  switch (op.op) {
    case 'complete':
      return [
        {
          kind: 'read',
          see: (m, c) => {
            m.drain(c);
            m.setMemory('done', m.inMemory('done') + 1);
            return '';
          },
        },
      ];
    case 'reinit':
      return [{ kind: 'read', act: (m, c) => m.store(c, 'done', 0) }];
    case 'isDone':
      return [
        {
          kind: 'read',
          see: (m, c) => {
            if (m.load(c, 'done') === 0) return 'n';
            m.drain(c);
            return 'd';
          },
        },
      ];
    case 'wait':
      return [{ kind: 'wait', blocks, act: take, see: () => 'w' }];
    case 'waitTimeout':
      return [
        {
          kind: 'wait',
          ns: op.ns,
          blocks,
          see: (m) => {
            if (m.inMemory('done') === 0) return 't';
            take(m);
            return 'w';
          },
        },
      ];
    default:
      throw new Error(`no phases for ${op.op}`);
  }
}
