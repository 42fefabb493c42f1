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

/** Programs that are compared; CI: KERNEL_PROGRAMS=1000 npm test -- test/explore/kernel-programs */
const numRuns = Number(process.env.KERNEL_PROGRAMS ?? 40);
/** Others: KERNEL_SEED=2 npm test -- … */
const seed = Number(process.env.KERNEL_SEED ?? 1);
/** A program that plain search does not finish within so many executions is drawn again. */
const MAX_EXECUTIONS = 1000;

const cli = new URL('../../dist/cli/cli.js', import.meta.url).pathname;
const raceFile = new URL('kernel-program.ts', import.meta.url).pathname;
const names = Object.keys(calls);

function callsOf(from: 'cpu' | 'host', flow: KernelProgram['flow']): string[] {
  return names.filter((name) => calls[name].from === from && (calls[name].flow ?? flow) === flow);
}

/** Lists of some lengths: the short ones are there more often, for what is long is drawn again most of the time. */
function listsOf<T>(item: fc.Arbitrary<T>, lengths: readonly number[]): fc.Arbitrary<T[]> {
  return fc
    .constantFrom(...lengths)
    .chain((length) => fc.array(item, { minLength: length, maxLength: length }));
}

function arbitraryContext(flow: KernelProgram['flow']): fc.Arbitrary<KernelContext> {
  const some = (from: 'cpu' | 'host'): fc.Arbitrary<KernelCall[]> =>
    listsOf(fc.record({ call: fc.constantFrom(...callsOf(from, flow)), arg: fc.nat(1) }), [1, 1, 2, 3]);
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ lane: fc.nat(1), calls: some('cpu') }) },
    { weight: 1, arbitrary: fc.record({ lane: fc.constant('host' as const), calls: some('host') }) },
  );
}

const arbitraryProgram: fc.Arbitrary<KernelProgram> = fc.constantFrom(...flows).chain((flow) =>
  fc.record({
    flow: fc.constant(flow),
    action: fc.constantFrom(...actions),
    retriggers: fc.boolean(),
    relidMap: fc.constantFrom(...relidMaps),
    contexts: listsOf(arbitraryContext(flow), [2, 2, 3, 4]),
  }),
);

/** About how many orders there are of the steps that one execution of a program makes, once it has booted. */
function interleavings(drawn: KernelProgram): number {
  const model = { ...kernelModel(drawn), finally: { 'nothing, for its trace': () => false } };
  const report = exploreShard(model, { strategy: { kind: 'random', executions: 1, seed: 1 } });
  const stepsOf = new Map<number, number>();
  let orders = 1;
  const { steps: all } = report.violations[0].trace;
  const program = all.slice(all.findLastIndex(({ context }) => context === BOOT) + 1);
  for (const [at, { pid }] of program.entries()) {
    const steps = (stepsOf.get(pid) ?? 0) + 1;
    stepsOf.set(pid, steps);
    orders *= (at + 1) / steps;
  }
  return orders;
}

/** What came out, violations included. */
function seen({ outcomes = [], violations }: Report): Readonly<Record<'outcomes' | 'violations', unknown>> {
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

/** Each two calls that can come beside each other, but for those of VMBus, which are too long. */
function pairsOf(flow: KernelProgram['flow'], action: KernelProgram['action']): KernelProgram[] {
  const usable = [...callsOf('cpu', flow), 'device'].filter((name) => !name.startsWith('vmbus_'));
  const context = (call: string, cpu: number): KernelContext => ({
    lane: calls[call].from === 'host' ? 'host' : cpu,
    calls: [{ call, arg: 0 }],
  });
  return usable.flatMap((first, at) =>
    usable.slice(at).map((second) => ({
      ...{ flow, action, retriggers: false, relidMap: 'array' as const },
      contexts: [context(first, 0), context(second, 1)],
    })),
  );
}

describe('each call of the interrupt layer beside each other', () => {
  const some = process.env.KERNEL_PROGRAMS === undefined;
  const kinds = flows.flatMap((flow) => actions.map((action) => ({ flow, action })));
  const tried = some ? [{ flow: 'fasteoi', action: 'oneshot' } as const] : kinds;

  test.each(tried)(
    'reduction leaves nothing out: $flow, $action',
    ({ flow, action }) => {
      const pairs = pairsOf(flow, action);
      for (const program of pairs) {
        const plain = explored(program, { kind: 'dfs' });
        if (!plain.complete) continue;
        const [{ calls: first }, { calls: second }] = program.contexts;
        const reduced = seen(explored(program, { kind: 'dpor' }));
        expect({ first, second, ...reduced }).toEqual({ first, second, ...seen(plain) });
      }
    },
    600_000,
  );
});

describe('random kernel programs', () => {
  test('every search says the same of them', () => {
    const called = new Set<string>();
    let withSeveralOutcomes = 0;
    fc.assert(
      fc.property(arbitraryProgram, (program) => {
        fc.pre(interleavings(program) <= MAX_EXECUTIONS);
        const plain = explored(program, { kind: 'dfs' });
        fc.pre(plain.complete);
        for (const { calls: list } of program.contexts) for (const { call } of list) called.add(call);
        if ((plain.outcomes?.length ?? 0) > 1) withSeveralOutcomes += 1;
        const expected = seen(plain);
        expect(seen(explored(program, { kind: 'dpor' }))).toEqual(expected);
        expect(seen(inParts(program, { kind: 'dpor' }, 3))).toEqual(expected);
        expect(seen(inParts(program, { kind: 'dfs' }, 2))).toEqual(expected);
        expect(seen(explored(program, { kind: 'bounded', preemptions: 30 }))).toEqual(expected);
      }),
      { numRuns, seed, maxSkipsPerRun: 1000 },
    );
    expect(withSeveralOutcomes).toBeGreaterThan(numRuns / 10);
    if (numRuns >= 1000) expect([...called].sort()).toEqual([...names].sort());
  }, 3_600_000);

  // Threads run the build, which need not be that of the sources here unless CI has just made it.
  const inCi = process.env.KERNEL_PROGRAMS === undefined ? test.skip : test;

  inCi(
    'threads say the same of them, too',
    () => {
      const workers = Math.min(2, availableParallelism());
      const programs = fc
        .sample(arbitraryProgram, { numRuns: 300, seed })
        .filter((program) => interleavings(program) <= MAX_EXECUTIONS)
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
