import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard } from '../../src/explore/explore.js';
import type { Strategy } from '../../src/explore/options.js';
import { mergeReports } from '../../src/explore/report/merge.js';
import type { Report } from '../../src/explore/report/report.js';
import {
  actions,
  BOOT,
  calls,
  flows,
  type KernelCall,
  type KernelContext,
  kernelModel,
  type KernelProgram,
  relidMaps,
} from './kernel-program.js';
import { partsOf } from '../support/long.js';

/** Programs that are compared; CI: KERNEL_PROGRAMS=1000 npm test -- test/explore/kernel-programs */
const numRuns = Number(process.env.KERNEL_PROGRAMS ?? 4);
/** Others: KERNEL_SEED=2 npm test -- … */
const seed = Number(process.env.KERNEL_SEED ?? 1);
/** A program that plain search does not finish within so many executions is drawn again. */
const MAX_EXECUTIONS = 1000;
/** Orders that a random program has at most. */
const MOST_ORDERS = process.env.KERNEL_PROGRAMS === undefined ? 300 : MAX_EXECUTIONS;

const cli = new URL('../../dist/cli/cli.js', import.meta.url).pathname;
const raceFile = new URL('kernel-program.ts', import.meta.url).pathname;
const names = Object.keys(calls);

/** VMBus's calls, and the host's for a channel; all others are about the line. */
function isOfChannel(name: string): boolean {
  return name === 'signal' || name.startsWith('vmbus_');
}

/** What the calls of a program are about: those of one thing meet more often. */
const themes: readonly ((name: string) => boolean)[] = [
  (name) => !isOfChannel(name),
  (name) => !isOfChannel(name),
  isOfChannel,
  () => true,
];

/** Lists of some lengths: the short ones are there more often, for what is long is drawn again most of the time. */
function listsOf<T>(item: fc.Arbitrary<T>, lengths: readonly number[]): fc.Arbitrary<T[]> {
  return fc
    .constantFrom(...lengths)
    .chain((length) => fc.array(item, { minLength: length, maxLength: length }));
}

function arbitraryContext(usable: readonly string[]): fc.Arbitrary<KernelContext> {
  const some = (from: 'cpu' | 'host'): fc.Arbitrary<KernelCall[]> => {
    const call = fc.constantFrom(...usable.filter((name) => calls[name].from === from));
    return listsOf(fc.record({ call, arg: fc.nat(1) }), [1, 1, 2, 3]);
  };
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ lane: fc.nat(1), calls: some('cpu') }) },
    { weight: 1, arbitrary: fc.record({ lane: fc.constant('host' as const), calls: some('host') }) },
  );
}

const arbitraryProgram: fc.Arbitrary<KernelProgram> = fc
  .tuple(fc.constantFrom(...flows), fc.constantFrom(...themes))
  .chain(([flow, isOfTheme]) => {
    const usable = names.filter((name) => isOfTheme(name) && (calls[name].flow ?? flow) === flow);
    return fc.record({
      flow: fc.constant(flow),
      action: fc.constantFrom(...actions),
      retriggers: fc.boolean(),
      relidMap: fc.constantFrom(...relidMaps),
      contexts: listsOf(arbitraryContext(usable), [2, 2, 3, 4]),
    });
  });

/**
 * About how many orders there are of the steps that one execution of a program makes, once it has booted. Interrupts come
 * after what the host does.
 */
function interleavings(drawn: KernelProgram): number {
  const model = { ...kernelModel(drawn), finally: { 'nothing, for its trace': () => false } };
  const report = exploreShard(model, {
    strategy: { kind: 'random', executions: 1, seed: 1 },
    minimiseExecutions: 0,
  });
  const { steps: all, lanes } = report.violations[0].trace;
  const program = all.slice(all.findLastIndex(({ context }) => context === BOOT) + 1);
  const stepsOf = new Map<string, number>();
  let orders = 1;
  for (const [at, { context, lane }] of program.entries()) {
    const isOfHost = lanes[lane] === 'host' || context === 'vmbus_isr' || context === 'device';
    const chain = isOfHost ? 'host' : context;
    const steps = (stepsOf.get(chain) ?? 0) + 1;
    stepsOf.set(chain, steps);
    orders *= (at + 1) / steps;
  }
  return orders;
}

interface Seen {
  readonly outcomes: (string | number)[];
  readonly violations: string[];
}

/** What came out, violations included. */
function seen({ outcomes = [], violations }: Report): Seen {
  return {
    outcomes: outcomes.map(({ outcome }) => outcome),
    violations: [...new Set(violations.map(({ message }) => message))].sort(),
  };
}

function explored(program: KernelProgram, strategy: Strategy, shard = { index: 0, count: 1 }): Report {
  const options = { strategy, stopAtFirst: false, maxExecutions: MAX_EXECUTIONS };
  return exploreShard(kernelModel(program), { ...options, ...(shard.count > 1 && { shard }) });
}

function inParts(program: KernelProgram, strategy: Strategy, count: number): Report {
  return mergeReports(
    Array.from({ length: count }, (_, index) => explored(program, strategy, { index, count })),
  );
}

interface Pair {
  readonly flow: KernelProgram['flow'];
  readonly action: KernelProgram['action'];
  readonly relidMap: KernelProgram['relidMap'];
  readonly cpus: readonly [number, number];
}

/** Each two calls that can come beside each other. */
function pairsOf({ flow, action, relidMap, cpus }: Pair): KernelProgram[] {
  const usable = names.filter((name) => (calls[name].flow ?? flow) === flow);
  const context = (call: string, cpu: number): KernelContext => ({
    lane: calls[call].from === 'host' ? 'host' : cpu,
    calls: [{ call, arg: cpu }],
  });
  return usable.flatMap((first, at) =>
    usable.slice(at).map((second) => ({
      ...{ flow, action, retriggers: false, relidMap },
      contexts: [context(first, cpus[0]), context(second, cpus[1])],
    })),
  );
}

