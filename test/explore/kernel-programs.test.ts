import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard } from '../../src/explore/explore.js';
import type { Strategy } from '../../src/explore/options.js';
import { mergeReports } from '../../src/explore/report/merge.js';
import type { Report } from '../../src/explore/report/report.js';
import {
  actions,
  calls,
  flows,
  type KernelCall,
  type KernelContext,
  kernelModel,
  type KernelProgram,
  relidMaps,
} from './kernel-program.js';

/** Programs that are compared; CI: KERNEL_PROGRAMS=1000 npm test -- test/explore/kernel-programs */
const numRuns = Number(process.env.KERNEL_PROGRAMS ?? 60);
/** Others: KERNEL_SEED=2 npm test -- … */
const seed = Number(process.env.KERNEL_SEED ?? 1);
/** A program that plain search does not finish within so many executions is drawn again. */
const MAX_EXECUTIONS = 1500;

const names = Object.keys(calls);

function callsOf(from: 'cpu' | 'host', flow: KernelProgram['flow']): string[] {
  return names.filter((name) => calls[name].from === from && (calls[name].flow ?? flow) === flow);
}

function arbitraryContext(flow: KernelProgram['flow']): fc.Arbitrary<KernelContext> {
  const some = (from: 'cpu' | 'host'): fc.Arbitrary<KernelCall[]> =>
    fc.array(fc.record({ call: fc.constantFrom(...callsOf(from, flow)), arg: fc.nat(1) }), {
      minLength: 1,
      maxLength: 3,
    });
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
    contexts: fc.array(arbitraryContext(flow), { minLength: 2, maxLength: 4 }),
  }),
);

/** What came out, violations included. */
function seen({ outcomes = [], violations }: Report): unknown {
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
  return mergeReports(Array.from({ length: count }, (_, index) => explored(program, strategy, { index, count })));
}

describe('random kernel programs', () => {
  test('every search says the same of them', () => {
    const called = new Set<string>();
    let withViolations = 0;
    let mostOutcomes = 0;
    fc.assert(
      fc.property(arbitraryProgram, (program) => {
        const reduced = explored(program, { kind: 'dpor' });
        fc.pre(reduced.complete);
        const plain = explored(program, { kind: 'dfs' });
        fc.pre(plain.complete);
        for (const { calls: list } of program.contexts) for (const { call } of list) called.add(call);
        if (plain.violations.length > 0) withViolations += 1;
        mostOutcomes = Math.max(mostOutcomes, plain.outcomes?.length ?? 0);
        const expected = seen(plain);
        expect(seen(reduced)).toEqual(expected);
        expect(seen(inParts(program, { kind: 'dpor' }, 3))).toEqual(expected);
        expect(seen(inParts(program, { kind: 'dfs' }, 2))).toEqual(expected);
        expect(seen(explored(program, { kind: 'bounded', preemptions: 30 }))).toEqual(expected);
      }),
      { numRuns, seed, maxSkipsPerRun: 1000 },
    );
    console.log(called.size, names.length, withViolations, mostOutcomes);
  }, 3_600_000);
});
