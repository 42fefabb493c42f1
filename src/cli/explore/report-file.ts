import { z } from 'zod';
import { memoryModels } from '../../explore/model.js';
import type { Report } from '../../explore/report/report.js';

const step = z.object({
  lane: z.number(),
  pid: z.number(),
  context: z.string(),
  action: z.string(),
  value: z.number().optional(),
  label: z.string().optional(),
  flush: z.enum(['at once', 'delayed']).optional(),
  buffered: z.boolean().optional(),
  early: z.boolean().optional(),
  decisive: z.boolean().optional(),
});

const violation = z.object({
  kind: z.enum(['always', 'finally', 'deadlock', 'error']),
  property: z.string(),
  message: z.string(),
  trace: z.object({ lanes: z.array(z.string()), steps: z.array(step) }),
  minimal: z.boolean(),
});

const unannouncedAccess = z.object({
  kind: z.enum(['read', 'write']),
  file: z.string(),
  line: z.number(),
  func: z.string(),
  lane: z.string(),
  context: z.string(),
  step: z.string(),
  announces: z.array(z.string()),
});

const unannounced = z.object({
  location: z.string(),
  first: unannouncedAccess,
  second: unannouncedAccess,
  advice: z.string(),
  isUnseen: z.boolean().optional(),
});

export const reportSchema = z.object({
  model: z.string(),
  memory: z.enum(memoryModels),
  strategy: z.string(),
  verdict: z.enum(['found', 'none']),
  complete: z.boolean(),
  limits: z.array(z.string()),
  executions: z.number(),
  redundant: z.number(),
  states: z.number().optional(),
  cut: z.number(),
  steps: z.number(),
  depth: z.number(),
  seconds: z.number().optional(),
  outcomes: z.array(z.object({ outcome: z.union([z.string(), z.number()]), count: z.number() })).optional(),
  buffered: z.array(z.string()).optional(),
  unannounced: z.array(unannounced).optional(),
  witnesses: z.array(z.object({ name: z.string(), reached: z.boolean() })),
  violations: z.array(violation),
  fingerprint: z.object({ build: z.string(), options: z.string() }).optional(),
});

const savedReport = reportSchema.extend({ raceFile: z.string().optional() });

/** A report as it is saved. */
export interface SavedReport extends Report {
  /** The file of a race of the user's own, from where the report lies. */
  readonly raceFile?: string;
}

/**
 * Reads a report that --save-report wrote.
 *
 * @throws TypeError saying what is wrong with it.
 */
export function parseReport(text: string, file: string): SavedReport {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new TypeError(`${file} is no JSON`);
  }
  const parsed = savedReport.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new TypeError(`${file} is no report of irqlab explore: ${whatIsWrong(parsed.error)}`);
}

/** The first thing that zod finds wrong, in words. */
export function whatIsWrong({ issues: [{ path, message }] }: z.ZodError): string {
  const what = message
    .replace(/^Invalid input: /, '')
    .replace(/, received undefined$/, ', and it is missing');
  return `${path.join('.') || 'it'}: ${what}`;
}
