import { z } from 'zod';
import { reportSchema } from './report-file.js';

/** Contexts as bits. */
export const contexts = z.int32();
export const pid = z.int().min(0).max(31);
const count = z.int().min(0);

const state = z.strictObject({
  chosen: pid,
  enabled: contexts,
  todo: contexts,
  done: contexts,
  sleep: contexts,
  wakeful: contexts,
  yielding: contexts,
  nowNs: z.number().min(0),
});

/** The longest path that is taken from outside. */
const MOST_STATES = 100_000;

export const pathSchema = z.array(state).max(MOST_STATES).readonly();

export const unitSchema = z
  .strictObject({ states: pathSchema, floor: count, unseen: contexts })
  .refine(({ states, floor }) => floor <= states.length, 'the floor is behind the path');

export const unitResultSchema = z.strictObject({
  report: reportSchema,
  wanted: z.array(z.strictObject({ at: count, first: contexts, add: contexts })).max(MOST_STATES),
  rest: unitSchema.optional(),
  stopped: z.string().optional(),
});
