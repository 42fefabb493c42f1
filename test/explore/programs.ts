import fc from 'fast-check';
import { Completion, sleep } from '../../src/machine/completion.js';
import { Lock } from '../../src/machine/lock.js';
import { Machine } from '../../src/machine/machine.js';
import { MemoryWord, memoryBarrier } from '../../src/machine/memory.js';
import type { Procedure } from '../../src/machine/step.js';
import { Workqueue } from '../../src/machine/workqueue.js';
import type { CpuControl, Interrupt, Model, SoftInterrupt } from '../../src/explore/model.js';

/** One operation of a random program. Numbers choose among the words, locks and interrupts there are. */
export type Op =
  | { readonly op: 'read' | 'write' | 'add' | 'spin'; readonly word: number }
  | { readonly op: 'locked'; readonly lock: number; readonly word: number }
  | { readonly op: 'barrier' | 'raise' | 'schedule' | 'complete' | 'wait' | 'masked' | 'bhMasked' | 'fail' }
  | { readonly op: 'queue' | 'reinit' | 'isDone' | 'isPending' }
  | { readonly op: 'sleep' | 'waitTimeout'; readonly ns: number };

export interface Program {
  readonly lane: number | string;
  readonly virtual: boolean;
  readonly ops: readonly Op[];
}

export interface Programs {
  readonly tasks: readonly Program[];
  /** What the interrupt of CPU 0 and its tasklet do. */
  readonly interrupt: readonly Op[];
  readonly tasklet: readonly Op[];
  /** What a work does that tasks queue, on CPU 0. */
  readonly work: readonly Op[];
  readonly preemptible: boolean;
}

interface State {
  readonly results: string[];
  readonly words: MemoryWord[];
  /** All else that contexts share. */
  readonly others: unknown;
}

