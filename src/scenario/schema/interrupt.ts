import { z } from 'zod';
import type { Checks } from '../checks/checks.js';
import { type InterruptOptions, interruptFlows } from '../options/interrupts.js';
import { bool, cpu, cpuCounts, cpuList, hwirq, irq, nonEmpty } from './notations.js';
import { handlerKeys, handlerOptions } from './line-request.js';
import { int, keysIn, mapping, whenMapping, word } from './shapes.js';

const interruptKeys = mapping(
  'an interrupt, e.g. {irq: 8, chip: IO-APIC, hwirq: 8, flow: edge, name: rtc0}',
  {
    irq: irq.describe('Linux IRQ number'),
    chip: nonEmpty.describe('Name of the chip'),
    chipPrinted: bool.optional().describe('The chip writes its name itself, without padding'),
    hwirq: hwirq
      .nullable()
      .optional()
      .describe("The chip's own number; default: the Linux number; null: in no irqdomain"),
    flow: word(interruptFlows).describe('Flow handler'),
    flowName: nonEmpty
      .nullable()
      .optional()
      .describe('What the flow handler is called; default: flow on x86, nothing on arm64; null: nothing'),
    trigger: word(['edge', 'level']).optional().describe('Default: edge for the edge flow, else level'),
    name: z
      .string({ error: 'a text' })
      .optional()
      .describe('Name of the action; default: nobody has requested the interrupt'),
    ...handlerKeys,
    affinity: cpuList.optional().describe('CPUs that it may go to; default: all'),
    cpu: cpu.optional().describe('The one of these CPUs that it goes to; default: what the kernel chooses'),
    managed: bool
      .optional()
      .describe(
        'The kernel alone decides where it goes, within affinity, and shuts it down with these CPUs; default: by its name',
      ),
    node: int(0, 1023)
      .optional()
      .describe('NUMA node of its descriptor; default: none, but for managed interrupts'),
    counts: cpuCounts.optional().describe('Counts from the start; default 0'),
  },
);

/** What is the driver's, by the names of a file and of the library's options. */
const driverKeys = ['flags', 'answers', 'thread', 'cost', 'threadCost', 'costNs', 'threadCostNs'] as const;

/** A line outside VMBus with its devices and their drivers. */
export const interrupt = interruptKeys
  .superRefine((value, context) => {
    const needsName = keysIn(value, driverKeys);
    if (value.name === undefined && needsName.length > 0) {
      const message = `"${needsName[0]}" is of the driver, and without "name" there is none`;
      context.addIssue({ code: 'custom', message, path: [needsName[0]] });
    }
    if (value.flow === 'percpu' && needsName.length > 0) {
      const message = `a per-CPU line's handler is the platform's, without "${needsName[0]}"`;
      context.addIssue({ code: 'custom', message, path: [needsName[0]] });
    }
    const placed = whyNotPlaced(value);
    if (value.cpu !== undefined && placed !== undefined)
      context.addIssue({ code: 'custom', message: placed, path: ['cpu'] });
    if (value.managed === true && value.affinity === undefined) {
      const message = 'a managed interrupt needs "affinity": the CPUs that it is for';
      context.addIssue({ code: 'custom', message, path: ['managed'] });
    }
  }, whenMapping)
  .transform(({ flags, answers, thread, cost, threadCost, ...line }): InterruptOptions => {
    return { ...line, ...handlerOptions({ flags, answers, thread, cost, threadCost }) };
  })
  .meta({
    dependencies: {
      ...Object.fromEntries(Object.keys(handlerKeys).map((key) => [key, ['name']])),
      managed: ['affinity'],
    },
  });

/** Why nobody can say which CPU an interrupt goes to; undefined: somebody can. */
function whyNotPlaced(line: { name?: string; flow: string; managed?: boolean }): string | undefined {
  if (line.name === undefined) return 'without "name" nobody has requested it, and it goes nowhere';
  if (line.flow === 'percpu') return "a per-CPU line is each CPU's own";
  return line.managed === true ? 'the kernel alone decides where a managed interrupt goes' : undefined;
}

/** Checks the interrupts; what is wrong in itself is undefined. */
export function checkInterrupts(
  interrupts: readonly (InterruptOptions | undefined)[],
  { report, cpus, lines }: Checks,
): void {
  const seen = new Set<number>();
  interrupts.forEach((item, i) => {
    if (item === undefined) return;
    const at = ['interrupts', i];
    if (seen.has(item.irq)) report([...at, 'irq'], `there is an interrupt ${item.irq} already`);
    seen.add(item.irq);
    lines.plug(item);
    cpus.checkList(item.affinity, [...at, 'affinity']);
    cpus.check(item.cpu, [...at, 'cpu']);
    cpus.checkCounts(item.counts, [...at, 'counts']);
  });
}