/** VMBus has a part in the program: it is too long for plain search. */
function hasVmbus({ contexts }: KernelProgram): boolean {
  return contexts.some(({ calls: list }) => list.some(({ call }) => isOfChannel(call)));
}

const isCi = process.env.KERNEL_PROGRAMS !== undefined;
const triedPairs = (pair: Pair): KernelProgram[] => pairsOf(pair).filter((_, at) => isCi || at % 12 === 0);

describe('each call beside each other', () => {
  const kinds = flows.flatMap((flow) => actions.map((action) => ({ flow, action })));
  const tried = isCi ? kinds : [{ flow: 'fasteoi', action: 'oneshot' } as const];

  test.each(tried)(
    'of the interrupt layer: plain search and reduction say the same: $flow, $action',
    (line) => {
      for (const program of triedPairs({ ...line, relidMap: 'array', cpus: [0, 1] })) {
        if (hasVmbus(program)) continue;
        const plain = explored(program, { kind: 'dfs' });
        if (!plain.complete) continue;
        const reduced = explored(program, { kind: 'dpor' });
        expect({ program, ...seen(reduced) }).toEqual({ program, ...seen(plain) });
      }
    },
    600_000,
  );

  const places = relidMaps.flatMap((relidMap) =>
    (
      [
        [0, 1],
        [1, 0],
        [0, 0],
        [1, 1],
      ] as const
    ).map((cpus) => ({ relidMap, cpus })),
  );
  const triedPlaces = isCi ? places : places.slice(0, 1);

  test.each(triedPlaces)(
    'of VMBus: reduction has all that two preemptions can do: $relidMap, CPUs $cpus',
    (place) => {
      for (const program of triedPairs({ flow: 'simple', action: 'oneshot', ...place })) {
        if (!hasVmbus(program)) continue;
        const reduced = explored(program, { kind: 'dpor' });
        if (!reduced.complete) continue;
        const { outcomes, violations } = seen(reduced);
        const some = seen(explored(program, { kind: 'bounded', preemptions: 2 }));
        expect({ program, outcomes }).toMatchObject({
          outcomes: expect.arrayContaining(some.outcomes) as unknown,
        });
        expect({ program, violations }).toMatchObject({
          violations: expect.arrayContaining(some.violations) as unknown,
        });
      }
    },
    600_000,
  );
});

/** True if plain search is likely to come to an end. */
function isShort(program: KernelProgram): boolean {
  return interleavings(program) <= MOST_ORDERS;
}

describe('random kernel programs', () => {
  test.each(partsOf(numRuns, 2, seed))(
    'every search says the same of $numRuns of seed $seed',
    (part) => {
      fc.assert(
        fc.property(arbitraryProgram, (program) => {
          fc.pre(isShort(program));
          const plain = explored(program, { kind: 'dfs' });
          fc.pre(plain.complete);
          const expected = seen(plain);
          expect(seen(explored(program, { kind: 'dpor' }))).toEqual(expected);
          expect(seen(inParts(program, { kind: 'dpor' }, 3))).toEqual(expected);
          expect(seen(inParts(program, { kind: 'dfs' }, 2))).toEqual(expected);
          expect(seen(explored(program, { kind: 'states' }))).toEqual(expected);
          expect(seen(explored(program, { kind: 'bounded', preemptions: 30 }))).toEqual(expected);
        }),
        { ...part, maxSkipsPerRun: 1000 },
      );
    },
    3_600_000,
  );

  test('call all that there is, and come out in several ways', () => {
    const called = new Set<string>();
    const some: KernelProgram[] = [];
    for (const program of fc.sample(arbitraryProgram, { numRuns: 400, seed })) {
      if (called.size === names.length && some.length >= 10) break;
      const calls = program.contexts.flatMap(({ calls: list }) => list.map(({ call }) => call));
      const hasMore = some.length < 10 || calls.some((call) => !called.has(call));
      if (!hasMore || !isShort(program)) continue;
      for (const call of calls) called.add(call);
      if (some.length < 10) some.push(program);
    }
    expect([...called].sort()).toEqual([...names].sort());
    const several = some.filter((program) => (explored(program, { kind: 'dpor' }).outcomes?.length ?? 0) > 1);
    expect([some.length, several.length > 1]).toEqual([10, true]);
  });

  // Threads run the build, which need not be that of the sources here unless CI has just made it.
  const inCi = isCi ? test : test.skip;

  inCi(
    'threads say the same of them, too',
    () => {
      const workers = Math.min(2, availableParallelism());
      const programs = fc
        .sample(arbitraryProgram, { numRuns: 300, seed })
        .filter(isShort)
        .map((program) => ({ program, plain: explored(program, { kind: 'dfs' }) }))
        .filter(
          ({ plain }) => plain.complete && plain.verdict === 'none' && (plain.outcomes?.length ?? 0) > 1,
        )
        .slice(0, 4);
      expect(programs).toHaveLength(4);
      for (const { program, plain } of programs) {
        for (const strategy of ['dfs', 'dpor']) {
          const options = ['--strategy', strategy, '--workers', String(workers), '--json'];
          const { stdout, stderr } = spawnSync(
            process.execPath,
            [cli, 'explore', raceFile, 'asked', ...options],
            {
              env: { ...process.env, KERNEL_PROGRAM: JSON.stringify(program) },
              encoding: 'utf8',
            },
          );
          expect(stderr).toBe('');
          expect(seen(JSON.parse(stdout) as Report)).toEqual(seen(plain));
        }
      }
    },
    600_000,
  );
});
