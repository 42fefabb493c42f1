import { z } from 'zod';
import { axisNames } from '../../compare/axes.js';
import type { Compared } from '../../compare/comparison.js';
import type { Point, PointResult } from '../../compare/point.js';
import type { UnitResult } from '../../explore/frontier.js';
import { reportSchema, whatIsWrong } from '../explore/report-file.js';
import { unitResultSchema, unitSchema } from '../explore/unit-schema.js';

/** Longer executions are none that a worker keeps room for. */
const MOST_STEPS = 1_000_000;

const strategy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dfs') }),
  z.strictObject({ kind: z.literal('dpor') }),
  z.strictObject({ kind: z.literal('bounded'), preemptions: z.int().min(0) }),
]);

const envelope = z.strictObject({ owner: z.uuid(), build: z.string(), task: z.unknown() });

/** A job in the queue: whose it is, which code is to do it, and what. */
export type Envelope = z.infer<typeof envelope>;

const unitTask = z.strictObject({
  /** The search's options in words, which must be the same to who does it. */
  options: z.string(),
  search: z.strictObject({
    race: z.string(),
    variant: z.string(),
    memory: reportSchema.shape.memory,
    strategy,
    maxSteps: z.int().min(1).max(MOST_STEPS).optional(),
  }),
  unit: unitSchema,
  steps: z.int().min(1),
});

/** What a unit is in the queue. No code: races are looked up by their names. */
export type UnitTask = z.infer<typeof unitTask>;

const pointTask = z.strictObject({
  text: z.string(),
  name: z.string(),
  axis: z.enum(axisNames),
  choice: z.string(),
});

const count = z.int().min(0);
const ns = z.number().min(0);

const counts = <const Name extends string>(...names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, count])) as Record<Name, typeof count>;

/** In the order of what compareOne makes, which is that of the report. */
const row = z
  .strictObject({
    choice: z.string(),
    isOwn: z.boolean(),
    ...counts('signalled', 'events', 'interrupts', 'inStat', 'doubleCounts', 'missingCounts', 'dropped'),
    ...counts('lost', 'signals', 'needlessSignals'),
    latency: z.strictObject({ count, p50: ns, p99: ns, p999: ns, max: ns }).optional(),
    ...counts('references', 'gracePeriods'),
    kvm: z
      .strictObject({
        ...counts('wants', 'served', 'unserved', 'interrupts', 'asserts', 'reassigned', 'unnotified'),
        ...counts('orphaned', 'sourceIds'),
      })
      .optional(),
    runNs: ns,
    stepsNs: ns,
    failedSteps: z.array(z.string()),
    problem: z.string().optional(),
  })
  .transform(
    (sent): Compared => ({
      ...sent,
      latency: sent.latency,
      kvm: sent.kvm,
      problem: sent.problem,
      eventNs: undefined,
    }),
  );

const pointResult = z.union([
  z.strictObject({ row }),
  z.strictObject({ refused: z.string(), hint: z.string().optional() }),
]);

/** @throws TypeError saying what is wrong with it. */
export function parseEnvelope(data: unknown): Envelope {
  return parsed(envelope, data, 'job');
}

/** @throws TypeError saying what is wrong with it. */
export function parseUnitTask(task: unknown): UnitTask {
  return parsed(unitTask, task, 'unit of a search');
}

/** @throws TypeError saying what is wrong with it. */
export function parseUnitResult(value: unknown): UnitResult {
  return parsed(unitResultSchema, value, 'result of a unit');
}

/** @throws TypeError saying what is wrong with it. */
export function parsePointTask(task: unknown): Point {
  return parsed(pointTask, task, 'choice of a comparison');
}

/** @throws TypeError saying what is wrong with it. */
export function parsePointResult(value: unknown): PointResult {
  return parsed(pointResult, value, 'row of a comparison');
}

/** @throws TypeError that says what of `value` is not as the schema has it. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new TypeError(`what the queue has is no ${what}: ${whatIsWrong(result.error)}`);
}
