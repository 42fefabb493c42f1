import { describe, expect, test } from '@jest/globals';
import { check, exploreShard } from '../../src/explore/explore.js';
import { violationText } from '../../src/explore/report/lane-table.js';
import type { MemoryModel } from '../../src/explore/model.js';
import { replay } from '../../src/explore/replay.js';
import { formatTraceFile, parseTraceFile, traceFileOf } from '../../src/explore/report/trace-file.js';
import { races } from '../../src/races/index.js';
import type { RaceVariant } from '../../src/races/race.js';
import { differencesOf } from '../../src/races/verdict.js';
import { isLong } from '../support/long.js';

/** Everything with larger bounds, too: RACES_ALL=1. */
const all = process.env.RACES_ALL === '1';

const variants = races.flatMap(({ id, variants }) =>
  variants.map((variant) => [`${id}/${variant.name}`, variant] as const),
);

/**
 * Searches of thousands of executions. Of those that find nothing `npm test` does the beginning, those that find
 * something are whole in the long form only.
 */
const large: ReadonlySet<string> = new Set([
  'rescind-reuse/rfc',
  'rescind-reuse/rfc-late-interrupt',
  'level-irqfd/shared-id-unregister-outside',
  'level-irqfd/shared-id-lock-dropped',
  'level-irqfd/shared-id-under-lock',
  'level-irqfd/shared-id-under-irq-lock',
  'level-irqfd/own-source-id',
  'software-resend/nested-parent',
  'software-resend/bitmap',
]);

function otherMemory({ memory }: RaceVariant): MemoryModel {
  return memory === 'sc' ? 'tso' : 'sc';
}

describe.each(variants)('%s', (name, variant) => {
  const { memory, strategy, expected, expectedOther, expectedArm64, message, minimiseExecutions } = variant;
  const isWhole = isLong || !large.has(name);

  (isWhole ? test : test.skip)(`is ${expected} with ${memory}`, () => {
    const report = check(variant.model(), { memory, strategy, minimiseExecutions });
    expect(differencesOf(report, variant, expected)).toEqual([]);
    expect(report.model).toBe(name);
    if (report.verdict === 'none') return;
    const [violation] = report.violations;
    const file = formatTraceFile(traceFileOf(report, violation));
    const again = replay(variant.model(), parseTraceFile(file));
    expect(again.divergence).toBeUndefined();
    expect(again.violation && violationText(again.violation)).toBe(violationText(violation));
    expect(formatTraceFile(traceFileOf(report, again.violation ?? violation))).toBe(file);
  });

  if (!isWhole && expected === 'none') {
    test(`is none with ${memory}, as far as the first executions show`, () => {
      const report = exploreShard(variant.model(), { memory, strategy, maxExecutions: 1000 });
      expect(report).toMatchObject({ executions: 1000, violations: [] });
    });
  }

  if (expectedOther !== undefined) {
    test(`is ${expectedOther} with ${otherMemory(variant)}`, () => {
      const report = exploreShard(variant.model(), { memory: otherMemory(variant), strategy });
      expect(differencesOf(report, { strategy }, expectedOther)).toEqual([]);
    });
  }

  if (expectedArm64 !== undefined) {
    test(`is ${expectedArm64} with arm64`, () => {
      const report = check(variant.model(), { memory: 'arm64', strategy });
      expect(differencesOf(report, { strategy, message }, expectedArm64)).toEqual([]);
      for (const violation of report.violations) {
        const again = replay(variant.model(), traceFileOf(report, violation));
        expect(again.violation && violationText(again.violation)).toBe(violationText(violation));
      }
    });
  }

  if (expected === 'found') return;

  // Reduction sees only accesses that steps name; a search without it would find what that misses.
  test('is none without reduction, too, up to a bound', () => {
    const report = exploreShard(variant.model(), {
      memory,
      strategy: { kind: 'bounded', preemptions: all ? 2 : 1 },
      maxExecutions: all ? 1_000_000 : isLong ? 1_000 : 200,
    });
    expect(report.violations).toEqual([]);
  });
});

// The table has it up to one preemption: the whole takes minutes of CPU.
(all ? test : test.skip)('rescind-reuse/rfc-other-driver is none without a bound, too', () => {
  const variant = new Map(variants).get('rescind-reuse/rfc-other-driver');
  if (variant === undefined) throw new Error('there is no rescind-reuse/rfc-other-driver');
  const strategy = { kind: 'dpor' } as const;
  const report = check(variant.model(), { memory: variant.memory, strategy });
  expect(differencesOf(report, { ...variant, strategy }, 'none')).toEqual([]);
});

test('what is large is a variant', () => {
  const names = new Set<string>(variants.map(([name]) => name));
  expect([...large].filter((name) => !names.has(name))).toEqual([]);
});

test('each variant has a model of its own name', () => {
  const names = variants.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const [name, variant] of variants) expect(variant.model().name).toBe(name);
});

test('a fixed sleep loses an event from 20 ms on', () => {
  const [race] = races.filter(({ id }) => id === 'modchan-offline');
  expect(race.findings?.()).toEqual([
    "fixed-sleep: an event is lost from a host's latency of 20 ms on (to 1 us, virtual time)",
  ]);
});

(all ? describe : describe.skip)('with a larger bound', () => {
  const bounded = variants.filter(([, { strategy }]) => strategy.kind === 'bounded');

  test.each(bounded)(
    '%s',
    (_name, variant) => {
      const report = exploreShard(variant.model(), {
        memory: variant.memory,
        strategy: { kind: 'bounded', preemptions: 2 },
        maxExecutions: 500_000,
      });
      expect(report.verdict).toBe(variant.expected);
    },
    600_000,
  );
});
