import { z } from 'zod';
import { reportSchema, whatIsWrong } from '../explore/report-file.js';
import { unitResultSchema, unitSchema } from '../explore/unit-schema.js';

/** Longer executions are none that a worker keeps room for. */
const MOST_STEPS = 1_000_000;

const strategy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dfs') }),
  z.strictObject({ kind: z.literal('dpor') }),
  z.strictObject({ kind: z.literal('bounded'), preemptions: z.int().min(0) }),
]);

const unitJob = z.strictObject({
  fingerprint: z.strictObject({ build: z.string(), options: z.string() }),
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
export type UnitJob = z.infer<typeof unitJob>;

/** @throws TypeError saying what is wrong with it. */
export function parseUnitJob(data: unknown): UnitJob {
  return parsed(unitJob, data, 'unit of a search');
}

/** @throws TypeError saying what is wrong with it. */
export function parseUnitResult(value: unknown): z.infer<typeof unitResultSchema> {
  return parsed(unitResultSchema, value, 'result of a unit');
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new TypeError(`what the queue has is no ${what}: ${whatIsWrong(result.error)}`);
}
