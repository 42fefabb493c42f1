import { z } from 'zod';
import type { Checks } from '../checks/checks.js';
import { type InterruptOptions, interruptFlows } from '../options/interrupts.js';
import { bool, cpuCounts, cpuList, hwirq, irq, nonEmpty } from './notations.js';
import { mapping, word } from './shapes.js';

export const interrupt = mapping(
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
    affinity: cpuList.optional().describe('CPUs that it may go to; default: all'),
    counts: cpuCounts.optional().describe('Counts from the start; default 0'),
  },
);

/** Checks the interrupts; what is wrong in itself is undefined. */
export function checkInterrupts(
  interrupts: readonly (InterruptOptions | undefined)[],
  { report, cpus }: Checks,
): void {
  const seen = new Set<number>();
  interrupts.forEach((item, i) => {
    if (item === undefined) return;
    const at = ['interrupts', i];
    if (seen.has(item.irq)) report([...at, 'irq'], `there is an interrupt ${item.irq} already`);
    seen.add(item.irq);
    cpus.checkList(item.affinity, [...at, 'affinity']);
    cpus.checkCounts(item.counts, [...at, 'counts']);
  });
}