/** A model in which each program notes what it has read. */
export function programsModel(programs: Programs): Model<State> {
  return {
    name: 'random programs',
    setup(world): State {
      world.preemptible = programs.preemptible;
      const words = [new MemoryWord('x'), new MemoryWord('y')];
      const locks = [new Lock('a'), new Lock('b')];
      const completion = new Completion('done');
      const results: string[] = [];
      let interrupt: Interrupt | undefined;
      let queue: Workqueue | undefined;
      let tasklet: SoftInterrupt | undefined;

      function* run(name: string, ops: readonly Op[], cpu: CpuControl | undefined): Procedure<void> {
        let seen = '';
        for (const op of ops) {
          seen += yield* one(op, cpu);
          const at = results.findIndex((result) => result.startsWith(`${name}:`));
          if (at >= 0) results.splice(at, 1);
          results.push(`${name}:${seen}`);
          results.sort();
        }
      }

      function* one(op: Op, cpu: CpuControl | undefined): Procedure<string> {
        switch (op.op) {
          case 'read':
            yield words[op.word].read;
            return String(words[op.word].load());
          case 'write':
            yield words[op.word].write;
            words[op.word].store(words[op.word].load() < 0 ? 0 : op.word + 1);
            return '';
          case 'add':
            yield words[op.word].update;
            return `+${words[op.word].add(10)}`;
          case 'spin':
            yield words[op.word].readUntil((value) => value !== 0);
            return 's';
          case 'locked': {
            const word = words[op.word];
            yield* locks[op.lock].lock();
            yield word.read;
            const value = word.load();
            yield word.write;
            word.store(value + 1);
            yield* locks[op.lock].unlock();
            return `l${value}`;
          }
          case 'barrier':
            yield memoryBarrier;
            return '';
          case 'raise':
            yield words[0].update;
            interrupt?.raise();
            return '';
          case 'schedule':
            yield words[1].read;
            tasklet?.schedule();
            return '';
          case 'complete':
            yield words[1].read;
            completion.complete();
            return '';
          case 'queue':
            yield words[0].read;
            queue?.queue(() => run('W', programs.work, world.cpu(0)), 0);
            return '';
          case 'reinit':
            yield words[0].read;
            completion.reinit();
            return '';
          case 'isDone':
            yield words[1].read;
            return completion.isDone ? 'd' : 'n';
          case 'isPending':
            yield words[1].read;
            return interrupt?.isPending === true ? 'p' : 'q';
          case 'wait':
            yield* completion.wait();
            return 'w';
          case 'waitTimeout':
            return (yield* completion.waitTimeout(op.ns)) ? 'w' : 't';
          case 'sleep':
            yield* sleep(op.ns);
            return '';
          case 'masked':
          case 'bhMasked': {
            const off = op.op === 'masked';
            yield words[0].read;
            if (off) cpu?.localIrqDisable();
            else cpu?.localBhDisable();
            const before = words[0].load();
            yield words[1].read;
            const value = words[1].load();
            if (off) cpu?.localIrqEnable();
            else cpu?.localBhEnable();
            return `m${before}${value}`;
          }
          case 'fail': {
            yield words[0].read;
            if (words[0].load() !== 0) throw new Error('x is set');
            return '';
          }
        }
      }

      if (programs.work.length > 0) {
        const machine = new Machine({ present: 2 });
        world.attach(machine);
        queue = new Workqueue(machine, 'queue');
      }
      programs.tasks.forEach(({ lane, ops, virtual }, i) => {
        const cpu = typeof lane === 'number' ? world.cpu(lane) : undefined;
        world.task(lane, `T${i}`, run(`T${i}`, ops, cpu), { time: virtual ? 'virtual' : 'free' });
      });
      if (programs.interrupt.length > 0) {
        interrupt = world.interrupt(0, 'irq', () => run('I', programs.interrupt, undefined));
      }
      if (programs.tasklet.length > 0) {
        tasklet = world.tasklet(0, 'tasklet', () => run('S', programs.tasklet, undefined));
      }
      return { results, words, others: [interrupt, tasklet, queue] };
    },
    fingerprint: ({ results, others }) => ({ shared: [results, others] }),
    outcome: ({ results, words }) => `${results.join(' ')} ${words.map(({ value }) => value).join(',')}`,
  };
}

const word = fc.nat(1);
const atomicOp: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constantFrom('read' as const, 'write' as const, 'add' as const), word }),
  fc.record({ op: fc.constant('locked' as const), lock: fc.nat(1), word }),
  fc.record({
    op: fc.constantFrom('schedule' as const, 'complete' as const, 'barrier' as const, 'raise' as const),
  }),
  fc.record({ op: fc.constantFrom('reinit' as const, 'isDone' as const, 'isPending' as const) }),
);
const taskOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: atomicOp },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'wait' as const,
        'masked' as const,
        'bhMasked' as const,
        'fail' as const,
        'queue' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('spin' as const), word }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constantFrom('sleep' as const, 'waitTimeout' as const),
      ns: fc.constantFrom(10, 20),
    }),
  },
);

const task: fc.Arbitrary<Program> = fc.record({
  lane: fc.constantFrom<number | string>(0, 0, 1, 'host'),
  virtual: fc.boolean(),
  ops: fc.array(taskOp, { minLength: 1, maxLength: 3 }),
});

/** Small random programs for two CPUs and a host. */
export const arbitraryPrograms: fc.Arbitrary<Programs> = fc.record({
  tasks: fc.array(task, { minLength: 2, maxLength: 3 }),
  interrupt: fc.array(
    atomicOp.filter(({ op }) => op !== 'raise'),
    { maxLength: 2 },
  ),
  tasklet: fc.array(
    atomicOp.filter(({ op }) => op !== 'schedule' && op !== 'raise'),
    { maxLength: 2 },
  ),
  work: fc.array(
    taskOp.filter(({ op }) => op !== 'queue'),
    { maxLength: 2 },
  ),
  preemptible: fc.boolean(),
});
