import * as z from 'zod';

/** One line of a trace as JSONL (src/trace/json-lines.ts). */
export const traceRecordSchema = z.strictObject({
  ns: z.int().min(0).describe('Since the kernel was started, in ns'),
  cpu: z.int().min(0).describe('The CPU in whose buffer the event is'),
  comm: z.string().describe('Name of the task, or <idle>; Hyper-V and scenario are outside the guest'),
  pid: z.int().min(0),
  context: z.enum(['task', 'softirq', 'hardirq', 'nmi']).describe('The innermost of what ran'),
  irqsOff: z.boolean(),
  preemptDepth: z.int().min(0),
  event: z
    .string()
    .regex(/^\w+:\w+$/)
    .describe('Group and name, as in set_event'),
  fields: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
    .describe("As in the event's format file; functions by name"),
  text: z.string().describe('As `trace` shows the fields'),
});

/** The text of schema/trace-record.schema.json. */
export function traceRecordSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(traceRecordSchema), undefined, 2)}\n`;
}
